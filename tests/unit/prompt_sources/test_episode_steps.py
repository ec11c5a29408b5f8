from backend.prompt_sources.episode_steps import EpisodeSteps
from backend.values import Group, Verdict
from tests.groups import prompt, sample

TURNS = (
    {"role": "user", "content": "tools"},
    {"role": "assistant", "content": "Action: search[a]"},
    {"role": "user", "content": "Observation: b"},
    {"role": "assistant", "content": "Answer: b"},
)
GOOD = sample(1, "Answer: b", verdict=Verdict.accept, turns=TURNS)
BAD = sample(2, "Answer: c", verdict=Verdict.reject, turns=TURNS)


def asked(*samples, **knobs) -> list[Group]:
    return EpisodeSteps(**knobs).ask([Group(prompt("what?"), samples)], [], limit=1, seed=0)


def test_each_step_asks_what_stood_before_it():
    first, second = asked(GOOD, BAD)
    assert first.prompt.messages == [{"role": "user", "content": "what?\n\ntools"}]
    assert second.prompt.messages == [
        {"role": "user", "content": "what?\n\ntools"},
        {"role": "assistant", "content": "Action: search[a]"},
        {"role": "user", "content": "Observation: b"},
    ]
    assert [(group.parent, group.trained, group.id) for group in (first, second)] == [(GOOD, None, 0)] * 2


def test_all_or_the_first_steps_may_be_taken():
    assert [group.parent for group in asked(GOOD, BAD, take="all")] == [GOOD, GOOD, BAD, BAD]
    assert len(asked(GOOD, most=1)) == 1


def test_a_sample_without_turns_is_an_episode_of_one_step():
    (group,) = asked(sample(3, "5", verdict=Verdict.accept))
    assert group.prompt.messages == prompt("what?").messages


def test_nothing_is_known_of_a_step():
    part = EpisodeSteps()
    assert (part.knows_answers, part.has_parents, part.reads_labels) == (False, True, True)
    assert not EpisodeSteps(take="all").reads_labels
