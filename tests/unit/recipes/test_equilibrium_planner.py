"""Li, Sun and Mu 2024 (equilibrium planner), arXiv 2410.01440: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Group, Sample, Verdict
from tests.groups import prompt
from tests.unit.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("equilibrium_planner"))
POLICY = Scripted(
    rules=(
        {"pattern": "Draft: walk\\n", "reply": "walk home"},
        {"pattern": "Draft: walk home", "reply": "walk home"},
        {"pattern": "Draft: left", "reply": "right"},
        {"pattern": "Draft: right", "reply": "left"},
        {"pattern": "settles", "reply": "walk"},
        {"pattern": "turns", "reply": "left"},
    )
)


def at_rest(asked: str, answer: str) -> Group:
    """The prompt with what its chain came to, as the judge labels it."""
    entry = prompt(asked, answer=answer)
    ((text,),) = STEPS.part(1).generate(POLICY, [entry], seed=0)
    (judged,) = STEPS.label(2, [Group(entry, (replace(text, id=11),))])
    return judged


def test_the_inner_loop_repeats_until_the_draft_stops_changing():
    settled, turning = at_rest("settles", "go home"), at_rest("turns", "go home")
    assert [(sample.text, sample.extra["revisions"], sample.verdict) for sample in settled.samples] == [
        ("walk home", 2, Verdict.accept)
    ]
    assert [(sample.extra["revisions"], sample.verdict) for sample in turning.samples] == [(5, Verdict.reject)]
    (asked,) = STEPS.part(3).ask([settled, turning], [settled.prompt], limit=9, seed=0)
    # The row: from the draft at the fixed point to the known plan.
    assert "Task: settles\n\nDraft: walk home\n" in asked.prompt.messages[0]["content"]
    ((target,),) = STEPS.part(4).generate(None, [asked.prompt], seed=0)
    assert target.text == "go home"


def test_the_outer_loop_brings_in_what_happens_when_the_plan_is_carried_out():
    settled = at_rest("settles", "go home")
    assert (STEPS.places[6].source, STEPS.places[7].step.by) == (0, "world")
    (carried,) = STEPS.part(6).ask([settled], [settled.prompt], limit=9, seed=0)
    happened = answered(carried, "the door is shut", first=21)
    (again,) = STEPS.part(8).ask([happened], [settled.prompt], limit=9, seed=0)
    content = again.prompt.messages[0]["content"]
    assert content.startswith("settles\n\nThis plan was carried out:\n\nwalk home")
    assert "the door is shut" in content
    draft = replace(again, samples=(Sample(31, 1, "open it", verdict=Verdict.accept),), ancestors=settled.samples)
    (row,) = STEPS.part(11).ask([draft], [settled.prompt], limit=9, seed=0)
    assert "the door is shut" in row.prompt.messages[0]["content"]
    assert "Draft: open it" in row.prompt.messages[0]["content"]


def test_training_is_supervised_on_both_loops_and_nothing_rates_a_plan():
    kinds = [place.step.part.name for place in STEPS.places if place.step.kind in ("judge", "trainer")]
    assert kinds == ["noted", "noted", "sft"]
    assert STEPS.places[14].rows == (5, 13)
