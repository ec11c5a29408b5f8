"""Kulshreshtha et al. 2021 (back-training), arXiv 2104.08801: what makes it that method."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.engines.scripted import Scripted
from backend.services import reviews
from backend.values import DecisionKind, RoundStatus, Stage, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import FOG, ONE_DATABASE, RAIN, SNOW, TEXTS, World, pairs, scripted
from tests.integration.recipes.rounds_of_turns import last, short, trained
from tests.integration.test_rounds_of_own_prompts import adopted

PLACES = recipes.get("back_training").places()
PARTS = [place.step.part for place in PLACES]
POLICY = Scripted(rules=({"pattern": "x y", "reply": "something else"},), replies=("rain falls on roofs",))


def test_inputs_are_synthetic_and_outputs_are_the_natural_texts():
    (asked,) = PARTS[0].ask([], [prompt("Rain falls on roofs.")], limit=1, seed=0)
    assert "Rain falls on roofs." in asked.prompt.messages[0]["content"]
    written = replace(asked, samples=(sample(1, "What falls on roofs?"), sample(2, "x y z?"), sample(3, "word")))
    judge = PARTS[2]
    judgments = judge.judge(POLICY, [written], seed=0)
    labels = {n: judge.label([judgment for judgment in judgments if judgment.sample_id == n])[1] for n in (1, 2, 3)}
    assert labels == {1: Verdict.accept, 2: Verdict.reject, 3: Verdict.reject}, "the consistency filter, and the rules"
    accepted = replace(
        written, samples=tuple(replace(completion, verdict=labels[completion.id]) for completion in written.samples)
    )
    (result,) = PARTS[3].ask([accepted], [], limit=1, seed=0)
    assert result.prompt.messages == [{"role": "user", "content": "What falls on roofs?"}]
    ((kept,),) = PARTS[4].generate(None, [result.prompt], seed=0)
    assert (kept.text, PLACES[4].step.by) == ("Rain falls on roofs.", "data")


def test_it_is_fine_tuned_on_what_no_model_wrote():
    assert [part.name for part in PARTS[5:]] == ["keep_all", "sft"]
    assert PLACES[5].texts == (4,)


WEATHER = (
    ("(?s)Rain falls.*Write the request", "What falls on the old roof today?"),
    ("(?s)Snow lies.*Write the request", "Where does snow lie in winter?"),
    ("(?s)Fog hides.*Write the request", "Which weather hides the harbour?"),
    ("What falls", RAIN),
    ("Where does snow", "I do not know."),
    ("Which weather", "The fog hides the harbour."),
)


@ONE_DATABASE
@pytest.mark.slow
def test_back_training_learns_natural_texts_from_written_inputs(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, result = trained(World(short("back_training"), scripted(*WEATHER), tiny, TEXTS), monkeypatch)
    kept = {"What falls on the old roof today?": RAIN, "Which weather hides the harbour?": FOG}
    assert pairs(last(result)) == Counter(kept.items()), "the input to the text about snow leads elsewhere"
    assert {prompt.text: prompt.answer for prompt in adopted(ended.id)} == kept
    assert [prompt.extra for prompt in adopted(ended.id)] == [{"synthetic": "prompt"}] * 2
    with reading() as db:
        sample = tables.Sample
        natural = db.execute(select(sample.role, sample.kind, sample.checkpoint_id).where(sample.step == 4)).all()
    assert {tuple(row) for row in natural} == {("data", "import", None)}


@ONE_DATABASE
def test_people_decide_on_inputs_before_they_become_prompts(tiny: Path) -> None:
    loop = World(short("back_training"), scripted(*WEATHER), tiny, TEXTS)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 4)
    with reading() as db:
        ids = {text: n for n, text in db.execute(select(tables.Sample.id, tables.Sample.text)).tuples()}
    acts = [
        reviews.Act("accept-0001", DecisionKind.accept, ids["Where does snow lie in winter?"]),
        reviews.Act("reject-0001", DecisionKind.reject, ids["Which weather hides the harbour?"]),
        reviews.Act("edit-000001", DecisionKind.edit, ids["What falls on the old roof today?"], text="What falls?"),
    ]
    reviews.decide_many(loop.actor, round_id, acts)
    reviews.close(loop.actor, round_id)
    assert loop.run(round_id).stage is Stage.train
    kept = {"Where does snow lie in winter?": SNOW, "What falls?": RAIN}
    assert {prompt.text: prompt.answer for prompt in adopted(round_id)} == kept
    assert pairs(last(rows_of_round(round_id))) == Counter(kept.items())
