from backend.prompt_sources.adopt import Adopt
from backend.values import Group, Verdict
from tests.groups import by_person, prompt, sample

GROUP = Group(
    prompt(answer="4"),
    (
        sample(1, " What is 2 + 3? ", verdict=Verdict.accept),
        sample(2, "rejected", verdict=Verdict.reject),
        sample(3, "nothing was said of it"),
        by_person(4, Verdict.accept, "A person's own"),
        sample(5, " \u200b ", verdict=Verdict.accept),
    ),
)


def test_accepted_texts_become_new_prompts_that_are_asked_at_once():
    reply = Adopt().ask([GROUP], [], limit=1, seed=0)
    assert [group.prompt.messages for group in reply] == [
        [{"role": "user", "content": "What is 2 + 3?"}],
        [{"role": "user", "content": "A person's own"}],
    ]
    # No row yet, no known answer; the text is what the question came of.
    assert {(group.prompt.id, group.prompt.answer) for group in reply} == {(0, None)}
    assert [group.parent.id for group in reply] == [1, 4]
    assert not Adopt().knows_answers


def test_people_decide_before_texts_are_adopted():
    assert Adopt().reads_labels
    assert Adopt().has_parents


def test_no_more_are_adopted_than_asked_for():
    assert [group.parent.id for group in Adopt(most=1).ask([GROUP], [], limit=9, seed=0)] == [1]
    assert (Adopt().groups_at_most(3, 12, 3), Adopt(most=5).groups_at_most(3, 12, 3)) == (12, 5)
