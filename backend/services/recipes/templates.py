"""Judge templates of a project: an edit is a new version, a version is never changed."""

import difflib
import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services import events
from backend.services.access import Actor, require, require_row
from backend.values import Role

MAX_CHARACTERS = 100_000


@dataclass(frozen=True)
class TemplateView:
    """One version of a named template."""

    id: int
    name: str
    version: int
    text: str
    content_hash: str
    created_at: datetime
    created_by: str


def list_templates(actor: Actor, project_id: int) -> list[TemplateView]:
    """Return every version of every template, by name, newest version first."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = (
            select(tables.Template, tables.User.name)
            .outerjoin(tables.User, tables.User.id == tables.Template.created_by)
            .where(tables.Template.project_id == project_id)
            .order_by(tables.Template.name, tables.Template.version.desc())
        )
        return [_view(row, author) for row, author in db.execute(query)]


def get(actor: Actor, template_id: int) -> TemplateView:
    """Return one version; raises `NotFound`."""
    with reading() as db:
        return _view(*_find(db, actor, template_id))


def save(actor: Actor, project_id: int, name: str, text: str) -> TemplateView:
    """Add a version; the text of the newest one again is that version, not another."""
    name, text = _checked(name, text)
    content_hash = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    with session() as db:
        require(db, actor, project_id, Role.curator)
        # Two people saving at once wait for each other here, so that versions are counted without a gap.
        db.get(tables.Project, project_id, with_for_update=True)
        newest = db.scalar(
            select(tables.Template)
            .where(tables.Template.project_id == project_id, tables.Template.name == name)
            .order_by(tables.Template.version.desc())
            .limit(1)
        )
        if newest is not None and newest.content_hash == content_hash:
            author = db.get(tables.User, newest.created_by) if newest.created_by else None
            return _view(newest, author.name if author else None)
        row = tables.Template(
            project_id=project_id,
            name=name,
            version=newest.version + 1 if newest else 1,
            text=text,
            content_hash=content_hash,
            created_by=actor.user_id,
        )
        db.add(row)
        db.flush()
        what = {"template_id": row.id, "version": row.version}
        events.note(db, actor, "save template", name, project_id=project_id, **what)
        return _view(row, actor.name)


def diff(actor: Actor, before_id: int, after: int | str) -> str:
    """Return what changed from one version to another, or to a text being written, as a unified diff."""
    with reading() as db:
        before, _ = _find(db, actor, before_id)
        other = _find(db, actor, after)[0] if isinstance(after, int) else None
    text, title = (other.text, f"{other.name} v{other.version}") if other else (str(after), "not saved")
    old, new = before.text.splitlines(), text.splitlines()
    return "\n".join(difflib.unified_diff(old, new, f"{before.name} v{before.version}", title, lineterm=""))


def _find(db: Session, actor: Actor, template_id: int) -> tuple[tables.Template, str | None]:
    row = db.get(tables.Template, template_id)
    missing = f"There is no template {template_id}. Choose one from the list."
    row = require_row(db, actor, row, Role.viewer, missing)
    author = db.get(tables.User, row.created_by) if row.created_by else None
    return row, author.name if author else None


def _checked(name: str, text: str) -> tuple[str, str]:
    name = boundary.name(name, "The template's name", 80)
    if not text.strip():
        raise InvalidInput("The template is empty. Type what the judge should be asked.")
    return name, boundary.text(text, "The template", MAX_CHARACTERS)


def _view(row: tables.Template, author: str | None) -> TemplateView:
    return TemplateView(row.id, row.name, row.version, row.text, row.content_hash, row.created_at, author or "")
