"""Informativeness: how likely a person's decision on a sample changes its label, written when the judge has ended.

It orders the review queue as active learning does, and labels nothing. It is made of `signs` and of a `surrogate` of
the judge. Of texts that a group has more than once all but the most informative are put behind all others (`repeats`).
"""

import numpy
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.judges import Judge
from backend.pipeline.informativeness import rows as judged
from backend.pipeline.informativeness.repeats import put_behind
from backend.pipeline.informativeness.signs import checker, compare, informativeness, plain_signs
from backend.pipeline.informativeness.surrogate import IS_TOP, VOTE_SHARE, features, probability_of_other_verdict
from backend.pipeline.stage import StageContext, derive_seed
from backend.values import LabelSource, Verdict

WRITTEN_AT_ONCE = 5_000
"""Rows of one transaction: other writers wait for it. Set by hand, not measured."""


def write(stage: StageContext, judge: Judge | None = None) -> None:
    """Write the informativeness of every completion that people are shown; writing again changes nothing.

    judge: whose labels these are; None: the recipe's only one.
    """
    judge = judge or stage.recipe.judge
    cut = judge.accept_at
    names, check = judged.verifiers(stage), checker(stage.recipe) if judged.has_answers(stage) else None
    samples: list[tuple[int, Verdict | None]] = []
    first: list[int] = []
    columns, signs = [], []
    for group in judged.read(judged.shown(stage), str(judge.name)):
        rows_of_group, texts = features(group), dict[int | str | bytes, int]()
        if check is not None:
            compare(check, group)
        for sample, row in zip(group, rows_of_group, strict=True):
            first.append(texts.setdefault(sample.same, len(samples)))
            samples.append((sample.id, sample.verdict))
            columns.append(row)
            share, is_top = row[VOTE_SHARE], row[IS_TOP] > 0
            signs.append(plain_signs(sample, cut=cut, verifiers=names, share=share, is_top=is_top))
    if not samples:
        return
    # Earlier versions drew by this word: a round that is judged again keeps its order.
    seed = derive_seed(stage.round.seed, "worth")
    other, feature = probability_of_other_verdict(numpy.array(columns), [verdict for _, verdict in samples], seed=seed)
    strongest = [informativeness(signs[n] | {feature[n]: float(other[n])}) for n in range(len(samples))]
    values = put_behind([value for value, _ in strongest], first)
    rows = [
        {"round_id": stage.round.id, "sample_id": sample_id, "informativeness": value, "why": sign, "is_open": True}
        for (sample_id, _), value, (_, sign) in zip(samples, values, strongest, strict=True)
    ]
    table = tables.Informativeness
    with stage.writing() as db:
        db.execute(delete(table).where(table.round_id == stage.round.id))
    for chunk in in_chunks(rows, WRITTEN_AT_ONCE):
        with stage.writing() as db:
            db.connection().execute(insert(table.__table__), chunk)  # type: ignore[arg-type]


def close_decided(db: Session, round_id: int) -> None:
    """Take out of the order what people have labelled, after it was written again in the middle of a review."""
    label, table = tables.Label, tables.Informativeness
    decided = select(label.sample_id).where(label.round_id == round_id, label.source == LabelSource.person)
    db.execute(update(table).where(table.round_id == round_id, table.sample_id.in_(decided)).values(is_open=False))
