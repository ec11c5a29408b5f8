"""Schick et al. 2022 (PEER), arXiv 2208.11663: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Verdict
from tests.groups import prompt
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import ONE_DATABASE, TEXTS, World, scripted
from tests.integration.recipes.rounds_of_turns import last, last_content, short, trained
from tests.integration.recipes.turns import answered

PLACES = recipes.get("edit_collaboration").places()
PARTS = [place.step.part for place in PLACES]
DONE = "Rain falls on the roof."
EDITOR = Scripted(
    rules=({"pattern": "Plan: Put words in", "reply": DONE}, {"pattern": "Plan: Cut", "reply": "Nothing."}),
    likelihoods=({"pattern": "Put words in twice", "number": -2.0},),
)


def test_siblings_fill_in_what_an_edit_history_lacks():
    assert [PLACES[n].step.by for n in (1, 3, 4)] == ["undo", "explain", "policy"]
    (asked,) = PARTS[0].ask([], [prompt(DONE)], limit=1, seed=0)
    earlier = answered(asked, "Rain falls.", first=11)
    (planned,) = PARTS[2].ask([earlier], [prompt(DONE)], limit=1, seed=0)
    assert f"Before: Rain falls.\n\nAfter: {DONE}" in planned.prompt.messages[0]["content"]


def test_the_likeliest_plan_that_leads_to_the_text_makes_the_row():
    (asked,) = PARTS[0].ask([], [prompt(DONE)], limit=1, seed=0)
    (planned,) = PARTS[2].ask([answered(asked, "Rain falls.", first=11)], [prompt(DONE)], limit=1, seed=0)
    plans = answered(planned, "Put words in twice.", "Put words in.", "Cut it.", first=21)
    judgments = PARTS[4].judge(EDITOR, [plans], seed=0)
    labels = {n: PARTS[4].label([judgment for judgment in judgments if judgment.sample_id == n]) for n in (21, 22, 23)}
    # 1 - 0.2 and 1 - 0.1: both lead to the text, one is likelier; the third leads elsewhere.
    assert [labels[n][0] for n in (21, 22, 23)] == [0.8, 0.9, -0.1]
    ranked = tuple(
        replace(sample, score=labels[sample.id][0], verdict=labels[sample.id][1]) for sample in plans.samples
    )
    assert [entry.verdict for entry in ranked] == [Verdict.accept, Verdict.accept, Verdict.reject]
    (row,) = PARTS[5].ask([replace(plans, samples=ranked)], [prompt(DONE)], limit=1, seed=0)
    said_there = row.prompt.messages[0]["content"]
    assert "Text: Rain falls.\n\nPlan: Put words in.\n" in said_there
    assert DONE not in said_there
    ((kept,),) = PARTS[6].generate(None, [row.prompt], seed=0)
    assert kept.text == DONE


@ONE_DATABASE
@pytest.mark.slow
def test_an_editor_learns_from_histories_that_others_filled_in(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = [(f"(?s)Text: {text[:4]}.*Plan: Put it back", text) for text in TEXTS]
    undo = scripted(*((text[:4], (f"{text[:-1]} so.", f"{text[:-5]}.")) for text in TEXTS))
    explain = scripted((".", ("Put it back.", "Make it worse.")))
    editor = scripted(*carried, ("Plan: Make it worse", "Nothing."))
    loop = World(short("edit_collaboration"), editor, tiny, TEXTS, undo=undo, explain=explain)
    _, result = trained(loop, monkeypatch)
    assert len(last(result)) > 0
    for row in last(result):
        assert "Plan: Put it back." in last_content(row, "prompt")
        assert last_content(row, "completion") in TEXTS
        assert last_content(row, "completion") not in last_content(row, "prompt")
        assert last_content(row, "completion")[:4] in last_content(row, "prompt")
    assert {row[5] for row in result["texts"]} == {"undo", "explain", "data"}
    # One row for each earlier text of which a plan leads on to the finished one.
    plans = [row for row in result["texts"] if row[0] == 2]
    assert len(last(result)) == len({row[1] for row in plans if row[7] == "Put it back."})
