"""What a format of a prompt file is: the names of its columns, and what its first rows look like."""

from collections.abc import Callable
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, field
from typing import Any

from backend.services.prompts.mapping import MANY, Mapping

Names = tuple[str, ...]

PROMPT: Names = ("prompt", "question", "instruction", "query", "problem", "text", "input")
SYSTEM: Names = ("system", "system_prompt", "system_message")
ANSWER: Names = ("answer", "completion", "response", "output", "target", "answers", "solution", "expected", "reference")
CONTEXT: Names = ("input", "context", "passage", "document")
HISTORY: Names = ("history",)
BESIDE = {"context": CONTEXT, "system": SYSTEM, "history": HISTORY}
"""What makes part of a prompt that is text, whatever else the file holds: where it is, no format may leave it out."""
EXTERNAL_ID = "external_id"
"""The one name of a column of ids that is taken as such in every format: an `id` may be anything."""


@dataclass(frozen=True)
class Look:
    """The columns of a file and its first rows that could be read."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    is_lenient: bool = False
    """Whether a column counts as filled however few rows have it."""

    @property
    def by_name(self) -> dict[str, str]:
        """The columns by their names in lower case; of two that differ only in case the first."""
        return {column.strip().lower(): column for column in reversed(self.columns)}

    def values(self, column: str | None) -> list[Any]:
        """What the rows have in a column, without the empty ones."""
        return [row[column] for row in self.rows if row.get(column) not in (None, "", [])] if column else []

    def is_filled(self, column: str | None) -> bool:
        """Whether at least half of the rows have something there."""
        return self.is_lenient or (bool(self.rows) and 2 * len(self.values(column)) >= len(self.rows))


@dataclass(frozen=True)
class Format:
    """`roles`: for each role the names it goes by, the likeliest first. `needs`: roles that must be filled.

    `fits` looks at the first rows; `refusal` says why such a file holds no prompts.
    """

    name: str
    title: str
    roles: Mapping_[str, Names]
    needs: Names
    fits: Callable[[Look, Mapping], bool] = field(default=lambda _look, _mapping: True)
    refusal: str = ""

    def mapping(self, look: Look) -> Mapping | None:
        """The mapping of such a file, or None where it is another format."""
        names, used = look.by_name, set[str]()
        columns: dict[str, Any] = {}
        for role, known in self.roles.items():
            there = [names[name] for name in known if name in names and (role in ROLES_THAT_SHARE or name not in used)]
            if role in self.needs:
                filled = [column for column in there if look.is_filled(column)]
                if not filled:
                    return None
                # Of several columns one is enough: few questions have a fifth choice.
                there = there if role in MANY else filled
            if there:
                columns[role] = tuple(there) if role in MANY else there[0]
                used.update(column.strip().lower() for column in (there if role in MANY else there[:1]))
        if EXTERNAL_ID in names and EXTERNAL_ID not in used:
            columns[EXTERNAL_ID] = names[EXTERNAL_ID]
        mapping = Mapping(**columns)
        return mapping if self.fits(look, mapping) else None


ROLES_THAT_SHARE = ("answer",)
"""Roles that may read a column that has another role, too: a completion that is the known answer."""
