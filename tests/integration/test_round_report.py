"""What the report of a round says, with numbers worked out by hand, and what it says is missing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.widgets.round_texts import texts
from backend import translations
from backend.db import session, tables
from backend.errors import NotFound
from backend.services import round_report
from backend.services.access import Actor
from backend.services.round_report import drawn, opened
from backend.values import DatasetType, FailureKind, JobStatus, LabelSource, Role, RoundStatus, Split, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, RECIPE, REJECT, Team

pytestmark = pytest.mark.usefixtures("database")

FUNNEL: list[dict[str, Any]] = [
    {"stage": "prompts", "count": 10, "dropped": {}},
    {"stage": "samples", "count": 20, "dropped": {}},
    {"stage": "judged", "count": 18, "dropped": {"no verdict in any reply": 2}},
    {"stage": "labelled", "count": 18, "dropped": {}, "by people": 0},
    {"stage": "selected", "count": 6, "dropped": {"tie": 2, "one sample": 1}, "unit": "groups"},
    {"stage": "training rows", "count": 8, "dropped": {}, "earlier rounds": 2, "seed rows": 0},
]


class Done:
    """A round that is done: 10 prompts of two topics, 20 texts scored 5, 1 and so on, two unparsed, measured."""

    def __init__(self, **columns: Any) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project, Role.curator)
        self.base = rows.make_checkpoint(self.project, "base")
        self.checkpoint = rows.make_checkpoint(self.project, "made", parent=self.base)
        self.prompts = rows.make_prompt_set(self.project, prompts=10)
        held_out = rows.make_prompt_set(self.project, split=Split.held_out, prompts=4)
        recipe = RECIPE | {"generator": {"name": "sample", "n": 2, "temperature": 0.9}}
        counts = {
            "prompts": 10,
            "samples": 20,
            "tokens": 400,
            "truncated": 0,
            "judgments": 20,
            "unparsed": 2,
            "kept": 6,
            "judge_tokens": 200,
            "decided": 0,
            "overridden": 0,
            "funnel": FUNNEL,
        }
        done = {"status": RoundStatus.done, "stage": Stage.evaluate, "checkpoint_id": self.checkpoint.id}
        self.round = rows.make_round(
            self.project,
            self.base,
            sets=[self.prompts],
            held_out=[held_out],
            **{"recipe": recipe, "counts": counts, "created_by": self.actor.user_id} | done | columns,
        )
        with session() as db:
            for n, prompt in enumerate(
                db.query(tables.Prompt).filter_by(prompt_set_id=self.prompts.id).order_by(tables.Prompt.id)
            ):
                prompt.extra = {"topic": "sums" if n < 5 else "words", "id": n, "note": "x" * 60}
        scores = [5.0, 1.0] * 9 + [None, None]
        self.samples = rows.make_samples(self.round, self.prompts, texts=["a b", "c d e"], scores=scores, threshold=4.0)
        with session() as db:
            for sample in self.samples[18:]:
                db.get_one(tables.Label, sample.id).is_unparsed = True
        self.dataset = rows.make_dataset(
            self.round,
            DatasetType.preference,
            [{"prompt_id": s.prompt_id, "sample_id": s.id} for s in self.samples[:8]],
            funnel=FUNNEL,
            provenance={"seed": 1, "people": {"Ada": 3}},
        )

    def measure(self, checkpoint: tables.Checkpoint | None, name: str, value: float | None, **columns: Any) -> None:
        with session() as db:
            db.add(
                tables.Metric(
                    project_id=self.project.id,
                    round_id=self.round.id,
                    name=name,
                    value=value,
                    checkpoint_id=checkpoint.id if checkpoint else None,
                    **columns,
                )
            )

    def report(self, actor: Actor | None = None) -> round_report.Report:
        return round_report.get(actor or self.actor, self.round.id)


def test_what_was_asked_for_is_told_beside_the_recipe() -> None:
    done = Done()
    with session() as db:
        job = {"project_id": done.project.id, "round_id": done.round.id, "queue": "generate"}
        db.add(
            tables.Executor(
                id="host-1",
                host="host",
                process_id=1,
                queues="",
                heartbeat_at=done.round.created_at,
                started_at=done.round.created_at,
            )
        )
        db.flush()
        db.add(
            tables.Job(
                workflow_id="a",
                stage=Stage.generate,
                executor_id="host-1",
                attempt=1,
                started_at=done.round.created_at,
                finished_at=done.round.created_at,
                **job,
            )
        )
    opening_section = done.report().opening
    assert (opening_section.head.number, opening_section.head.checkpoint, opening_section.head.created_by) == (
        1,
        "made",
        done.actor.name,
    )
    generator = opening_section.asked.steps[1]
    assert generator.line.startswith("2. generator: sample")
    differs = {
        knob.name: (knob.value, knob.default)
        for step in opening_section.asked.steps
        for knob in step.knobs
        if knob.differs
    }
    assert differs["temperature"] == ("0.9", "0.7")
    assert differs["n"] == ("2", "4"), "self_rewarding writes four texts a prompt"
    assert {(role.role, role.checkpoint) for role in opening_section.asked.roles} == {
        ("policy", "base"),
        ("reference", "base"),
        ("judge", "base"),
        ("made", "made"),
    }
    (template,) = opening_section.asked.templates
    assert template.step == 3
    assert "{response}" in template.text
    assert [(stage.what, stage.worker, stage.host, stage.seconds) for stage in opening_section.asked.stages] == [
        ("generate", "host-1", "host", 0.0)
    ]


def test_metrics_change_against_the_start_and_are_unknown_where_they_are() -> None:
    done = Done()
    by = {"measured_by": {"prompt_sets": [2]}}
    rest = list(range(4, 13))
    was, now = {"right": [1], "wrong": [2, 3, *rest]}, {"right": [2, 3], "wrong": [1, *rest]}
    done.measure(done.base, "held_out_accuracy", 1 / 12, low=0.01, high=0.4, n=12, details=was | by)
    # Measured again in another way, by the parent: not what the new one is compared with.
    parent = rows.make_round(done.project)
    other = was | {"measured_by": {"prompt_sets": [2], "max_tokens": 7}}
    with session() as db:
        db.get_one(tables.Round, done.round.id).parent_id = parent.id
        db.add(
            tables.Metric(
                project_id=done.project.id,
                round_id=parent.id,
                checkpoint_id=done.base.id,
                name="held_out_accuracy",
                value=0.9,
                low=0.7,
                high=1.0,
                n=12,
                details=other,
            )
        )
    done.measure(done.checkpoint, "held_out_accuracy", 1 / 6, low=0.05, high=0.5, n=12, details=now | by)
    done.measure(done.base, "held_out_tokens", 10.0, low=8.0, high=12.0, n=4, details=by)
    done.measure(done.checkpoint, "held_out_tokens", 13.0, low=10.0, high=16.0, n=4, details=by)
    done.measure(None, "override_rate", None)
    metrics = {(metric.name, metric.of): metric for metric in done.report().opening.measured.metrics}
    accuracy = metrics["held_out_accuracy", "made"]
    assert (accuracy.before, accuracy.newly_right, accuracy.newly_wrong) == (1 / 12, 2, 1)
    assert accuracy.change == pytest.approx(1 / 12)
    assert accuracy.change_low is None, "twelve prompts are too few for an interval"
    assert accuracy.p == pytest.approx(1.0), "of three that changed, one or two on a side is chance"
    # Independent: standard errors 2/1.96 and 3/1.96, so half of the interval is sqrt(4 + 9) = 3.60555.
    tokens = metrics["held_out_tokens", "made"]
    assert (tokens.change, tokens.change_high) == (3.0, pytest.approx(3.0 + 3.60555, abs=1e-3))
    assert tokens.p is None
    assert metrics["held_out_accuracy", "start"].change is None
    rate = metrics["override_rate", "round"]
    assert (rate.value, rate.low, rate.change) == (None, None, None)
    missing = done.report().opening.measured.missing
    assert missing == (
        "override_rate could not be computed from 0 rows: in a review people have to decide on samples that the judge "
        "labelled.",
    )


def test_the_way_to_the_rows_says_who_fell_out_and_where_to_see_them() -> None:
    done = Done()
    (flow,) = done.report().texts.flows.flows
    assert [(stage.name, stage.count, stage.unit, stage.share) for stage in flow.stages] == [
        ("prompts", 10, "prompts", None),
        ("samples", 20, "samples", 1.0),
        ("judged", 18, "samples", 0.9),
        ("labelled", 18, "samples", 1.0),
        ("selected", 6, "groups", 6 / 9),
        ("training rows", 8, "rows", 1.0),
    ]
    arms = {arm.reason: (arm.count, arm.href) for stage in flow.stages for arm in (*stage.dropped, *stage.joined)}
    assert arms["no verdict in any reply"] == (2, f"samples?round={done.round.id}&only=is_unparsed")
    assert arms["tie"] == (2, f"samples?round={done.round.id}&verdict=accept,reject")
    assert arms["rows of earlier rounds"] == (2, f"datasets?dataset={done.dataset.id}")
    (card,) = done.report().work.datasets
    assert card.parts == {"selected here": 6, "earlier rounds": 2}
    assert card.made_from == {"seed": "1"}, "names of people stand in their own section"


def test_what_people_and_the_judge_rejected_leads_to_the_samples_of_each() -> None:
    done = Done()
    assert texts(done.report().texts)["flows_missing"] == []
    selected = {
        "stage": "selected",
        "count": 6,
        "dropped": {
            "rejected by a person": 3,
            "same text as one rejected by a person": 4,
            "rejected by the judge": 2,
            "rejected": 1,
        },
        "unit": "samples",
    }
    with session() as db:
        db.get_one(tables.Dataset, done.dataset.id).funnel = [*FUNNEL[:4], selected, FUNNEL[5]]
    (flow,) = done.report().texts.flows.flows
    hrefs = {arm.reason: arm.href for stage in flow.stages for arm in stage.dropped}
    rejected = f"samples?round={done.round.id}&verdict=reject"
    assert hrefs["rejected by a person"] == f"{rejected}&source=person"
    assert hrefs["rejected by the judge"] == f"{rejected}&source=judge"
    assert hrefs["rejected"] == rejected
    assert hrefs["same text as one rejected by a person"] == f"samples?round={done.round.id}&verdict=accept,reject"


def test_shares_are_of_what_counts_the_same_and_without_what_joined() -> None:
    done = Done()

    def shares(*stages: dict[str, Any]) -> list[str]:
        with session() as db:
            db.get_one(tables.Dataset, done.dataset.id).funnel = list(stages)
        return [stage["share"] for stage in texts(done.report().texts)["flows"][0]["stages"]]

    assert shares(*FUNNEL) == [
        "",
        "2 for each prompt",
        "90.0% of the stage before",
        "100.0% of the stage before",
        "66.7% of 9 groups that were looked at",
        "6 of the stage before (100.0%), 2 joined",
    ]
    left_out = FUNNEL[0] | {"dropped": {"too long": 2}}
    selected = {"stage": "selected", "count": 6, "dropped": {"below threshold": 12}, "unit": "samples"}
    alone = FUNNEL[5] | {"count": 6, "earlier rounds": 0}
    assert shares(left_out, *FUNNEL[1:4], selected, alone) == [
        "",
        "2.5 for each prompt, of 80.0% of the prompts",
        "90.0% of the stage before",
        "100.0% of the stage before",
        "33.3% of the stage before",
        "100.0% of the stage before",
    ]


def test_spreads_count_verdicts_by_score_and_by_category() -> None:
    done = Done()
    (spread,) = done.report().texts.spreads.spreads
    assert (spread.counted, sum(score.count for score in spread.scores)) == (20, 18)
    first, last = spread.scores[0], spread.scores[-1]
    assert (first.low, first.count, first.accepted, first.rejected) == (1.0, 9, 0, 9)
    assert (last.high, last.count, last.accepted, last.rejected) == (5.0, 9, 9, 0)
    assert (sum(length.count for length in spread.lengths), spread.lengths[0].count) == (20, 10)
    categories = {(category.key, category.value): category for category in spread.categories}
    assert set(categories) == {("topic", "sums"), ("topic", "words")}, "numbers of prompts sort them into nothing"
    sums, words = categories["topic", "sums"], categories["topic", "words"]
    # Wilson's interval of 5 of 10: middle 0.5, half 1.96 * sqrt(0.025 + 0.0096) / 1.384 = 0.2634.
    assert (sums.accepted, sums.low, sums.high) == (
        0.5,
        pytest.approx(0.2366, abs=1e-4),
        pytest.approx(0.7634, abs=1e-4),
    )
    assert (words.n, words.judged, words.accepted, words.score) == (10, 8, None, None), "eight verdicts are too few"


def test_of_very_many_texts_an_even_draw_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Done()
    rows.make_samples(rows.make_round(done.project, done.base), done.prompts, scores=[1.0])
    monkeypatch.setattr(drawn, "MOST", 8)
    monkeypatch.setattr(drawn, "BLOCKS", 4)
    spreads = done.report().texts.spreads
    assert (spreads.counted, spreads.total) == (8, 20)
    assert spreads.spreads[0].missing[0] == "Only 8 texts have a score; from fewer than 10 no distribution is drawn."


def test_the_ends_of_the_list_and_what_people_changed_most(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Done()
    with session() as db:
        for sample, score in ((done.samples[1], 4.0), (done.samples[3], 5.0)):
            label = db.get_one(tables.Label, sample.id)
            label.score, label.verdict, label.source, label.is_overridden = (
                score,
                Verdict.accept,
                LabelSource.person,
                True,
            )
        db.get_one(tables.Label, done.samples[4].id).machine_spread = 1.5
    best, worst, torn, changed = done.report().texts.extremes
    assert [row.score for row in best.rows] == [5.0] * 10
    assert {row.score for row in worst.rows} == {1.0, 4.0}
    assert [row.id for row in torn.rows] == [done.samples[4].id]
    assert [row.id for row in changed.rows] == [done.samples[3].id, done.samples[1].id], "by 4 points, then by 3"
    assert changed.href == f"samples?round={done.round.id}&only=is_overridden"
    monkeypatch.setattr(opened, "STANDS", 3600.0)
    texts = round_report.texts_opened(done.actor, done.round.id)
    assert texts == done.report().texts
    assert round_report.texts_opened(done.actor, done.round.id) is texts, "a page that opens asks again"
    rows.make_decision(done.samples[5], done.actor, "reject")
    assert round_report.texts_opened(done.actor, done.round.id) is not texts, "something was decided"


def test_texts_are_kept_until_something_of_their_round_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Done()
    monkeypatch.setattr(opened, "STANDS", 3600.0)
    elsewhere = rows.make_round(done.project, done.base)

    def asked() -> object:
        return round_report.texts_opened(done.actor, done.round.id)

    kept = asked()
    (sample, *_) = rows.make_samples(elsewhere, done.prompts, scores=[1.0])
    rows.make_decision(sample, done.actor, "reject")
    assert asked() is kept, "what happens in another round changes nothing"
    with session() as db:
        row = db.get_one(tables.Round, done.round.id)
        row.review = {**row.review, "num_reviewers_per_item": 3}
    assert asked() is not kept, "its settings"
    rows.make_dataset(done.round, DatasetType.preference, [], step=5)
    kept = asked()
    with session() as db:
        db.delete(db.get_one(tables.Dataset, done.dataset.id))
    assert asked() is not kept, "a dataset that was not the newest"
    kept = asked()
    with session() as db:
        db.get_one(tables.Round, done.round.id).archived_at = datetime.now(UTC)
    assert asked() is not kept, "archived"
    assert asked() is asked()


def test_people_and_what_it_cost() -> None:
    team = Team(prompts=3, num_reviewers_per_item=2)
    with session() as db:
        row = db.get_one(tables.Round, team.round.id)
        row.counts = {"samples": 6, "tokens": 60, "judge_tokens": 30, "kept": 2, "decided": 4, "overridden": 1}
    for n in team.ids[:4]:
        team.act("ann", n, ACCEPT, seconds=30.0)
    for n in team.ids[:2]:
        team.act("bob", n, REJECT if n == team.ids[0] else ACCEPT, seconds=15.0)
    work_section = round_report.work(team.curator, team.round.id)
    assert work_section.people.kinds == {"accept": 5, "reject": 1}
    assert [(entry.decided, entry.minutes) for entry in work_section.people.each] == [(4, 2.0), (2, 0.5)]
    assert work_section.people.minutes == 2.5
    assert (work_section.people.share, work_section.people.low) == (0.25, pytest.approx(0.0456, abs=1e-4)), (
        "Wilson's of 1 of 4"
    )
    assert work_section.people.target == ""
    (verdicts,) = work_section.people.agreement
    assert (verdicts.n, verdicts.share) == (2, 0.5)
    assert work_section.cost.tokens_per_row == 45.0
    assert work_section.cost.minutes_per_row == 1.25
    assert work_section.cost.tokens_read is None
    reviewer = round_report.get(team.who("ann"), team.round.id)
    assert not reviewer.work.people.is_told, "a count that moves would name gold items"
    assert reviewer.texts.spreads.spreads[0].scores == ()
    assert all(extreme.rows == () for extreme in reviewer.texts.extremes)
    assert "hidden from you" in reviewer.texts.extremes[0].missing


def test_what_is_kept_of_a_round_is_in_the_language_of_who_asks() -> None:
    done = Done()
    (english,) = round_report.texts_opened(done.actor, done.round.id).flows.flows
    with translations.using("de"):
        (german,) = round_report.texts_opened(done.actor, done.round.id).flows.flows
    assert (english.title, german.title) == (
        "Step 4: 8 rows of the type preference",
        "Schritt 4: 8 Zeilen vom Typ Präferenz",
    )
    assert round_report.texts_opened(done.actor, done.round.id).flows.flows == (english,)


def test_nothing_that_is_missing_is_said_in_english_to_who_reads_german() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project, Role.curator), rows.make_checkpoint(project, "base")
    prompts = rows.make_prompt_set(project)
    rounds = [
        rows.make_round(project, base, status=RoundStatus.failed, stage=Stage.judge, error="The engine died."),
        rows.make_round(project, base, status=RoundStatus.running, stage=Stage.judge, is_reviewed=True),
        rows.make_round(project, base, sets=[prompts], stage=Stage.select, counts={"samples": 3, "judgments": 3}),
        rows.make_round(project, base, status=RoundStatus.done, stage=Stage.evaluate),
        rows.make_round(project, base, archived_at=datetime.now(UTC)),
    ]
    rows.make_samples(rounds[2], prompts, n=1, scores=[1.0, None, 0.0])
    for round_ in rounds:
        english = _missing(round_report.get(actor, round_.id))
        with translations.using("de"):
            german = _missing(round_report.get(actor, round_.id))
        assert len(german) == len(english) > 3
        assert [text for text in german if text in english] == []


def _missing(report: round_report.Report) -> list[str]:
    """What a report says is not there, and its warnings."""
    opening, texts_, work = report.opening, report.texts, report.work
    return [
        *opening.asked.missing,
        *opening.measured.missing,
        *(warned.text for warned in opening.warnings),
        *texts_.flows.missing,
        *texts_.spreads.missing,
        *(text for spread in texts_.spreads.spreads for text in spread.missing),
        *(extreme.missing for extreme in texts_.extremes if extreme.missing),
        *work.people.missing,
        *work.cost.missing,
    ]


def test_a_round_with_nothing_in_it_says_what_is_missing_and_how_to_get_it() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.viewer)
    round_ = rows.make_round(project, status=RoundStatus.failed, stage=Stage.judge, error="The engine died.\nlines")
    report = round_report.get(actor, round_.id)
    assert "choose it when you launch the next round" in " ".join(report.opening.asked.missing)
    assert "Go on with it on the Jobs page." in report.opening.measured.missing[0]
    assert report.opening.warnings[0].text == "The round failed in the stage judge: The engine died."
    assert report.texts.flows.flows == ()
    assert report.texts.spreads.spreads == ()
    assert report.work.datasets == ()
    assert report.work.cost.tokens_per_row is None
    assert report.work.people.missing[0].endswith("Launch the next round with a review.")
    ahead = rows.make_round(project, status=RoundStatus.running, stage=Stage.judge, is_reviewed=True)
    ahead_work = round_report.work(rows.make_actor(project, Role.curator), ahead.id)
    assert ahead_work.people.missing[0].endswith("the review begins when the round's texts are ready.")


def test_three_samples_are_listed_and_not_drawn() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.viewer)
    prompts = rows.make_prompt_set(project)
    counts = {"prompts": 3, "samples": 3, "tokens": 6, "unparsed": 1, "judgments": 3}
    round_ = rows.make_round(project, sets=[prompts], stage=Stage.select, counts=counts)
    rows.make_samples(round_, prompts, n=1, scores=[1.0, None, 0.0])
    report = round_report.get(actor, round_.id)
    (spread,) = report.texts.spreads.spreads
    assert (spread.scores, spread.lengths, spread.counted) == ((), (), 3)
    assert spread.missing[:2] == (
        "Only 2 texts have a score; from fewer than 10 no distribution is drawn.",
        "There are only 3 texts; from fewer than 10 no distribution is drawn.",
    )
    best, worst, torn, _ = report.texts.extremes
    assert len(best.rows) == 2
    assert "too few for a list of the worst" in worst.missing
    assert "set its votes to 3 or more" in torn.missing
    (flow,) = report.texts.flows.flows
    assert [(stage.name, stage.count) for stage in flow.stages] == [("prompts", 3), ("samples", 3), ("judged", 2)]
    assert "Nothing is selected yet" in report.texts.flows.missing[0]


def test_failures_are_counted_by_stage_and_kind_with_their_reasons() -> None:
    done = Done()
    with session() as db:
        for n, kind in enumerate((FailureKind.timeout, FailureKind.timeout, FailureKind.context)):
            db.add(
                tables.LeftOut(
                    project_id=done.project.id,
                    round_id=done.round.id,
                    stage=Stage.generate,
                    item=str(n),
                    kind=kind,
                    reason=f"reason {n}",
                    prompt_id=done.samples[0].prompt_id,
                )
            )
    failed = done.report().work.failed
    assert [(count.reason, count.count) for count in failed.counts] == [
        ("generate: timeout", 2),
        ("generate: context", 1),
    ]
    assert [row.reason for row in failed.rows] == ["reason 0", "reason 1", "reason 2"]
    assert "frozen" in failed.cannot_retry
    assert done.report().opening.warnings[-1].text == "3 prompts, replies or rows were left out."


def test_a_stranger_learns_nothing_and_a_viewer_no_names() -> None:
    done = Done()
    rows.make_decision(done.samples[0], done.actor)
    with pytest.raises(NotFound):
        done.report(rows.make_actor())
    people = done.report(rows.make_actor(done.project, Role.viewer)).work.people
    assert (people.people, people.each) == (1, ())
    assert [actor.name for actor in done.report().work.people.each] == [done.actor.name]


def test_a_recipe_that_cannot_be_read_leaves_the_rest_to_be_read() -> None:
    done = Done(recipe=rows.RECIPE | {"judge": {"name": "gone_judge"}})
    report = done.report()
    assert report.opening.asked.steps == ()
    assert "not installed any more" in report.opening.asked.missing[0]
    assert report.texts.spreads.counted == 20


def test_tokens_trained_on_say_what_is_not_in_them() -> None:
    done = Done()

    def trained(name: str, points: dict[int, float]) -> None:
        with session() as db:
            job: Any = tables.Job(
                project_id=done.project.id,
                round_id=done.round.id,
                workflow_id=name,
                stage=Stage.train,
                queue="train",
                status=JobStatus.done,
                total=8,
            )
            db.add(job)
            db.flush()
            db.add_all(
                tables.JobPoint(job_id=job.id, name="num_tokens", step=step, value=value)
                for step, value in points.items()
            )

    assert done.report().work.cost.tokens_trained is None
    trained("whole", {1: 100.0, 8: 800.0})
    cost = done.report().work.cost
    assert cost.tokens_trained == 800
    assert not any("trained on" in sentence for sentence in cost.missing)
    trained("an earlier version's", {1: 50.0})
    trained("counts none", {})
    cost = done.report().work.cost
    assert cost.tokens_trained == 850
    assert [sentence for sentence in cost.missing if "trained on" in sentence] == [
        "The tokens trained on are those up to step 1 of 8, the last one that was logged of a training.",
        "A training whose trainer counts no tokens is not in the tokens trained on.",
    ]
