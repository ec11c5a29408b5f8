import pytest
from pydantic import ValidationError

from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.inverse_prompts import InversePrompts
from backend.values import Group, Prompt, Verdict
from tests.groups import prompt, sample

TEXTS = [prompt("Rain falls.", id=1, answer="(S rain)"), prompt("Snow falls.", id=2), prompt(" ", id=3)]


def ask(part: InversePrompts, *groups: Group, pool: list[Prompt] = TEXTS, limit: int = 9) -> list[Group]:
    return part.ask(groups, pool, limit=limit, seed=1)


def question_text(group: Group) -> str:
    return group.prompt.messages[0]["content"]


def test_each_text_is_asked_about_and_is_what_the_input_is_to_lead_to():
    groups = ask(InversePrompts(template="Which request? {text}", shuffle=False))
    assert [(question_text(group), group.prompt.answer, group.prompt.id, group.parent) for group in groups] == [
        ("Which request? Rain falls.", "Rain falls.", 1, None),
        ("Which request? Snow falls.", "Snow falls.", 2, None),
    ]
    part = InversePrompts()
    assert (part.makes_answers, part.has_targets, part.knows_answers, part.asks_for_prompts) == (
        True,
        True,
        False,
        True,
    )


def test_the_known_answers_may_be_the_texts():
    (group,) = ask(InversePrompts(about="answer", template="{text} of {prompt}"))
    assert (question_text(group), group.prompt.answer) == ("(S rain) of Rain falls.", "(S rain)")
    assert InversePrompts(about="answer").takes_answers


def test_a_rejected_answer_gets_the_question_that_it_does_answer():
    texts = (sample(1, "five", verdict=Verdict.reject), sample(2, "four", verdict=Verdict.accept), sample(3, " "))
    group = Group(prompt("2 + 2?", answer="4"), texts)
    part = InversePrompts(about="rejected", template="{text}")
    (result,) = ask(part, group, pool=[group.prompt])
    assert (question_text(result), result.prompt.answer, result.parent.id) == ("five", "five", 1)
    assert (part.reads_labels, part.has_parents, part.asks_about_rejected) == (True, True, True)
    assert [entry.parent.id for entry in ask(InversePrompts(about="each"), group, pool=[group.prompt])] == [1, 2]
    assert (part.groups_at_most(2, 8, 2), InversePrompts().groups_at_most(2, 0, 2)) == (8, 2)


def test_the_limit_and_the_seed_choose_texts():
    pool = [prompt(f"text {n}", id=n) for n in range(1, 9)]
    ids = [group.prompt.id for group in ask(InversePrompts(), pool=pool, limit=3)]
    assert ids == [group.prompt.id for group in ask(InversePrompts(), pool=pool)][:3]
    assert ids != [1, 2, 3]


def test_an_input_becomes_a_prompt_whose_known_answer_is_the_text():
    (asked, _) = ask(InversePrompts(shuffle=False))
    group = Group(asked.prompt, (sample(1, " What falls? ", verdict=Verdict.accept), sample(2, "no")))
    part = Adopt(keep_answer=True, template="Answer: {response}")
    (result,) = part.ask([group], [], limit=9, seed=0)
    assert (question_text(result), result.prompt.answer, result.prompt.id) == ("Answer: What falls?", "Rain falls.", 0)
    assert result.prompt.metadata == {"synthetic": "prompt"}
    assert (part.knows_answers, part.makes_answers, part.needs_targets) == (True, True, True)


@pytest.mark.parametrize(("part", "knobs"), [(InversePrompts, {"template": "x"}), (Adopt, {"template": "x"})])
def test_a_template_without_the_text_is_refused(part, knobs):
    with pytest.raises(ValidationError, match="Put it in"):
        part(**knobs)
