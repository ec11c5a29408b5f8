"""Archives of before an update: columns that came since get their defaults, and what cannot be read is refused."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Column, Table

from backend.errors import InvalidInput
from backend.services.round_archive import columns
from backend.services.round_archive.files import ArchiveManifest

COMPUTED = {"labels.kind": "0002", "labels.step": "0017"}
"""Columns that a migration filled from other rows, and which one: a default would be wrong in rows of before it."""
WAY_OUT = (
    "Restore a backup from before the update with the version that archived the round, restore the round there, then "
    "update."
)


def refuse(table: Table, written: Collection[str]) -> None:
    """Raise `InvalidInput` where a file has columns that the table lacks, or lacks some that have no default."""
    kept = columns.stored(table)
    if gone := sorted({*written} - {column.name for column in kept}):
        raise InvalidInput(
            f"The archive's rows of {table.name} have columns that this version of Rondo does not keep "
            f"({', '.join(gone)}), and nothing of a round is left out. {WAY_OUT}"
        )
    if computed := [column.name for column in _lacking(table, written) if f"{table.name}.{column.name}" in COMPUTED]:
        raise InvalidInput(
            f"The archive's rows of {table.name} lack columns that an update worked out from other rows "
            f"({', '.join(computed)}), which no default stands for. {WAY_OUT}"
        )
    if bare := [column.name for column in kept if column.name not in written and not _has_default(column)]:
        raise InvalidInput(
            f"The archive's rows of {table.name} lack columns that this version of Rondo needs ({', '.join(bare)}) and "
            f"that have no default. {WAY_OUT}"
        )


def names(manifest: ArchiveManifest) -> list[str]:
    """The columns, with their tables, that an archive lacks and that get their defaults."""
    return [
        f"{entity.__table__.name}.{column.name}"
        for entity in columns.REMOVED
        if entity.__table__.name in manifest.files
        for column in _lacking(entity.__table__, manifest.files[entity.__table__.name].columns)
    ]


def values(table: Table, written: Collection[str]) -> dict[str, Any]:
    """What rows of a file that lacks columns get there, where the database does not fill them by itself."""
    return {
        column.name: _default(column)
        for column in _lacking(table, written)
        if column.server_default is None and column.default is not None
    }


def _lacking(table: Table, written: Collection[str]) -> Iterator[Column[Any]]:
    return (column for column in columns.stored(table) if column.name not in written)


def _has_default(column: Column[Any]) -> bool:
    return bool(column.nullable) or column.server_default is not None or column.default is not None


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg
