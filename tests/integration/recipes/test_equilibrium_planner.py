"""Li, Sun and Mu 2024 (equilibrium planner), arXiv 2410.01440: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Group, Sample, Verdict
from tests.groups import prompt
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import ONE_DATABASE, World, scripted
from tests.integration.recipes.rounds_of_turns import last, last_content, short, trained
from tests.integration.recipes.turns import Steps, answered

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


@ONE_DATABASE
@pytest.mark.slow
def test_a_planner_learns_at_the_fixed_points_of_both_loops(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = scripted(
        ("(?s)another plan.*Draft: wait", "wait"),
        ("another plan", "wait"),
        ("Draft: go\n", "go fast"),
        ("Draft: go fast", "go fast"),
        ("Draft: left", "right"),
        ("Draft: right", "left"),
        ("Draft: stay", "stay"),
        ("prompt a", "go"),
        ("prompt b", "left"),
        ("prompt c", "stay"),
    )
    answers = ["plan A", "plan B", "plan C"]
    prompts = ["prompt a", "prompt b", "prompt c"]
    loop = World(
        short("equilibrium_planner"), policy, tiny, prompts, answers, world=scripted((".", "The door is shut."))
    )
    _, result = trained(loop, monkeypatch)
    inner, outer = result["rows"][5], last(result)[len(result["rows"][5]) :]
    # The draft of the second prompt never came to rest.
    assert {
        (last_content(row, "prompt").split("Draft: ")[1].split("\n")[0], last_content(row, "completion"))
        for row in inner
    } == {
        ("go fast", "plan A"),
        ("stay", "plan C"),
    }
    assert sorted(last_content(row, "completion") for row in outer) == answers
    assert all("The door is shut." in last_content(row, "prompt") for row in outer)
    assert all("Draft: wait\n" in last_content(row, "prompt") for row in outer)
