"""Counts of labels where what the machine gave is remembered, and figures of a large round that stand for a while."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from app.cli.commands import app
from backend.db import now, reading, session, tables
from backend.pipeline import health
from backend.services import judge_health
from backend.services.decisions import label_counts, slow_counts
from backend.services.people import accounts
from backend.services.rounds import kept_figures, round_versions
from backend.values import LabelSource, Role, RoundStatus, SampleKind, Split, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, Team
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.usefixtures("database")


def counted_plainly(round_id: int, *, edits: bool) -> dict[tuple[LabelSource, Verdict | None], int]:
    label = tables.Label
    query = select(label.source, label.verdict, func.count()).where(label.round_id == round_id)
    query = query if edits else query.where(label.kind != SampleKind.edit)
    with reading() as db:
        return {(source, verdict): n for source, verdict, n in db.execute(query.group_by(label.source, label.verdict))}


def compare(round_id: int) -> None:
    for edits in (True, False):
        with reading() as db:
            counted = label_counts.count_labels(db, round_id).sums(edits=edits)
        assert {key: n for key, n in counted.items() if n} == counted_plainly(round_id, edits=edits)


def test_what_people_change_is_counted_at_once_beside_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_counts, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(slow_counts, "STANDS", 1e9)
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["a", "b", "c"])
    round_ = rows.make_round(project, sets=[prompts])
    samples = rows.make_samples(round_, prompts, n=2, scores=[1.0, 0.0, None])
    compare(round_.id)
    with reading() as db:
        assert label_counts._by_machine.get(db, round_.id) is not None
    label = tables.Label

    def change(sample: tables.Sample, **values: object) -> None:
        with session() as db:
            db.execute(update(label).where(label.sample_id == sample.id).values(**values))
        compare(round_.id)

    change(samples[0], source=LabelSource.person, verdict=Verdict.reject, is_overridden=True)
    change(samples[2], source=LabelSource.person, verdict=Verdict.accept)  # the machine had said nothing
    with session() as db:
        group = db.get_one(tables.Group, samples[1].group_id)
        edited = rows._sample(round_, group, "better", 0, "stop", Split.train)
        edited.kind, edited.edited_from_id = SampleKind.edit, samples[1].id
        db.add(edited)
        db.flush()
        db.add(rows._label(edited, None, 0.5))
    change(edited, kind=SampleKind.edit, source=LabelSource.person, verdict=Verdict.accept)
    change(samples[0], source=LabelSource.judge, verdict=Verdict.accept, is_overridden=False)  # taken back


def test_many_that_were_counted_quickly_stand_while_nothing_changed_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label_counts, "LARGE", 0)
    monkeypatch.setattr(slow_counts, "STANDS", 1e9)
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["a", "b"])
    round_ = rows.make_round(project, sets=[prompts])
    samples = rows.make_samples(round_, prompts, scores=[1.0, 0.0])

    def is_kept() -> bool:
        with reading() as db:
            version = round_versions.of_machine(db, db.get_one(tables.Round, round_.id))
            assert label_counts._by_machine.get(db, round_.id) is None, "for no time of its own"
            return label_counts._by_machine.get(db, round_.id, version) is not None

    assert not is_kept()
    compare(round_.id)
    assert is_kept()
    label = tables.Label
    with session() as db:  # as an import does
        db.execute(
            update(label).where(label.sample_id == samples[0].id).values(verdict=Verdict.reject, machine_score=0.0)
        )
        db.add(tables.Event(project_id=project.id, verb="update samples", subject="1 sample"))
    assert not is_kept()
    compare(round_.id)


def test_the_first_decision_of_its_kind_that_comes_while_labels_are_counted_is_not_kept_as_the_judges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label_counts, "LARGE", 0)
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["a", "b"])
    round_ = rows.make_round(project, sets=[prompts])
    samples = rows.make_samples(round_, prompts, scores=[1.0, 0.0])
    label, changeable = tables.Label, label_counts._changeable

    def then_somebody_decides(db: Session, round_id: int) -> set[int]:
        facets = changeable(db, round_id)
        with session() as other:
            decided = {"source": LabelSource.person, "verdict": Verdict.reject}
            other.execute(update(label).where(label.sample_id == samples[0].id).values(decided))
        return facets

    with monkeypatch.context() as meanwhile, reading() as db:
        meanwhile.setattr(label_counts, "_changeable", then_somebody_decides)
        assert sum(label_counts.count_labels(db, round_.id).sums().values()) == len(samples)
    compare(round_.id)
    compare(round_.id)


class Asked:
    """How often figures of a round were computed."""

    def __init__(self) -> None:
        self.computed = Counter[int]()
        self.go = threading.Event()
        self.go.set()

    def compute(self, _db: Session, row: tables.Round) -> int:
        self.computed[row.id] += 1
        assert self.go.wait(PATIENCE)
        return self.computed[row.id]

    def ask(self, round_id: int, what: str = "agreement", *, more: str = "") -> kept_figures.Figures[int]:
        with reading() as db:
            return kept_figures.figures(
                db, db.get_one(tables.Round, round_id), what, self.compute, more=lambda *_: more
            )


def test_figures_of_a_small_round_are_computed_each_time_and_of_a_large_one_when_something_changes() -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=2)
    small, large = (
        rows.make_round(project, counts={"samples": n}, sets=[prompts], status=RoundStatus.review)
        for n in (99_999, 100_000)
    )
    asked, figures = Asked(), kept_figures.Figures
    assert [asked.ask(small.id), asked.ask(small.id)] == [figures(1), figures(2)]
    assert [asked.ask(large.id), asked.ask(large.id), asked.ask(large.id, "other")] == [
        figures(1),
        figures(1),
        figures(2),
    ]
    assert asked.ask(large.id, more="other limits") == figures(3)
    samples = rows.make_samples(large, prompts, scores=[1.0, 0.0])
    rows.make_decision(samples[0], rows.make_actor(project, Role.reviewer), "accept")
    assert asked.ask(large.id, more="other limits") == figures(4), "what is computed at once is never out of date"
    with session() as db:
        db.execute(update(tables.Round).where(tables.Round.id == large.id).values(review={"seed": 7}))
    assert asked.ask(large.id, more="other limits") == figures(5)


def test_figures_that_take_long_are_told_with_their_time_until_new_ones_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_figures, "QUICK_SECONDS", 0.0)
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=2)
    large = rows.make_round(project, counts={"samples": 100_000}, sets=[prompts], status=RoundStatus.review)
    samples, actor = rows.make_samples(large, prompts, scores=[1.0, 0.0]), rows.make_actor(project, Role.reviewer)
    asked, began = Asked(), now()
    assert asked.ask(large.id) == kept_figures.Figures(1)
    for number, sample in enumerate(samples[:3], start=1):
        rows.make_decision(sample, actor, "accept")
        told = asked.ask(large.id)
        assert told.value == number
        assert told.as_of is not None
        assert began <= told.as_of <= now()
        until(lambda number=number: asked.ask(large.id) == kept_figures.Figures(number + 1))
    monkeypatch.setattr(kept_figures, "OLDEST_SECONDS", 0.0)
    rows.make_decision(samples[3], actor, "accept")
    assert asked.ask(large.id) == kept_figures.Figures(5), "nobody is told what is too old"


@pytest.mark.parametrize(
    "change", [{"status": RoundStatus.held}, {"stage": Stage.train}, {"review": {"seed": 7}}, {"phase": 1}, {}]
)
def test_figures_are_new_at_once_when_more_changed_than_what_people_did(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setattr(kept_figures, "QUICK_SECONDS", 0.0)
    project = rows.make_project()
    large = rows.make_round(project, counts={"samples": 100_000}, status=RoundStatus.review)
    asked, figures = Asked(), kept_figures.Figures
    assert asked.ask(large.id, more="limits") == figures(1)
    if change:
        with session() as db:
            db.execute(update(tables.Round).where(tables.Round.id == large.id).values(**change))
    assert asked.ask(large.id, more="limits" if change else "other limits") == figures(2)


def test_the_light_is_by_the_limits_that_were_just_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_figures, "QUICK_SECONDS", 0.0)
    team = Team(prompts=6)
    with session() as db:
        db.execute(update(tables.Round).where(tables.Round.id == team.round.id).values(counts={"samples": 100_000}))
    before = judge_health.of_round(team.curator, team.round.id)
    judge_health.set_limits(team.curator, team.project.id, {"fewest": 2})
    after = judge_health.of_round(team.curator, team.round.id)
    with reading() as db:
        assert after == health.of_round(db, db.get_one(tables.Round, team.round.id))
    assert after != before
    team.act("ann", team.ids[0], ACCEPT)
    accounts.local_owner()
    told = CliRunner().invoke(app, ["round", "judge", "1", "--project", str(team.project.id)])
    assert told.exit_code == 0, told.output
    assert "As of " in told.output


def test_figures_are_computed_by_one_asker_at_a_time() -> None:
    project = rows.make_project()
    large = rows.make_round(project, counts={"samples": 100_000}, status=RoundStatus.review)
    asked = Asked()
    asked.go.clear()
    with ThreadPoolExecutor(4) as askers:
        told = [askers.submit(asked.ask, large.id) for _ in range(4)]
        until(lambda: asked.computed[large.id] == 1)
        asked.go.set()
        assert [future.result(PATIENCE) for future in told] == [kept_figures.Figures(1)] * 4
    assert asked.computed[large.id] == 1
