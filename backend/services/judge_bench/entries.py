"""The judges of a bench as they are given, checked before any of them is asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, recipes, sandbox
from backend.db import reading, tables
from backend.engines import WAYS_OUT, Engine
from backend.errors import InvalidInput, MissingPrerequisite, NotFound, UnknownPart, UnreadableRecipe
from backend.judges import Judge
from backend.pipeline import bind
from backend.services import refusals
from backend.services.access import Actor, require
from backend.services.plans import endpoints
from backend.services.plans.checks import runs_programs
from backend.services.recipes.parts import parts_in
from backend.values import JSON, Role

MOST_JUDGES = 20
LOOKED_AT = 20
"""So many of the newest rounds are asked for their judge."""


@dataclass(frozen=True)
class BenchEntry:
    """A judge part with its knobs, or its name alone; the checkpoint that it asks, if it asks one; its title, if it
    shall have another than it gets."""

    judge: JSON | str
    checkpoint_id: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Checked:
    """A judge that can be tried, whole."""

    judge: Judge
    checkpoint_id: int | None
    title: str
    notes: tuple[str, ...] = ()
    """What the checkpoint cannot do for it, where that keeps it from nothing."""


def check(db: Session, project_id: int, entries: Sequence[BenchEntry]) -> list[Checked]:
    """Return the judges; raises `InvalidInput`, `NotFound` or `MissingPrerequisite` that names the judge by its place
    in the list."""
    if not 1 <= len(entries) <= MOST_JUDGES:
        raise InvalidInput(f"A bench has 1 to {MOST_JUDGES} judges, not {len(entries)}. Add some, or open several.")
    entries_ = [_checked(db, project_id, place, entry) for place, entry in enumerate(entries, start=1)]
    titles = Counter(entry.title for entry in entries_)
    if given := [entry.title for entry in entries if titles[entry.title.strip()] > 1]:
        raise InvalidInput(f"Two judges are called {given[0]!r}. Give one of them another title.")
    numbers: Counter[str] = Counter()
    for place, entry in enumerate(entries_):
        if titles[entry.title] > 1:
            numbers[entry.title] += 1
            entries_[place] = replace(entry, title=f"{entry.title} ({numbers[entry.title]})")
    return entries_


def read(judge: JSON | str) -> Judge:
    """The part; raises `InvalidInput` that names the knob."""
    try:
        part = Judge.load(boundary.plain(judge))
    except ValidationError as error:
        raise InvalidInput(refusals.explain(error)) from error
    if not isinstance(part, Judge):
        raise InvalidInput("A judge is an object with a name and knobs, or a name alone. Give one of them.")
    return part


def _checked(db: Session, project_id: int, place: int, entry: BenchEntry) -> Checked:
    try:
        judge = read(entry.judge)
    except UnknownPart:
        raise
    except InvalidInput as error:
        raise InvalidInput(f"Judge {place} cannot be used. {error.message}") from error
    who = f"Judge {place}, {judge.name},"
    if judge.looks_elsewhere:
        raise InvalidInput(
            f"{who} goes by more than a prompt and the texts that answer it, which only a step of a recipe gives it. "
            "Choose another one, or branch off the round with it."
        )
    _check_ready(judge, who)
    checkpoint = _checkpoint(db, project_id, judge, entry.checkpoint_id, who) if judge.needs_engine else None
    title = boundary.name(entry.title, f"The title of judge {place}") if entry.title.strip() else ""
    by = f", {checkpoint.name}" if checkpoint is not None else ""
    votes = getattr(judge, "votes", 1)
    many = f", {votes} votes" if isinstance(votes, int) and votes > 1 else ""
    title = title or f"{judge.name}{by}{many}"[:100]
    notes = endpoints.unforced(judge, str(judge.name), checkpoint) if checkpoint is not None else ()
    return Checked(judge, checkpoint.id if checkpoint else None, title, tuple(notes))


def _checkpoint(db: Session, project_id: int, judge: Judge, checkpoint_id: int | None, who: str) -> tables.Checkpoint:
    if checkpoint_id is None:
        raise InvalidInput(f"{who} asks a model, but no checkpoint is chosen. Choose who judges.")
    row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"{who} names checkpoint {checkpoint_id}, which is not in this project. Choose one of the list.")
    try:
        engine: Engine = Engine.load(row.engine)
    except (ValidationError, UnknownPart) as error:
        raise InvalidInput(f"{who} names {row.name}, whose engine cannot be read. Register it again.") from error
    if judge.asks_for not in engine.abilities:
        wanted = judge.asks_for
        raise InvalidInput(f"{who} asks {row.name} to {wanted.in_words}, which it cannot. {WAYS_OUT[wanted]}.")
    return row


def _check_ready(judge: Judge, who: str) -> None:
    try:
        for part in parts_in(judge):
            if isinstance(part, Judge):
                part.check_ready()
        if runs_programs(judge):
            sandbox.check()
    except (InvalidInput, MissingPrerequisite) as error:
        raise type(error)(f"{who} cannot run here. {error.message}") from error


def checked(actor: Actor, project_id: int, entries: Sequence[BenchEntry]) -> list[Checked]:
    """Check judges before a bench is opened with them; return them with what they will be called."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        return check(db, project_id, entries)


def usual(actor: Actor, project_id: int) -> BenchEntry | None:
    """The judge whose labels people see in the project's newest round; None where no round has one for a bench."""
    row = tables.Round
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        newest = select(row).where(row.project_id == project_id).order_by(row.id.desc()).limit(LOOKED_AT)
        for scalar in db.scalars(newest):
            try:
                place = recipes.judge_place(recipes.read(scalar.recipe), scalar.phase)
            except UnreadableRecipe:
                continue
            if place is None or not isinstance(place.step.part, Judge) or place.step.part.looks_elsewhere:
                continue
            asks = place.step.part.needs_engine
            checkpoint_id = bind.checkpoint_of(db, scalar, place.step.by, place.index) if asks else None
            return BenchEntry(place.step.part.dump(), checkpoint_id)
    return None
