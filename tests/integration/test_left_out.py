"""One bad prompt, reply or row never fails a round: it is left out, counted, listed and tried again alone."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from backend.db import reading, session, tables
from backend.engines.scripted import Scripted
from backend.errors import Conflict, EngineError
from backend.generators.sample import Sample
from backend.judges.written_verdict import WrittenVerdict
from backend.pipeline import bind
from backend.services.projects import overview
from backend.services.rounds import failures, job_views
from backend.values import (
    Completion,
    Failure,
    FailureKind,
    JobStatus,
    Split,
    Stage,
)
from tests.integration.forbidding import DOWN, FILTERED, MUTE, forbid, order_of, rows_of, scripted, served_by
from tests.integration.slots import POLICY, Loop, texts
from tests.rows import make_prompt_set


def test_a_filtered_prompt_is_left_out_with_its_reason_and_the_round_goes_on(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    bad = forbid(loop, 2, 5)
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    assert len(texts(round_id)) == 48
    failure_views = failures.list_failures(loop.actor, round_id)
    assert sorted(
        (failure_view.prompt_id, failure_view.prompt, failure_view.stage, failure_view.kind, failure_view.reason)
        for failure_view in failure_views
    ) == [
        (bad[0], "forbidden thing 2", Stage.generate, FailureKind.filter, "The prompt was filtered."),
        (bad[1], "forbidden thing 5", Stage.generate, FailureKind.filter, "The prompt was filtered."),
    ]
    assert failure_views[0].cannot_retry.startswith("The training rows of round 1 are frozen")
    assert failures.counts(loop.actor, loop.project.id) == {round_id: 2}
    assert overview.loop(loop.actor, loop.project.id).rounds[0].left_out == 2
    with reading() as db:
        counts = db.get_one(tables.Round, round_id).counts
    assert counts["funnel"][0] == {
        "stage": "prompts",
        "count": 10,
        "dropped": {"refused by a content filter": 2},
    }
    with pytest.raises(Conflict, match="are frozen, so new samples would not be trained on"):
        failures.retry(loop.actor, round_id)


def test_a_judge_that_cannot_be_asked_leaves_that_sample_without_a_judgment(database: str) -> None:
    loop = Loop(scripted(MUTE))
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    odd = [row for row in texts(round_id) if row[2] == "odd one"]
    assert odd
    assert {row[3:] for row in odd} == {(None, None, None)}
    failure_views = failures.list_failures(loop.actor, round_id)
    assert {(failure_view.stage, failure_view.kind, failure_view.position) for failure_view in failure_views} == {
        (Stage.judge, FailureKind.filter, None)
    }
    assert len({failure_view.sample_id for failure_view in failure_views}) == len(odd)
    with reading() as db:
        counts = db.get_one(tables.Round, round_id).counts
    assert (counts["judgments"], counts["unparsed"]) == (60 - len(odd), 0)
    assert counts["funnel"][2] == {
        "stage": "judged",
        "count": 60 - len(odd),
        "dropped": {"refused by a content filter": len(odd)},
    }


@pytest.mark.parametrize("stage", [Stage.generate, Stage.judge])
def test_what_befalls_all_stops_the_job_and_leaves_nothing_left_out(database: str, stage: Stage) -> None:
    loop = Loop()
    round_id = loop.launch()
    if stage is Stage.judge:
        loop.run(round_id, until=Stage.generate)
    served_by(loop, scripted(DOWN))
    job = loop.run(round_id, until=stage)
    assert job.status is JobStatus.failed
    assert "status 503 loading." in str(job.error)
    assert rows_of(round_id) == []
    served_by(loop, POLICY)
    job_views.retry(loop.actor, job.id)
    assert loop.run(round_id, until=Stage.select).status is JobStatus.done
    assert len(texts(round_id)) == 60


def test_a_server_that_goes_bad_in_the_middle_stops_the_job_and_a_bad_batch_does_not(database: str) -> None:
    loop = Loop(scripted(DOWN | {"pattern": "^forbidden"}))
    loop.prompts = make_prompt_set(loop.project, prompts=40)
    loop.run(first := loop.launch(num_prompts=40), until=Stage.generate)
    order = order_of(first)
    forbid(loop, *order[4:12])  # two whole batches: too few to say that the server is bad
    fine = loop.launch(num_prompts=40)
    assert loop.run(fine, until=Stage.generate).status is JobStatus.done
    assert len(rows_of(fine)) == 8
    forbid(loop, *order[12:24])
    bad = loop.launch(num_prompts=40)
    job = loop.run(bad, until=Stage.generate)
    assert job.status is JobStatus.failed
    assert "16 prompts in a row could not be served, so the job stops. The first: status 503" in str(job.error)
    assert rows_of(bad) == [], "what was held back is asked again"
    served_by(loop, POLICY)
    job_views.retry(loop.actor, job.id)
    assert loop.run(bad, until=Stage.generate).status is JobStatus.done
    assert len(texts(bad)) == 240


def test_many_prompts_that_fail_by_themselves_are_no_bad_server(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    loop.prompts = make_prompt_set(loop.project, prompts=40)
    forbid(loop, *range(30))
    round_id = loop.launch(num_prompts=40)
    assert loop.run(round_id, until=Stage.generate).status is JobStatus.done
    assert len(rows_of(round_id)) == 30


def test_nothing_that_can_be_served_fails_with_the_reason(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    forbid(loop, *range(10))
    job = loop.run(loop.launch(), until=Stage.generate)
    assert job.error == "All 10 prompts failed. The prompt was filtered."


def test_a_part_that_raises_for_a_batch_is_asked_prompt_by_prompt(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate, judge = Sample.generate, WrittenVerdict.judge

    def breaks(self: Any, engine: Any, prompts: Any, *, seed: int) -> Any:
        if any("forbidden" in prompt.messages[0]["content"] for prompt in prompts):
            raise KeyError("no such role")
        return generate(self, engine, prompts, seed=seed)

    def stumbles(self: Any, engine: Any, groups: Any, *, seed: int) -> Any:
        if any(sample.text == "odd one" for group in groups for sample in group.samples):
            raise ZeroDivisionError("division by zero")
        return judge(self, engine, groups, seed=seed)

    loop = Loop()
    undisturbed = loop.launch()
    loop.run(undisturbed, until=Stage.select)
    (bad,) = forbid(loop, 6)
    with reading() as db:
        place = db.scalar(select(tables.Group.position).where(tables.Group.prompt_id == bad))
    monkeypatch.setattr(Sample, "generate", breaks)
    monkeypatch.setattr(WrittenVerdict, "judge", stumbles)
    round_id = loop.launch()
    assert loop.run(round_id, until=Stage.select).status is JobStatus.done
    failure_views = failures.list_failures(loop.actor, round_id)
    assert [failure_view.reason for failure_view in failure_views if failure_view.stage is Stage.generate] == [
        "Unexpected KeyError: 'no such role'"
    ]
    assert {failure_view.reason for failure_view in failure_views if failure_view.stage is Stage.judge} == {
        "Unexpected ZeroDivisionError: division by zero"
    }
    same = [row for row in texts(round_id) if row[2] != "odd one"]
    assert same == [row for row in texts(undisturbed) if row[2] != "odd one" and row[0] != place]


def test_held_out_prompts_that_cannot_be_answered_are_listed_and_count_as_wrong(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    loop.held_out = make_prompt_set(
        loop.project, prompts=["forbidden a", "b", "c"], answers=["good one"] * 3, split=Split.held_out
    )
    round_id = loop.launch()
    loop.run(round_id, until=Stage.select)
    with session() as db:
        train = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
        train.stage = db.get_one(tables.Round, round_id).stage = Stage.evaluate
    job = loop.run(round_id, until=Stage.evaluate)
    assert job.status is JobStatus.done, job.error
    (failure_view,) = failures.list_failures(loop.actor, round_id, stage=Stage.evaluate)
    assert (failure_view.prompt, failure_view.kind) == ("forbidden a", FailureKind.filter)
    with reading() as db:
        metric = db.scalars(select(tables.Metric).where(tables.Metric.name == "held_out_accuracy")).one()
        assert metric.n == 3
        assert db.scalar(select(func.count()).where(tables.Sample.split == Split.held_out)) > 0


@pytest.mark.parametrize("stage", [Stage.generate, Stage.judge])
def test_half_an_emoji_in_an_endpoints_words_fails_no_job(
    database: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(scripted(FILTERED, MUTE))
    forbid(loop, 2)
    whole = Scripted._completions

    def halved(self: Scripted, messages: Any, sampling: Any) -> list[Completion]:
        result = whole(self, messages, sampling)
        return [
            replace(entry, failure=entry.failure and Failure(entry.failure.kind, "Filtered \ud83d."))
            for entry in result
        ]

    monkeypatch.setattr(Scripted, "_completions", halved)
    round_id = loop.launch()
    job = loop.run(round_id, until=stage)
    assert job.status is JobStatus.done, job.error
    assert {failure_view.reason for failure_view in failures.list_failures(loop.actor, round_id)} == {
        "Filtered \ufffd."
    }


def test_what_an_endpoint_refuses_is_kept_whoever_asks_and_whatever_comes_of_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop()
    # Half an emoji is no text for a database.
    monkeypatch.setattr(Scripted, "notes", lambda self: ("It refused \ud83d.", "It refused \ud83d.", "It refused n."))
    with bind.engine_for(loop.checkpoint.id):
        pass
    with pytest.raises(EngineError), bind.engine_for(loop.checkpoint.id):
        raise EngineError("It failed.")
    with reading() as db:
        kept = db.get_one(tables.Checkpoint, loop.checkpoint.id).details["notes"]
    assert kept == ["It refused \ufffd.", "It refused n."]


def test_a_verifier_that_judged_half_of_a_group_goes_on(database: str) -> None:
    loop = Loop()
    loop.prompts = make_prompt_set(loop.project, prompts=10, answers=["good one"] * 10)
    round_id = loop.launch({"judge": {"name": "exact_match"}})
    loop.run(round_id, until=Stage.judge)
    undisturbed = texts(round_id)
    with session() as db:  # as after a cancelled job, when samples were made that had been left out before
        odd = select(tables.Sample.id).where(tables.Sample.round_id == round_id, tables.Sample.position % 2 == 1)
        db.execute(delete(tables.Judgment).where(tables.Judgment.sample_id.in_(odd)))
        job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
        job.stage = db.get_one(tables.Round, round_id).stage = Stage.judge
    ended = loop.run(round_id, until=Stage.judge)
    assert ended.status is JobStatus.done, ended.error
    assert texts(round_id) == undisturbed
