"""Where a text stands in its round: the text that its question is about, and the questions about it with their answers.

In a blind review nothing of it is told: what was said of a text tells as much as the judge's score.
"""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import NotFound
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import correctness, text_steps, visibility
from backend.services.samples.rows import PREVIEW, SampleRow, read_rows
from backend.services.samples.visibility import Hidden

MOST_ABOVE = 8
"""So many texts above one are shown, the nearest first."""
MOST_QUESTIONS = 20
MOST_ANSWERS = 100
"""Over all questions about one text."""


@dataclass(frozen=True)
class ChainQuestion:
    """A question about a text, and the texts that answer it. `asked`: the end of what was asked, cut at `PREVIEW`."""

    step: int
    asked: str
    answers: tuple[SampleRow, ...]


@dataclass(frozen=True)
class Chain:
    """`names`: what the round's steps that make texts are called; empty for a recipe of slots.

    `above`: the text that the sample's question is about, then the text that that one's question is about, and so on.
    `is_hidden`: the chain is withheld until the review is over. `has_more`: not all questions about the text are here.
    """

    step: int
    role: str
    names: dict[int, str]
    above: tuple[SampleRow, ...] = ()
    questions: tuple[ChainQuestion, ...] = ()
    is_hidden: bool = False
    has_more: bool = False


def read(actor: Actor, sample_id: int) -> Chain:
    """The chain of one sample; raises `NotFound`, and `PermissionDenied` while the sample itself is hidden."""
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        round_ = get_row(db, actor, sample.round_id)
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse_hidden(kept, round_, sample)
        return of(db, actor, sample, round_, kept)


def of(db: Session, actor: Actor, sample: tables.Sample, round_: tables.Round, kept: Hidden) -> Chain:
    """The chain of a sample, as far as the actor may see it now."""
    names = text_steps.named(db, round_)
    if not names or kept.judge:
        return Chain(sample.step, sample.role, names, is_hidden=bool(names))
    above, questions, answers = _above(db, sample), *_below(db, sample)
    ids = [*above, *(sample_id for some in answers.values() for sample_id in some)]
    rows_read = correctness.checked(db, round_, read_rows(db, tuple(ids)))
    rows = {row.id: row for row in visibility.visible_rows(db, actor, kept, rows_read)}
    return Chain(
        sample.step,
        sample.role,
        names,
        above=tuple(rows[sample_id] for sample_id in above),
        questions=tuple(
            ChainQuestion(group.step, _end(group), tuple(rows[sample_id] for sample_id in answers[group.id]))
            for group in questions[:MOST_QUESTIONS]
        ),
        has_more=len(questions) > MOST_QUESTIONS or sum(map(len, answers.values())) == MOST_ANSWERS,
    )


def _above(db: Session, sample: tables.Sample) -> list[int]:
    """The ids of the texts above, nearest first."""
    ids_above: list[int] = []
    group_id = sample.group_id
    while len(ids_above) < MOST_ABOVE:
        parent = db.scalar(
            select(tables.Group.parent_id)
            .join(tables.Sample, tables.Sample.id == tables.Group.parent_id)
            .where(tables.Group.id == group_id, tables.Sample.round_id.not_in(_in_trash()))
        )
        if parent is None:
            break
        ids_above.append(parent)
        group_id = db.get_one(tables.Sample, parent).group_id
    return ids_above


def _in_trash() -> Select[int]:
    """The ids of rounds in the trash, whose texts nobody is shown."""
    project = tables.Project
    hidden = select(project.id).where(project.trash_of_id.is_not(None))
    return select(tables.Round.id).where(tables.Round.project_id.in_(hidden))


def _below(db: Session, sample: tables.Sample) -> tuple[list[tables.Group], dict[int, list[int]]]:
    """The questions about a text in the order in which they were asked, and the ids of the answers to each.

    Only texts with a label: those that lists show.
    """
    group, answer, label = tables.Group, tables.Sample, tables.Label
    query = (
        select(group)
        .where(group.parent_id == sample.id, group.round_id.not_in(_in_trash()))
        .order_by(group.step, group.position)
    )
    questions = list(db.scalars(query.limit(MOST_QUESTIONS + 1)))
    answers: dict[int, list[int]] = {question.id: [] for question in questions}
    shown = [question.id for question in questions[:MOST_QUESTIONS]]
    children = (
        select(answer.group_id, answer.id)
        .join(label, label.sample_id == answer.id)
        .where(answer.group_id.in_(shown))
        .order_by(answer.group_id, answer.step, answer.kind, answer.position, answer.id)
        .limit(MOST_ANSWERS)
    )
    for group_id, sample_id in db.execute(children) if shown else ():
        answers[group_id].append(sample_id)
    return questions, answers


def _end(group: tables.Group) -> str:
    """The end of what a group asks: a template's own words come last, the text it is about before them."""
    text = str(group.messages[-1]["content"]) if group.messages else ""
    return text if len(text) <= PREVIEW else f"… {text[-PREVIEW:]}"
