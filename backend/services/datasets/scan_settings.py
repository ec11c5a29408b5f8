"""What a project looks for in rows before they leave, and what becomes of an export in which something was found."""

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from backend import boundary
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.scanning.patterns import VERSION, Patterns
from backend.services import events, refusals
from backend.services.access import Actor, require
from backend.values import Role

MOST_NAME = 200


class ContentChecks(Patterns):
    """`mode`: off looks for nothing, warn says what was found, hold lets no export or push leave with it undecided."""

    mode: Literal["off", "warn", "hold"] = Field("warn", description="what a finding does to an export")
    run_words: int = Field(13, ge=5, le=100, description="words in a row that a row may not share with held-out texts")

    @field_validator("region", mode="before")
    @classmethod
    def _country(cls, region: Any) -> Any:
        """In capital letters."""
        tidy = region.strip().upper() if isinstance(region, str) else region
        if isinstance(tidy, str) and tidy and not (len(tidy) == 2 and tidy.isascii() and tidy.isalpha()):
            raise ValueError("must be two letters, as DE, or empty")
        return tidy

    @field_validator("names")
    @classmethod
    def _plain(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        tidy = tuple(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
        for name in tidy:
            if len(name) < 2 or (fault := boundary.fault_of(name, MOST_NAME)):
                raise ValueError(f"a name {fault}" if len(name) > 1 else f"{name!r} is too short for a name")
        return tidy

    def digest(self, held_out: Iterable[tuple[str, str | None]]) -> str:
        """Changes with what is looked for; held_out: content hash and answer of each held-out prompt."""
        asked, total = self.model_dump_json(exclude={"mode"}), 0
        for content_hash, answer in held_out:  # in any order
            row_hash = hashlib.sha256(f"{content_hash}\0{answer or ''}".encode("utf-8", "surrogatepass"))
            total += int.from_bytes(row_hash.digest())
        return hashlib.sha256(f"{VERSION} {asked} {total}".encode()).hexdigest()


def of(project: tables.Project) -> ContentChecks:
    """What the project set."""
    return ContentChecks.model_validate(project.content_checks)


def get(actor: Actor, project_id: int) -> ContentChecks:
    """Return what a project looks for. The names are for curators alone."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        return of(db.get_one(tables.Project, project_id))


def change(actor: Actor, project_id: int, changes: dict[str, Any]) -> ContentChecks:
    """Change these fields, None back to its default; return all. Raises `InvalidInput` naming the field."""
    with session() as db:
        require(db, actor, project_id, Role.admin)
        row = db.get_one(tables.Project, project_id, with_for_update=True)
        wanted = {name: value for name, value in (row.content_checks | changes).items() if value is not None}
        try:
            after = ContentChecks.model_validate(wanted)
        except ValidationError as error:
            raise InvalidInput(f"{refusals.explain(error)}. Change it.") from error
        row.content_checks = after.model_dump(mode="json", exclude_defaults=True)
        fields = after.model_dump(mode="json", exclude={"names"}) | {"names": len(after.names)}
        events.note(db, actor, "set content checks", row.name, project_id=project_id, checks=fields)
        return after
