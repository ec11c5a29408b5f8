"""Rounds by an endpoint: while the slowest request of a batch is out, the next batches are asked and none is written."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.generators.sample import Sample
from backend.judges.additive_rubric import AdditiveRubric
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from backend.values import JobStatus, RoundStatus, Stage
from tests.capable import models
from tests.endpoint import Reply, choices, refusal, serving
from tests.integration.loop import RIGHT, Loop, dying, rows_of_round
from tests.integration.test_endpoints import registered, uses_of
from tests.waiting import until

pytestmark = [pytest.mark.usefixtures("database")]
RECIPE = Recipe(
    name="taught",
    title="Taught by another model",
    groups_per_batch=1,
    steps=(
        PromptSet(shuffle=False),
        Step(Sample(n=1, max_tokens=8), by="teacher"),
        Step(AdditiveRubric(votes=1), by="teacher"),
        AboveThreshold(threshold=1.0),
        SFT(),
    ),
)


def answer(body: dict[str, Any]) -> Reply:
    """A text that names its prompt, and as a judge a score."""
    reply = choices(body)
    if "point" in str(body["messages"]):
        reply[2]["choices"][0]["message"]["content"] = "Fine.\nScore: 4"
    return reply


@pytest.mark.parametrize("dies", [False, True])
def test_a_slow_request_holds_back_the_rows_and_not_the_requests(dies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(RECIPE, {"name": "transformers", "model": "models/none"}, Path("models/none"))
    first, held = next(iter(RIGHT)), list[int]()
    with serving() as server:
        server.answer, server.models = answer, models()
        teacher = registered(loop.project, server, concurrency=2)
        server.bodies.clear()

        def hold(body: dict[str, Any]) -> None:
            """The first prompt, and the judging of its text, are answered once all others have been asked about."""
            if first in str(body["messages"]):
                whole = len(RIGHT) * (len(held) + 1)
                held.append(whole)
                until(lambda: len(server.bodies) >= whole, "the batches behind are asked")

        if not dies:
            server.hold = hold
        round_id = loop.launch(roles={"teacher": teacher})
        if dies:
            with dying(monkeypatch) as kills:
                done = loop.run(round_id)
            assert kills[0] >= 2 * len(RIGHT)
        else:
            done = loop.run(round_id)
    assert (done.status, done.error) == (RoundStatus.running, None)
    waits = loop.waiting(round_id)
    assert waits is not None
    assert (waits.stage, waits.status) == (Stage.train, JobStatus.queued)
    sample, judgment, group = tables.Sample, tables.Judgment, tables.Group
    with reading() as db:
        places = select(group.position).join(sample, sample.group_id == group.id).where(sample.round_id == round_id)
        assert list(db.scalars(places.order_by(sample.id))) == list(range(len(RIGHT)))
        judged = places.join(judgment, judgment.sample_id == sample.id)
        assert list(db.scalars(judged.order_by(judgment.id))) == list(range(len(RIGHT)))
    assert len({text for *_, text, _, _, _ in rows_of_round(round_id)["texts"]}) == len(RIGHT)
    if not dies:
        assert held == [len(RIGHT), 2 * len(RIGHT)]
        assert [use.requests for use in uses_of(round_id)] == [len(RIGHT)] * 2


def test_a_key_that_is_refused_in_the_middle_ends_the_stage_behind_what_was_served() -> None:
    loop = Loop(RECIPE, {"name": "transformers", "model": "models/none"}, Path("models/none"))
    served, refused = list(RIGHT)[:3], list(RIGHT)[3:]
    with serving() as server:
        server.answer, server.models = answer, models()
        teacher = registered(loop.project, server, concurrency=1)
        server.bodies.clear()

        def refuse(body: dict[str, Any]) -> Reply:
            is_refused = any(prompt in str(body["messages"]) for prompt in refused)
            return refusal(401, "This key has ended") if is_refused else answer(body)

        server.answer = refuse
        round_id = loop.launch(roles={"teacher": teacher})
        done = loop.run(round_id)
        asked = [str(body["messages"]) for body in server.bodies]
    assert done.status is RoundStatus.failed
    assert "This key has ended" in str(done.error)
    sample, group = tables.Sample, tables.Group
    with reading() as db:
        places = select(group.position).join(sample, sample.group_id == group.id).where(sample.round_id == round_id)
        assert list(db.scalars(places.order_by(sample.id))) == list(range(len(served)))
    # What is refused is not asked again, and neither is what was served.
    assert [sum(prompt in body for body in asked) for prompt in served] == [1] * len(served)
    assert len(served) < len(asked) <= len(RIGHT)
    assert [use.requests for use in uses_of(round_id)] == [len(served)]
