from dataclasses import replace

import pytest

from backend.prompt_sources.evolve_prompts import TEMPLATES, EvolvePrompts
from backend.values import Group, Verdict
from tests.groups import prompt, sample

POOL = [prompt(f"task {n}", id=n, answer="4") for n in range(1, 6)]


def group(id: int, *verdicts: Verdict | None) -> Group:
    return Group(
        prompt(f"task {id}", id=id), tuple(sample(n, verdict=verdict) for n, verdict in enumerate(verdicts, 1))
    )


@pytest.mark.parametrize("direction", TEMPLATES)
def test_a_variant_of_each_prompt_is_asked_for_and_leads_back_to_it(direction: str) -> None:
    reply = EvolvePrompts(direction=direction).ask([], POOL, limit=3, seed=0)
    assert len(reply) == 3
    for entry in reply:
        (message,) = entry.prompt.messages
        assert f"Task: task {entry.prompt.id}\n" in message["content"]
        assert (entry.prompt.answer, entry.parent) == (None, None)
    assert reply == EvolvePrompts(direction=direction).ask([], POOL, limit=3, seed=0)
    assert len({TEMPLATES[name] for name in TEMPLATES}) == 4


def test_failed_ones_are_the_prompts_without_any_accepted_sample():
    groups = [
        group(1, Verdict.reject),
        group(2, Verdict.accept, Verdict.reject),
        group(3, None),
        group(1, Verdict.reject),
    ]
    source = EvolvePrompts(about="failed")
    assert [entry.prompt.id for entry in source.ask(groups, POOL, limit=1, seed=0)] == [1, 3]
    solved = [*groups, group(1, Verdict.accept)]
    assert [entry.prompt.id for entry in source.ask(solved, POOL, limit=1, seed=0)] == [3]
    assert (source.reads_groups, source.reads_labels) == (True, True)


def test_each_takes_every_prompt_of_the_groups_once():
    groups = [group(2), group(1), group(2)]
    assert [entry.prompt.id for entry in EvolvePrompts(about="each").ask(groups, POOL, limit=1, seed=0)] == [2, 1]


def test_a_template_of_ones_own_has_to_hold_the_prompt():
    (result,) = EvolvePrompts(template="Twist: {prompt}").ask([], POOL[:1], limit=1, seed=0)
    assert result.prompt.messages[0]["content"] == "Twist: task 1"
    assert replace(result.prompt, messages=[]) == replace(POOL[0], messages=[], answer=None)
    with pytest.raises(ValueError, match=r"does not hold \{prompt\}"):
        EvolvePrompts(template="Twist it.")
