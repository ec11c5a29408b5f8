"""Counts of labels where what the machine gave is remembered, and figures of a large round that stand for a while."""

from collections import Counter

import pytest
from sqlalchemy import func, select, update

from backend.db import reading, session, tables
from backend.services.decisions import label_counts, slow_counts
from backend.services.rounds import kept_figures
from backend.values import LabelSource, SampleKind, Split, Verdict
from tests import rows

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


def test_figures_of_a_large_round_stand_for_a_while_and_those_of_a_small_one_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_figures, "STANDS", 1e9)
    project = rows.make_project()
    small, large = (rows.make_round(project, counts={"samples": n}) for n in (99_999, 100_000))
    computed = Counter[int]()

    def ask(row: tables.Round, what: str = "agreement") -> int:
        def compute() -> int:
            computed[row.id] += 1
            return computed[row.id]

        return kept_figures.figures(row, what, compute)

    assert [ask(small), ask(small)] == [1, 2]
    assert [ask(large), ask(large), ask(large, "reviewers"), ask(large)] == [1, 1, 2, 1]
    large.review = large.review | {"seed": 7}
    assert ask(large) == 3  # other settings
