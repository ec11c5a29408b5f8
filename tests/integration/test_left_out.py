"""One bad prompt, reply or row never fails a round: it is left out, counted, listed and tried again alone."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from backend.db import reading, session, tables
from backend.engines.scripted import Scripted
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.generators.sample import Sample
from backend.judges.written_verdict import WrittenVerdict
from backend.pipeline import left_out
from backend.services import failures, jobs, overview, reviews, rounds
from backend.values import (
    Completion,
    DecisionKind,
    Failure,
    FailureKind,
    JobStatus,
    LabelSource,
    Role,
    RoundStatus,
    Split,
    Stage,
)
from tests.integration.test_pipeline import POLICY, Loop, texts
from tests.rows import make_actor, make_checkpoint, make_prompt_set

FILTERED = {"pattern": "^forbidden", "reply": "The prompt was filtered.", "fails": "filter"}
MUTE = {"pattern": "Judge: .*odd", "reply": "The prompt was filtered.", "fails": "filter"}
DOWN = {"pattern": "", "reply": "status 503 loading.", "fails": "server"}


def scripted(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return POLICY | {"rules": [*rules, *POLICY["rules"]]} | more  # type: ignore[misc]


def forbid(loop: Loop, *positions: int, text: str = "forbidden thing") -> list[int]:
    """Make the prompts at these positions ones that the policy's server filters; return their ids."""
    with session() as db:
        query = select(tables.Prompt).where(
            tables.Prompt.prompt_set_id == loop.prompts.id, tables.Prompt.position.in_(positions)
        )
        found = list(db.scalars(query.order_by(tables.Prompt.position)))
        for prompt in found:
            prompt.text = f"{text} {prompt.position}"
            prompt.messages = [{"role": "user", "content": prompt.text}]
    return [prompt.id for prompt in found]


def served_by(loop: Loop, engine: dict[str, Any]) -> None:
    with session() as db:
        db.get_one(tables.Checkpoint, loop.checkpoint.id).engine = engine


def order_of(round_id: int) -> list[int]:
    """The prompts' positions in their set, as the round takes them."""
    with reading() as db:
        query = select(tables.Prompt.position).join(tables.Group, tables.Group.prompt_id == tables.Prompt.id)
        return list(db.scalars(query.where(tables.Group.round_id == round_id).order_by(tables.Group.position)))


def rows_of(round_id: int) -> list[tuple[Any, ...]]:
    row = tables.LeftOut
    with reading() as db:
        query = select(row.stage, row.prompt_id, row.position, row.kind, row.attempts, row.resolved_at.is_not(None))
        return [tuple(one) for one in db.execute(query.where(row.round_id == round_id).order_by(row.item))]


def test_a_filtered_prompt_is_left_out_with_its_reason_and_the_round_goes_on(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    bad = forbid(loop, 2, 5)
    round_id = loop.launch()
    job = loop.run(round_id, until=Stage.select)
    assert job.status is JobStatus.done, job.error
    assert len(texts(round_id)) == 48
    found = failures.list_failures(loop.actor, round_id)
    assert sorted((one.prompt_id, one.prompt, one.stage, one.kind, one.reason) for one in found) == [
        (bad[0], "forbidden thing 2", Stage.generate, FailureKind.filter, "The prompt was filtered."),
        (bad[1], "forbidden thing 5", Stage.generate, FailureKind.filter, "The prompt was filtered."),
    ]
    assert found[0].cannot_retry.startswith("The training rows of round 1 are frozen")
    assert failures.counts(loop.actor, loop.project.id) == {round_id: 2}
    assert overview.loop(loop.actor, loop.project.id).rounds[0].left_out == 2
    with reading() as db:
        counts = db.get_one(tables.Round, round_id).counts
    assert counts["funnel"][0] == {
        "stage": "prompts", "count": 10, "dropped": {"refused by a content filter": 2},
    }  # fmt: skip
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
    found = failures.list_failures(loop.actor, round_id)
    assert {(one.stage, one.kind, one.position) for one in found} == {(Stage.judge, FailureKind.filter, None)}
    assert len({one.sample_id for one in found}) == len(odd)
    with reading() as db:
        counts = db.get_one(tables.Round, round_id).counts
    assert (counts["judgments"], counts["unparsed"]) == (60 - len(odd), 0)
    assert counts["funnel"][2] == {
        "stage": "judged", "count": 60 - len(odd), "dropped": {"refused by a content filter": len(odd)},
    }  # fmt: skip


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
    jobs.retry(loop.actor, job.id)
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
    jobs.retry(loop.actor, job.id)
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
    found = failures.list_failures(loop.actor, round_id)
    assert [one.reason for one in found if one.stage is Stage.generate] == ["Unexpected KeyError: 'no such role'"]
    assert {one.reason for one in found if one.stage is Stage.judge} == {
        "Unexpected ZeroDivisionError: division by zero"
    }
    same = [row for row in texts(round_id) if row[2] != "odd one"]
    assert same == [row for row in texts(undisturbed) if row[2] != "odd one" and row[0] != place]


def test_a_killed_stage_makes_the_same_rows_and_leaves_the_same_out(database: str) -> None:
    loop = Loop(scripted(FILTERED, MUTE))
    forbid(loop, 1, 6, 7)
    undisturbed = loop.launch()
    loop.run(undisturbed, until=Stage.select)
    disturbed = loop.launch()
    loop.run(disturbed, until=Stage.generate)
    with session() as db:  # as after a kill: the middle batch never came to be, with what it left out
        groups = select(tables.Group.id).where(tables.Group.round_id == disturbed, tables.Group.position.between(4, 7))
        samples = select(tables.Sample.id).where(tables.Sample.group_id.in_(groups))
        db.execute(delete(tables.LeftOut).where(tables.LeftOut.group_id.in_(groups)))
        db.execute(delete(tables.Label).where(tables.Label.sample_id.in_(samples)))
        db.execute(delete(tables.Sample).where(tables.Sample.group_id.in_(groups)))
        judging = db.scalars(select(tables.Job).where(tables.Job.active_key == disturbed)).one()
        judging.stage = db.get_one(tables.Round, disturbed).stage = Stage.generate
    loop.run(disturbed, until=Stage.select)
    assert texts(disturbed) == texts(undisturbed)
    assert sorted(row[:1] + row[2:] for row in rows_of(disturbed)) == sorted(
        row[:1] + row[2:] for row in rows_of(undisturbed)
    )


def test_what_was_left_out_is_tried_again_alone_while_people_review(database: str) -> None:
    loop = Loop(POLICY)
    undisturbed = loop.launch(is_reviewed=True)
    loop.run(undisturbed, until=Stage.judge)
    served_by(loop, scripted(FILTERED | {"pattern": r"^prompt \d+\.[25]$"}, MUTE))
    loop.checkpoint.engine = scripted(FILTERED | {"pattern": r"^prompt \d+\.[25]$"}, MUTE)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    known = failures.list_failures(loop.actor, round_id)
    (first, second) = [one for one in known if one.stage is Stage.generate]
    mute = [one for one in known if one.stage is Stage.judge]
    with reading() as db:
        sample = db.scalars(select(tables.Sample).where(tables.Sample.id == mute[0].sample_id)).one()
    reviews.decide(loop.actor, "a" * 32, sample.id, DecisionKind.accept, round_id=round_id)

    served_by(loop, POLICY)
    job_id = failures.retry(loop.actor, round_id, [first.id])
    assert failures.list_failures(loop.actor, round_id)[0].is_asked
    with pytest.raises(Conflict, match=f"Job {job_id} of round 2 is under way"):
        failures.retry(loop.actor, round_id)
    loop.run(round_id, until=Stage.judge)
    assert rounds.get(loop.actor, round_id).status is RoundStatus.review
    with reading() as db:
        places = dict(
            db.execute(select(tables.Group.prompt_id, tables.Group.position).filter_by(round_id=round_id)).all()
        )
    place = places[first.prompt_id]
    made = [row for row in texts(round_id) if row[0] in (place, places[second.prompt_id])]
    assert made == [row for row in texts(undisturbed) if row[0] == place], (
        "judged, too, as if it had been made at first"
    )
    assert [one.id for one in failures.list_failures(loop.actor, round_id)] == [second.id, *(one.id for one in mute)]

    failures.retry(loop.actor, round_id)
    loop.run(round_id, until=Stage.judge)
    assert failures.list_failures(loop.actor, round_id) == []
    assert [row for row in texts(round_id) if row[2] != "odd one"] == [
        row for row in texts(undisturbed) if row[2] != "odd one"
    ]
    with reading() as db:
        label = db.get_one(tables.Label, sample.id)
        assert (label.source, label.verdict) == (LabelSource.person, "accept"), "a person's word stays"
        assert db.scalar(select(tables.Worth.is_open).where(tables.Worth.sample_id == sample.id)) is False
        counts = db.get_one(tables.Round, round_id).counts
    assert (counts["samples"], counts["left_out"]) == (60, {})
    with pytest.raises(Conflict, match="Nothing of round 2 is left out any more"):
        failures.retry(loop.actor, round_id)


def test_what_fails_again_says_so_and_a_failed_retry_leaves_the_round_alone(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    forbid(loop, 2)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    failures.retry(loop.actor, round_id)
    assert loop.run(round_id, until=Stage.judge).status is JobStatus.done
    (one,) = failures.list_failures(loop.actor, round_id)
    assert (one.attempts, one.is_asked, one.cannot_retry) == (2, False, "")
    failures.retry(loop.actor, round_id)
    served_by(loop, {"name": "scripted"})  # nothing to say at all: the engine itself raises
    with session() as db:
        db.get_one(tables.Checkpoint, loop.checkpoint.id).engine = {"name": "openai", "base_url": "http://127.0.0.1:9/v1",
                                                                    "model": "m", "max_retries": 0}  # fmt: skip
    job = loop.run(round_id, until=Stage.generate)
    assert job.status is JobStatus.failed
    assert rounds.get(loop.actor, round_id).status is RoundStatus.review
    assert [one.is_asked for one in failures.list_failures(loop.actor, round_id)] == [True]


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
    (one,) = failures.list_failures(loop.actor, round_id, stage=Stage.evaluate)
    assert (one.prompt, one.kind) == ("forbidden a", FailureKind.filter)
    with reading() as db:
        metric = db.scalars(select(tables.Metric).where(tables.Metric.name == "held_out_accuracy")).one()
        assert metric.n == 3
        assert db.scalar(select(func.count()).where(tables.Sample.split == Split.held_out)) > 0


def test_who_may_see_and_try_again(database: str) -> None:
    loop = Loop(scripted(FILTERED))
    forbid(loop, 2)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    assert len(failures.list_failures(make_actor(loop.project, Role.viewer), round_id)) == 1
    for role in (Role.viewer, Role.reviewer):
        with pytest.raises(PermissionDenied):
            failures.retry(make_actor(loop.project, role), round_id)
    with pytest.raises(NotFound):
        failures.list_failures(make_actor(), round_id)
    other = Loop()
    make_checkpoint(other.project)
    foreign = other.launch(is_reviewed=True)
    other.run(foreign, until=Stage.judge)
    (one,) = failures.list_failures(loop.actor, round_id)
    with pytest.raises(Conflict, match="Nothing of round 1 is left out"):
        failures.retry(other.actor, foreign, [one.id])


@pytest.mark.parametrize("stage", [Stage.generate, Stage.judge])
def test_half_an_emoji_in_an_endpoints_words_fails_no_job(
    database: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(scripted(FILTERED, MUTE))
    forbid(loop, 2)
    whole = Scripted._completions

    def halved(self: Scripted, messages: Any, sampling: Any) -> list[Completion]:
        made = whole(self, messages, sampling)
        return [replace(one, failure=one.failure and Failure(one.failure.kind, "Filtered \ud83d.")) for one in made]

    monkeypatch.setattr(Scripted, "_completions", halved)
    round_id = loop.launch()
    job = loop.run(round_id, until=stage)
    assert job.status is JobStatus.done, job.error
    assert {one.reason for one in failures.list_failures(loop.actor, round_id)} == {"Filtered \ufffd."}


def test_notes_with_half_an_emoji_are_kept(database: str) -> None:
    loop = Loop()
    with session() as db:
        left_out.note_served(db, loop.checkpoint.id, ["It refused \ud83d.", "It refused \ud83d."])
    with reading() as db:
        assert set(db.get_one(tables.Checkpoint, loop.checkpoint.id).details["notes"]) == {"It refused \ufffd."}


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
