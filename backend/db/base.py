"""The declarative base: naming, and types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backend import values
from backend.values.questions import QuestionKind


class UtcDateTime(TypeDecorator[datetime]):
    """Times with a zone, stored as UTC; a naive time is refused, SQLite's lost zone restored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def stored_by_value(enum: type[StrEnum]) -> Enum:
    """A string column: adding a member needs no migration."""
    return Enum(
        enum, native_enum=False, create_constraint=False, length=32, values_callable=lambda e: [m.value for m in e]
    )


Id = BigInteger().with_variant(Integer, "sqlite")
JsonColumn = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""None is NULL in a column that may be empty, not JSON's null."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JsonColumn,
        list[Any]: JsonColumn,
        str: String(),
        int: Id,
        **{
            enum: stored_by_value(enum)
            for enum in (
                values.LocalEngine,
                values.Verdict,
                values.LabelSource,
                values.Stage,
                values.Split,
                values.SetUse,
                values.DatasetType,
                values.DecisionKind,
                values.Role,
                values.JobStatus,
                values.RoundStatus,
                values.FailureKind,
                values.WarningLevel,
                values.WorkerOrder,
                QuestionKind,
                values.NoticeKind,
            )
        },
    }


class Identified:
    """Most rows: a number and the time they were written."""

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
