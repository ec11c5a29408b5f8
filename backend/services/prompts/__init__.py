"""Prompt sets: look at a file, import it, browse and delete what was imported."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, String, cast, column, func, select, table, text
from sqlalchemy.orm import Session

from backend import values
from backend.db import reading, session, tables
from backend.db.search import Query, parse
from backend.errors import Conflict, NotFound
from backend.pipeline import preview_rows
from backend.services import archived, events
from backend.services.access import Actor, require, require_in
from backend.services.prompts.file_preview import FilePreview, Finished
from backend.services.prompts.import_report import ImportReport, load_report, report_path
from backend.services.prompts.intake import import_file, importable, preview
from backend.services.prompts.mapping import Mapping
from backend.values import JSON, Role, Split

__all__ = [
    "FilePreview",
    "Finished",
    "ImportReport",
    "ImportedText",
    "Mapping",
    "PromptPage",
    "PromptSetView",
    "PromptView",
    "browse",
    "delete_set",
    "get",
    "import_file",
    "importable",
    "list_sets",
    "longest",
    "preview",
    "problems_file",
    "removable",
    "report",
]

PAGE = 50
CHECKED = 2_000
"""So many texts are read for one page of a search that the index cannot answer."""


@dataclass(frozen=True)
class PromptSetView:
    id: int
    project_id: int
    name: str
    split: Split
    origin: str
    num_prompts: int
    created_at: datetime
    created_by: str | None
    num_rounds: int


@dataclass(frozen=True)
class ImportedText:
    """A text that the file brought for a prompt. `extra`: what it says of it."""

    text: str
    extra: JSON


@dataclass(frozen=True)
class PromptView:
    """A prompt of a set. `is_masked`: what the file says of it and of its completions is hidden."""

    id: int
    position: int
    messages: values.Messages
    text: str
    answer: str | None
    extra: JSON
    completions: tuple[ImportedText, ...] = ()
    is_masked: bool = False
    external_id: str | None = None


@dataclass(frozen=True)
class PromptPage:
    """Rows and the cursor of the next page; None at the end."""

    rows: tuple[PromptView, ...]
    next: int | None


def report(actor: Actor, set_id: int) -> ImportReport | None:
    """What the last import into this set said; None for a set that was not imported from a file."""
    with reading() as db:
        _get(db, actor, set_id)
    return load_report(set_id)


def problems_file(actor: Actor, set_id: int) -> Path:
    """The CSV file with every row that the last import into this set left out, its line and why."""
    with reading() as db:
        _get(db, actor, set_id)
    path = report_path(set_id, "csv")
    if not path.exists():
        raise NotFound(f"The prompt set {set_id} has no list of left-out rows: it was not imported from a file.")
    return path


def list_sets(actor: Actor, project_id: int) -> list[PromptSetView]:
    """The project's prompt sets, newest first."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return [_view(*row) for row in db.execute(_sets().where(tables.PromptSet.project_id == project_id)).tuples()]


def get(actor: Actor, set_id: int) -> PromptSetView:
    """One prompt set."""
    with reading() as db:
        return _get(db, actor, set_id)


def _sets() -> Any:
    """Sets with the name of who made them and the number of rounds that use them."""
    used, round_, prompt_set = tables.RoundPromptSet, tables.Round, tables.PromptSet
    # A preview's round stands in another project.
    of_project = (used.prompt_set_id == prompt_set.id, round_.project_id == prompt_set.project_id)
    rounds = select(func.count(used.round_id.distinct())).join(round_, round_.id == used.round_id).where(*of_project)
    query = select(prompt_set, tables.User.name, rounds.scalar_subquery()).outerjoin(
        tables.User, tables.User.id == prompt_set.created_by
    )
    return query.order_by(prompt_set.id.desc())


def _view(row: tables.PromptSet, created_by: str | None, num_rounds: int) -> PromptSetView:
    return PromptSetView(
        row.id, row.project_id, row.name, row.split, row.origin, row.num_prompts, row.created_at, created_by, num_rounds
    )


def _get(db: Session, actor: Actor, set_id: int, role: Role = Role.viewer) -> PromptSetView:
    """The set, if the actor has the role in its project; a stranger does not learn that it exists."""
    row = db.execute(_sets().where(tables.PromptSet.id == set_id)).tuples().one_or_none()
    missing = f"There is no prompt set {set_id}. Choose one from the list."
    if row is None:
        raise NotFound(missing)
    require_in(db, actor, row[0].project_id, role, missing)
    return _view(*row)


def browse(
    actor: Actor,
    set_id: int,
    *,
    search: str = "",
    external_id: str = "",
    cursor: int | None = None,
    limit: int = PAGE,
) -> PromptPage:
    """A page of the set in file order, from after `cursor`; `search` finds text of the last user message, `external_id`
    the one prompt that the file knew by it.

    A search that has to read the texts themselves may end a page before it is full; the next page goes on. Who is shown
    them goes through `samples.prompts_seen`: a blind review hides some of it.
    """
    limit = min(limit, 200)
    with reading() as db:
        _get(db, actor, set_id)
        after = -1 if cursor is None else cursor
        rows, more_after = _read(db, set_id, search.strip(), after, limit, external_id.strip())
        brought = completions(db, [p.id for p in rows])
    shown = tuple(
        PromptView(
            p.id,
            p.position,
            p.messages,
            p.text,
            p.answer,
            p.extra,
            tuple(brought.get(p.id, ())),
            external_id=p.external_id,
        )
        for p in rows
    )
    return PromptPage(shown, more_after)


def completions(db: Session, prompt_ids: Sequence[int]) -> dict[int, list[ImportedText]]:
    """The completions that a file brought, by prompt."""
    row, by_prompt = tables.ImportedCompletion, defaultdict[int, list[ImportedText]](list)
    query = select(row.prompt_id, row.text, row.extra).where(row.prompt_id.in_(prompt_ids))
    for prompt_id, completion, extra in db.execute(query.order_by(row.prompt_id, row.position)) if prompt_ids else ():
        by_prompt[prompt_id].append(ImportedText(completion, extra))
    return by_prompt


def _read(
    db: Session, set_id: int, search: str, after: int, limit: int, external_id: str
) -> tuple[Sequence[tables.Prompt], int | None]:
    """Up to `limit` prompts behind a position, and the position to go on from, if there may be more."""
    query = parse(search) if search else None
    check = query.check if query else None
    if check is None:
        rows = db.scalars(_rows(db, set_id, query, after, external_id).limit(limit + 1)).all()
        return rows[:limit], rows[limit - 1].position if len(rows) > limit else None
    prompts_read: list[tables.Prompt] = []
    for number, row in enumerate(db.scalars(_rows(db, set_id, query, after, external_id).limit(CHECKED)), 1):
        after = row.position
        if check(row.text):
            prompts_read.append(row)
        if len(prompts_read) == limit or number == CHECKED:
            return prompts_read, after
    return prompts_read, None


def _rows(db: Session, set_id: int, search: Query | None, after: int, external_id: str) -> Select[tables.Prompt]:
    """The set's prompts behind a position, in order; with a search those that have its words, with an id that one."""
    prompt = tables.Prompt
    query = select(prompt).where(prompt.prompt_set_id == set_id, prompt.position > after)
    query = query.where(prompt.external_id == external_id) if external_id else query
    dialect = db.get_bind().dialect.name
    looked_up = search.match(dialect, "words") if search else None
    if looked_up is None:
        return query.order_by(prompt.position)
    expression, bound = looked_up
    if dialect != "sqlite":
        return query.where(text(f"prompts.search_vector @@ {expression}").bindparams(**bound)).order_by(prompt.position)
    # A set's ids rise with its positions, and FTS5 walks its hits by id: a common word costs no sort.
    first = select(prompt.id).where(prompt.prompt_set_id == set_id, prompt.position > after)
    hits = table("prompts_search", column("rowid"))
    matches = text(f"prompts_search MATCH {expression}").bindparams(**bound)
    query = query.join(hits, hits.c.rowid == prompt.id).where(matches)
    return query.where(hits.c.rowid >= first.order_by(prompt.position).limit(1).scalar_subquery()).order_by(
        hits.c.rowid
    )


def longest(actor: Actor, set_ids: Sequence[int]) -> values.Prompt | None:
    """The prompt of these sets with the most characters, to be measured against a checkpoint's context length."""
    prompt = tables.Prompt
    with reading() as db:
        for set_id in set_ids:
            _get(db, actor, set_id)
        query = select(prompt).where(prompt.prompt_set_id.in_(set_ids))
        row = db.scalar(query.order_by(func.length(cast(prompt.messages, String)).desc(), prompt.id).limit(1))
    return values.Prompt(row.id, row.messages, row.answer, row.extra) if row else None


def delete_set(actor: Actor, set_id: int) -> None:
    """Delete a set that no round uses, with its prompts."""
    with session() as db:
        row = removable(db, actor, set_id, Role.admin, act="deleted")
        db.delete(row)
        events.note(db, actor, "delete prompts", row.name, project_id=row.project_id, prompt_set_id=set_id)
    for suffix in ("json", "csv"):
        report_path(set_id, suffix).unlink(missing_ok=True)


def removable(db: Session, actor: Actor, set_id: int, role: Role, *, act: str) -> tables.PromptSet:
    """A set that nothing uses, held together with its project; previews that are over are cleared away.

    act: what cannot be done with another one, as its `Conflict` says.
    """
    project_id = _get(db, actor, set_id, role).project_id
    # First of all, as launching a round does, which uses the set from then on; and nothing is archived meanwhile.
    db.get_one(tables.Project, project_id, with_for_update={"read": True})
    db.execute(select(tables.PromptSet.id).where(tables.PromptSet.id == set_id).with_for_update())
    prompt_set = _get(db, actor, set_id, role)
    row = db.get_one(tables.PromptSet, set_id, populate_existing=True)
    refused, stays = f"The prompt set {prompt_set.name!r} cannot be {act}", "Leave it; new rounds need not use it."
    preview_rows.clear_ended(db, project_id, preview_rows.using_set(db, set_id))
    if held_by := preview_rows.using_set(db, set_id):
        raise Conflict(
            f"{refused}: preview {held_by[0]} uses it, whose job has not ended. Wait, or cancel it, then try again."
        )
    archived.refuse_prompt_set(db, set_id, refused)
    if (number := _in_trash(db, project_id, set_id)) is not None:
        raise Conflict(f"{refused}: round {number}, which is in the trash, uses it. {stays}")
    if row.round_id is not None and _is_referred(db, set_id):
        raise Conflict(f"{refused}: a round made it, and its samples stand on it. {stays}")
    if prompt_set.num_rounds or _is_referred(db, set_id):
        raise Conflict(f"{refused}: samples of {prompt_set.num_rounds} rounds stand on it. {stays}")
    return row


def _in_trash(db: Session, project_id: int, set_id: int) -> int | None:
    """The number of a round in the trash that was launched with the set, if there is one."""
    used, round_, project = tables.RoundPromptSet, tables.Round, tables.Project
    query = select(round_.number).join(used, used.round_id == round_.id).join(project, project.id == round_.project_id)
    of_it = project.trash_of_id == project_id, used.prompt_set_id == set_id
    return db.scalar(query.where(*of_it).order_by(round_.number).limit(1))


def _is_referred(db: Session, set_id: int) -> bool:
    groups = select(tables.Group.id).join(tables.Prompt, tables.Prompt.id == tables.Group.prompt_id)
    return db.scalar(groups.where(tables.Prompt.prompt_set_id == set_id).limit(1)) is not None
