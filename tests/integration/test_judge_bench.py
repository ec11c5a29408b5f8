"""Judges tried side by side: what each comes to, one that dies, jobs that are killed, and labels that stay."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from app.pages.judge_bench import shown
from app.pages.judge_bench.shown import about
from backend import jobs
from backend.db import now, reading, session, tables
from backend.db.filters import Filters
from backend.engines.scripted import Scripted
from backend.errors import Cancelled, Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import JobProgress, transitions
from backend.pipeline import judge_bench, run
from backend.services import checkpoints
from backend.services.judge_bench import disagreements, entries, labels, opening, results
from backend.services.judge_bench.disagreements import Against
from backend.services.judge_bench.entries import BenchEntry
from backend.values import JobStatus, Messages, Role, RoundStatus, Sampling, Stage, Verdict
from tests import rows
from tests.endpoint import Reply, refusal, serving
from tests.integration.benches import DEAD, FAIR, KIND, MUMBLER, VERDICT, Bench, run_bench


@pytest.fixture
def bench(database: str) -> Bench:
    return Bench()


def words() -> list[Any]:
    """All that labels and judgments of rounds say."""
    with reading() as db:
        records = [tuple(row) for row in db.execute(select(tables.Label.__table__).order_by(tables.Label.sample_id))]
        return [*records, *(tuple(row) for row in db.execute(select(tables.Judgment.__table__)))]


def test_judges_stand_side_by_side_and_one_that_dies_stops_no_other(bench: Bench) -> None:
    before = words()
    bench_id = bench.open(
        bench.judge("fair", FAIR),
        bench.judge("dead", DEAD),
        bench.judge("mumbler", MUMBLER),
        bench.judge("kind", KIND, votes=3, temperature=1.0),
        BenchEntry({"name": "reference_length"}, title="by length"),
    )
    assert run_bench(bench_id) is JobStatus.done
    bench_view = results.get(bench.curator, bench_id)
    fair, dead, mumbler, kind, length = bench_view.judges
    assert (bench_view.line.samples, bench_view.line.labelled, bench_view.line.judges[3:]) == (
        40,
        40,
        ("written_verdict, kind, 3 votes", "by length"),
    )
    tables_ = [entry.figures.confusion for entry in (fair, mumbler, kind) if entry.figures is not None]
    assert [
        (confusion.accepts_both, confusion.accepts_judge, confusion.accepts_people, confusion.rejects_both)
        for confusion in tables_
    ] == [
        (20, 0, 0, 20),
        (20, 0, 0, 0),
        (20, 20, 0, 0),
    ]
    assert fair.figures is not None
    kappa = {measure.name: measure for measure in fair.figures.measures}["kappa"].number
    assert (kappa.value, kappa.n) == (1.0, 40)
    assert mumbler.figures is not None
    assert (mumbler.figures.unread, mumbler.figures.confusion.unread_reject) == (20, 20)
    assert kind.figures is not None
    precision = {measure.name: measure for measure in kind.figures.measures}["precision"].number
    assert (precision.value, precision.low) == (0.5, pytest.approx(0.352, abs=0.001))
    assert (kind.replies, kind.done, fair.tokens, fair.prompt_tokens, fair.cost) == (120, 40, 40, None, None)
    assert dead.error is not None
    assert "32 texts in a row could not be served" in dead.error
    assert "Connection refused" in dead.error
    assert (dead.is_over, dead.done, length.error) == (True, 0, None)
    assert bench_view.first is not None
    assert bench_view.first.confusion.rejects_both == 20, "the round's judge scored the first texts higher, too"
    pairs = {(pair.first, pair.second): pair.agreement.value for pair in bench_view.pairs}
    assert (pairs[None, 0], pairs[0, 3]) == (1.0, 0.5)
    assert bench_view.can_try_again
    assert words() == before, "a bench labels nothing"


def test_a_judge_without_a_verdict_on_any_text_says_why(bench: Bench) -> None:
    bench_id = bench.open(BenchEntry({"name": "exact_match"}), bench.judge("fair", FAIR))
    assert run_bench(bench_id) is JobStatus.done
    bench_view = results.get(bench.curator, bench_id)
    exact, fair = bench_view.judges
    assert exact.figures is not None
    assert (exact.figures.judged, exact.figures.unread, exact.error) == (0, 40, None)
    assert exact.notes == ("No text has a verdict. Of 40: The prompt has no known answer.",)
    assert fair.notes == ()
    assert not bench_view.can_try_again, "asking again gives an answer to no prompt"
    with reading() as db:
        assert db.get_one(tables.BenchJudge, exact.id).notes == [], "computed from the replies, and not stored"


def replies(bench_id: int) -> list[Any]:
    """What the judges of a bench replied."""
    BenchJudgment, judge = tables.BenchJudgment, tables.BenchJudge
    query = (
        select(
            judge.position,
            BenchJudgment.sample_id,
            BenchJudgment.position,
            BenchJudgment.raw,
            BenchJudgment.score,
            BenchJudgment.verdict,
        )
        .join(judge, judge.id == BenchJudgment.bench_judge_id)
        .where(judge.bench_id == bench_id)
    )
    with reading() as db:
        return [
            tuple(row)
            for row in db.execute(query.order_by(judge.position, BenchJudgment.sample_id, BenchJudgment.position))
        ]


def test_a_job_that_is_killed_asks_nothing_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    judges = bench.judge("fair", FAIR), bench.judge("kind", {"replies": ["fine;Y", "bad;N", "so so;Y"]})
    undisturbed, bench_id = bench.open(*judges), bench.open(*judges)
    monkeypatch.setattr(judge_bench, "GROUPS_AT_ONCE", 3)
    assert run_bench(undisturbed) is JobStatus.done
    asked: Counter[str] = Counter()
    plain, advance = Scripted.complete, JobProgress.advance

    def counted(self: Scripted, prompts: Sequence[Messages], sampling: Sampling) -> Any:
        asked.update(f"{self.replies} {chat[0]['content']}" for chat in prompts)
        return plain(self, prompts, sampling)

    def dies(self: JobProgress, n: int = 1) -> None:
        if len(asked) >= 50:
            raise Cancelled("killed")
        advance(self, n)

    monkeypatch.setattr(Scripted, "complete", counted)
    with monkeypatch.context() as dying:
        dying.setattr(JobProgress, "advance", dies)
        assert run_bench(bench_id) is JobStatus.running, "it wrote nothing more, as a killed one"
    halfway = results.get(bench.curator, bench_id)
    assert [judge.done for judge in halfway.judges] == [40, 12]
    assert halfway.judges[1].figures is None
    with reading() as db:
        job = db.get_one(tables.Job, halfway.job_id)
    assert transitions.take_over(job.id, job.workflow_id)
    assert run_bench(bench_id) is JobStatus.done
    assert sum(asked.values()) == len(asked) == 80
    assert [judge.done for judge in results.get(bench.curator, bench_id).judges] == [40, 40]
    assert replies(bench_id) == replies(undisturbed)


def test_a_text_that_lost_a_vote_is_asked_about_anew(bench: Bench) -> None:
    bench_id = bench.open(bench.judge("fair", FAIR, votes=3, temperature=1.0))
    assert run_bench(bench_id) is JobStatus.done
    before = replies(bench_id)
    lost = tables.BenchJudgment
    with session() as db:
        row = db.query(lost).filter_by(sample_id=bench.ids[0], position=1).one()
        row.failure, row.is_doubtful, row.score, row.verdict, row.raw = "No reply in time.", True, None, None, ""
        kept = set(db.scalars(select(lost.id).where(lost.sample_id != bench.ids[0])))
    opening.try_again(bench.curator, bench_id)
    waiting = results.get(bench.curator, bench_id)
    assert (waiting.judges[0].done, waiting.judges[0].figures, waiting.first) == (39, None, None)
    assert run_bench(bench_id) is JobStatus.done
    assert replies(bench_id) == before
    assert results.get(bench.curator, bench_id).judges[0].figures is not None
    with reading() as db:
        assert kept < set(db.scalars(select(lost.id))), "the others were left alone"


def test_what_could_not_be_asked_is_asked_again_and_nothing_else(bench: Bench) -> None:
    text = r"sample \d+\.1"
    flaky = {"rules": [{"pattern": text, "reply": "No reply in time.", "fails": "timeout"}, *FAIR["rules"]]}
    bench_id = bench.open(bench.judge("fair", FAIR), bench.judge("flaky", flaky))
    assert run_bench(bench_id) is JobStatus.done
    fair, judged = results.get(bench.curator, bench_id).judges
    assert (judged.figures.unasked, judged.figures.reason) == (20, "No reply in time.")
    with session() as db:
        db.get_one(tables.Checkpoint, judged.checkpoint_id).engine = {"name": "scripted"} | FAIR
        seconds = db.get_one(tables.BenchJudge, fair.id).finished_at
    opening.try_again(bench.curator, bench_id)
    with pytest.raises(Conflict, match="at work"):
        opening.try_again(bench.curator, bench_id)
    assert run_bench(bench_id) is JobStatus.done
    after = results.get(bench.curator, bench_id)
    assert [(judge.done, judge.replies) for judge in after.judges] == [(40, 40), (40, 40)]
    assert after.judges[1].figures.unasked == 0
    assert after.judges[1].figures.confusion.rejects_both == 20
    with reading() as db:
        assert db.get_one(tables.BenchJudge, fair.id).finished_at == seconds, "who had ended was left alone"
    with pytest.raises(Conflict, match="every sample"):
        opening.try_again(bench.curator, bench_id)


def test_an_endpoint_that_dies_and_comes_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real endpoint, which counts tokens and has prices."""
    monkeypatch.setattr(judge_bench, "GROUPS_AT_ONCE", 4)
    served: list[str] = []
    with serving() as server:

        def answer(body: dict[str, Any]) -> Reply:
            if len(served) >= 16 and not back:
                return refusal(500, "out of memory")
            served.append(body["messages"][0]["content"])
            message = {"role": "assistant", "content": "fine;Y"}
            usage = {"prompt_tokens": 10, "completion_tokens": 2}
            fields = {"index": 0, "finish_reason": "stop", "message": message}
            return 200, {}, {"choices": [fields], "usage": usage}

        back: list[bool] = []
        server.answer = answer
        engine = {"name": "openai", "base_url": server.url, "model": "m", "max_retries": 0, "concurrency": 1}
        engine |= {"price_in": 100.0, "price_out": 0.0}
        bench_id = bench.open(bench.judge("remote", engine), bench.judge("fair", FAIR))
        assert run_bench(bench_id) is JobStatus.done
        remote, fair = results.get(bench.curator, bench_id).judges
        assert remote.error is not None
        assert "16 texts in a row could not be served" in remote.error
        assert "out of memory" in remote.error
        assert (remote.done, remote.prompt_tokens, remote.cost) == (16, 160, pytest.approx(0.016))
        assert remote.figures is not None
        assert remote.figures.confusion.labelled == 16, "what it had said counts"
        assert (fair.error, fair.done) == (None, 40)
        back.append(True)
        opening.try_again(bench.curator, bench_id)
        assert run_bench(bench_id) is JobStatus.done
    remote, _ = results.get(bench.curator, bench_id).judges
    assert (remote.error, remote.done, remote.tokens, remote.prompt_tokens) == (None, 40, 80, 400)
    assert len(set(served)) == len(served) == 40, "nothing that was answered was asked again"


def test_what_has_no_count_or_price_and_what_an_endpoint_refuses_is_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_bench, "GROUPS_AT_ONCE", 4)
    answered: list[int] = []
    with serving() as server:

        def answer(body: dict[str, Any]) -> Reply:
            if body.get("logprobs"):
                return refusal(400, "Unsupported", param="logprobs")
            if len(answered) == 43:
                return refusal(401, "the key has ended")
            answered.append(len(answered))
            message = {"role": "assistant", "content": "fine;Y"}
            usage = {} if answered[-1] % 4 else {"usage": {"prompt_tokens": 10, "completion_tokens": 2}}
            return 200, {}, {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]} | usage

        server.answer = answer
        engine = {"name": "openai", "base_url": server.url, "model": "m", "max_retries": 0, "concurrency": 1}
        endpoint = bench.checkpoint("remote", engine | {"price_in": 100.0})
        forced = BenchEntry(VERDICT | {"forced": True}, endpoint, "forced")
        cannot = "written_verdict is to force its replies, but remote cannot be held to a form (regex)"
        (ready,) = entries.checked(bench.curator, bench.project.id, [forced])
        assert ready.notes[0].startswith(cannot)
        bench_id = bench.open(forced, BenchEntry(VERDICT, endpoint, "ends early"))
        assert run_bench(bench_id) is JobStatus.done
    view = results.get(bench.curator, bench_id)
    first, second = view.judges
    # Of 40 replies 10 are counted: 100 tokens read at 100.0 a million, 20 written without a price.
    assert (first.prompt_tokens, first.cost, first.unpriced, first.uncounted) == (100, pytest.approx(0.01), 20, 30)
    # The other one's first batch was never written: one of its three replies was counted, and all were asked for.
    assert (second.done, second.prompt_tokens, second.unpriced, second.uncounted) == (0, 10, 2, 2)
    assert second.error is not None
    assert [note.startswith((cannot, "m at http")) for note in first.notes] == [True, True]
    assert second.notes == (), "it asked for no log-probs"
    assert "refuses logprobs" in first.notes[1]
    row = shown.bench(view)["rows"][-2]
    assert row["missing"] == ["30 replies without a count of tokens", "20 tokens without a price"]
    assert row["notes"] == list(first.notes)
    with reading() as db:
        (kept,) = db.get_one(tables.Checkpoint, endpoint).details["notes"]
    assert "refuses logprobs" in kept


def test_what_a_judge_was_asked_counts_where_its_first_batch_cannot_be_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_bench, "GROUPS_AT_ONCE", 4)
    write, failed = judge_bench._Tally.write, []

    def fails_once(*reply: Any) -> None:
        write(*reply)
        if not failed:
            failed.append(reply)
            raise RuntimeError("the disk is full")

    monkeypatch.setattr(judge_bench._Tally, "write", fails_once)
    asked: list[Any] = []
    with serving() as server:

        def answer(body: dict[str, Any]) -> Reply:
            asked.append(body)
            fields = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "fine;Y"}}
            return 200, {}, {"choices": [fields], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}

        server.answer = answer
        engine = {"name": "openai", "base_url": server.url, "model": "m"}
        bench_id = bench.open(BenchEntry(VERDICT, bench.checkpoint("remote", engine)))
        assert run_bench(bench_id) is JobStatus.done
        (view,) = results.get(bench.curator, bench_id).judges
    assert view.error is not None
    assert len(asked) > 0
    assert (view.done, view.prompt_tokens) == (0, 10 * len(asked)), "nothing of the batch stays but its price"


def test_a_filter_s_texts_are_judged_again_and_the_first_labels_stay(bench: Bench) -> None:
    before = words()
    only = Filters(max_score=3.0)
    bench_id = bench.open(bench.judge("kind", KIND), round_id=bench.team.round.id, filters=only)
    assert run_bench(bench_id) is JobStatus.done
    bench_view = results.get(bench.curator, bench_id)
    assert (bench_view.line.samples, bench_view.line.labelled, bench_view.filters) == (20, 20, {"max_score": 3.0})
    [pair] = bench_view.pairs
    assert (pair.first, pair.second, pair.agreement.value, pair.agreement.n) == (None, 0, 0.0, 20)
    opened = disagreements.read(bench.curator, bench_id, bench_view.judges[0].id, against=Against.before, limit=5)
    assert (opened.total, len(opened.items)) == (20, 5)
    first = opened.items[0]
    assert (first.verdict, first.other, first.people, first.is_gold) == (
        Verdict.accept,
        Verdict.reject,
        Verdict.reject,
        False,
    )
    assert (first.replies[0].rationale, first.replies[0].raw) == ("fine", "fine;Y")
    assert words() == before
    decided = bench.open(
        bench.judge("k1", KIND), round_id=bench.team.round.id, filters=Filters(max_score=3.0, decided="others")
    )
    assert results.get(bench.curator, decided).line.samples == 20, "what Samples finds for the same person"
    with pytest.raises(InvalidInput, match="finds no text"):
        bench.open(bench.judge("k2", KIND), round_id=bench.team.round.id, filters=Filters(min_score=900))
    with pytest.raises(InvalidInput, match="Name the round"):
        bench.open(bench.judge("k3", KIND), filters=only)


def test_which_labels_count_and_that_a_branch_counts_none_twice(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(prompts=12)
    other = rows.make_project()
    with session() as db:
        db.query(tables.Decision).filter_by(sample_id=bench.ids[0]).one().is_blind = False
        known = {"verdict": Verdict.accept, "created_at": now(), "round_id": bench.team.round.id}
        db.add(tables.GoldItem(sample_id=bench.ids[1], **known))
    counted = labels.count(bench.curator, bench.project.id)
    assert (counted.labels, counted.gold) == (23, 1)
    branch = rows.make_round(bench.project, branch_of_id=bench.team.round.id, branch_step=3, status=RoundStatus.done)
    with session() as db:
        for sample in db.query(tables.Sample).filter(tables.Sample.id.in_(bench.ids[2:6])).all():
            columns = {c.key: getattr(sample, c.key) for c in tables.Sample.__table__.columns if c.key != "id"}
            completion = tables.Sample(**columns | {"round_id": branch.id, "position": sample.position})
            group = db.get_one(tables.Group, sample.group_id)
            copy = tables.Group(
                round_id=branch.id, prompt_id=group.prompt_id, split=group.split, position=100 + sample.id
            )
            db.add(copy)
            db.flush()
            completion.group_id = copy.id
            db.add(completion)
            db.flush()
            db.add(tables.GoldItem(sample_id=completion.id, **known | {"round_id": branch.id}))
            db.add(tables.Label(sample_id=completion.id, round_id=branch.id, updated_at=completion.created_at))
    counted = labels.count(bench.curator, bench.project.id)
    assert counted.labels == 23, "each text once"
    assert counted.rounds == ((branch.id, branch.number, 4), (bench.team.round.id, 1, 23)), "as a bench of it finds"
    with reading() as db:
        assert len(labels.labelled(db, bench.project.id, bench.team.round.id)) == 23
    monkeypatch.setattr(labels, "ENOUGH", 4)
    counted = labels.count(bench.curator, bench.project.id)
    assert (counted.labels, counted.rounds[1][2], counted.is_all) == (4, None, False)
    assert labels.count(rows.make_actor(other, Role.curator), other.id).labels == 0


def test_what_cannot_be_tried_is_refused_with_a_way_out(bench: Bench) -> None:
    elsewhere = rows.make_checkpoint(rows.make_project())
    base = bench.checkpoint("base", KIND)
    for wrong, reply in (
        ([], "1 to 20 judges"),
        ([BenchEntry({"name": "nothing"})], "no judge named"),
        ([BenchEntry(VERDICT)], "no checkpoint is chosen"),
        ([BenchEntry(VERDICT | {"votes": 0}, base)], "Judge 1 cannot be used. votes: must be at least 1"),
        ([BenchEntry(VERDICT, base), BenchEntry({"name": "from_children"})], "Judge 2, from_children, goes by more"),
        ([BenchEntry({"name": "reward_model"}, base)], "score texts by a head"),
        ([BenchEntry(VERDICT, base, "a"), BenchEntry(VERDICT, base, "a")], "Two judges are called 'a'"),
    ):
        with pytest.raises(InvalidInput, match=reply):
            bench.open(*wrong)
    with pytest.raises(NotFound, match="not in this project"):
        bench.open(BenchEntry(VERDICT, elsewhere.id))
    with pytest.raises(InvalidInput, match="number"):
        bench.open(BenchEntry(VERDICT, base), number=5)
    checkeds = entries.checked(bench.curator, bench.project.id, [BenchEntry(VERDICT, base)] * 2)
    assert [entry.title for entry in checkeds] == [
        "written_verdict, base (1)",
        "written_verdict, base (2)",
    ]
    with session() as db:
        db.query(tables.Decision).delete()
    with pytest.raises(InvalidInput, match=r"0 samples carry a label .* needs 20\. Take items in the order random"):
        bench.open(BenchEntry(VERDICT, base))


def test_who_may_open_and_see_a_bench(bench: Bench) -> None:
    viewer, stranger = rows.make_actor(bench.project, Role.viewer), rows.make_actor(rows.make_project())
    judgments = bench.judge("kind", KIND)
    for actor, error in ((viewer, PermissionDenied), (bench.team.who("ann"), PermissionDenied), (stranger, NotFound)):
        with pytest.raises(error):
            opening.open_bench(actor, bench.project.id, [judgments])
    bench_id = bench.open(judgments)
    run_bench(bench_id)
    judge_id = results.get(bench.curator, bench_id).judges[0].id
    for actor, error in ((viewer, PermissionDenied), (stranger, NotFound)):
        with pytest.raises(error):
            results.get(actor, bench_id)
        with pytest.raises(error):
            disagreements.read(actor, bench_id, judge_id)
    assert [
        (bench_line.samples, bench_line.labelled) for bench_line in results.list_benches(viewer, bench.project.id)
    ] == [(None, None)]
    bench.close()
    assert results.get(viewer, bench_id).judges[0].figures is not None, "the review is over"
    assert [
        (bench_line.samples, bench_line.labelled) for bench_line in results.list_benches(viewer, bench.project.id)
    ] == [(40, 40)]
    with pytest.raises(Conflict, match="judge benches"):
        checkpoints.delete(bench.curator, judgments.checkpoint_id or 0)
    with session() as db:
        db.delete(db.get_one(tables.JudgeBench, bench_id))
    with reading() as db:
        assert db.query(tables.BenchJudgment).count() == db.query(tables.BenchSample).count() == 0


def test_a_gold_item_stays_hidden_while_a_branch_is_reviewed(bench: Bench) -> None:
    viewer, gold = rows.make_actor(bench.project, Role.viewer), bench.ids[1]
    known = {"verdict": Verdict.reject, "created_at": now(), "round_id": bench.team.round.id}
    with session() as db:
        db.add(tables.GoldItem(sample_id=gold, **known))
    bench_id = bench.open(bench.judge("kind", KIND))
    run_bench(bench_id)
    bench.close()
    judge_id = results.get(viewer, bench_id).judges[0].id
    branch = rows.make_round(bench.project, branch_of_id=bench.team.round.id, branch_step=3, status=RoundStatus.done)
    twig = rows.make_round(bench.project, branch_of_id=branch.id, branch_step=3, status=RoundStatus.review)
    for read in (lambda: results.get(viewer, bench_id), lambda: disagreements.read(viewer, bench_id, judge_id)):
        with pytest.raises(PermissionDenied, match="branch"):
            read()
    with session() as db:
        db.get_one(tables.Round, twig.id).status = RoundStatus.done
    shown = {
        actor: {item.sample_id: item.is_gold for item in disagreements.read(actor, bench_id, judge_id).items}
        for actor in (viewer, bench.curator)
    }
    assert (shown[viewer][gold], shown[bench.curator][gold]) == (False, True)


def test_the_number_of_disagreements_is_what_it_opens(bench: Bench) -> None:
    flaky = {"rules": [{"pattern": r"sample 3\.", "reply": "No.", "fails": "timeout"}, *MUMBLER["rules"]]}
    bench_id = bench.open(bench.judge("flaky", flaky))
    run_bench(bench_id)
    [judge] = results.get(bench.curator, bench_id).judges
    assert judge.figures is not None
    for against, number in (
        (Against.people, judge.figures.confusion.disagreements),
        (Against.before, judge.figures.before),
    ):
        assert disagreements.read(bench.curator, bench_id, judge.id, against=against).total == number == 19


def test_a_bench_of_a_deleted_round_is_not_of_all_rounds(bench: Bench) -> None:
    bench_id = bench.open(bench.judge("kind", KIND), round_id=bench.team.round.id)
    with session() as db:
        db.get_one(tables.JudgeBench, bench_id).round_id = None
    line = results.get(bench.curator, bench_id).line
    assert about(line, None) == "40 samples with labels of people, of round 1, which is gone."


def test_a_job_that_another_one_replaced_does_nothing(bench: Bench) -> None:
    bench_id = bench.open(bench.judge("kind", KIND))
    with session() as db:
        row = db.get_one(tables.JudgeBench, bench_id)
        spec = {"kind": judge_bench.KIND, "bench_id": bench_id}
        other = jobs.enqueue(db, stage=Stage.judge, project_id=bench.project.id, spec=spec)
        old, row.job_id = row.job_id, other.id
    with reading() as db:
        job = db.get_one(tables.Job, old)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    run.run_job(job.id, attempt)
    with reading() as db:
        result = db.get_one(tables.Job, job.id)
        assert (result.status, result.error) == (
            JobStatus.failed,
            f"The judge bench {bench_id} went on with job {other.id}. Resume that one instead.",
        )
        assert db.query(tables.BenchJudgment).count() == 0
