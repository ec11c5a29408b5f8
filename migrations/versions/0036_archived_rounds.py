"""Archived rounds, and indexes of foreign keys

rounds.archived_at and archive. Going back is refused while rounds are archived: the older schema cannot say where their
rows are.

Whoever deletes a row looks in every table for what refers to it; without an index that reads the whole table. Keys to
people have none: nobody is ever deleted.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None
INDEXES = (
    ("arena_votes", "match_id"),
    ("arenas", "first_id"),
    ("arenas", "second_id"),
    ("arenas", "judge_id"),
    ("bench_judges", "checkpoint_id"),
    ("decisions", "project_id"),
    ("judge_benches", "job_id"),
    ("judge_benches", "round_id"),
    ("judgments", "checkpoint_id"),
    ("login_sessions", "project_id"),
    ("projects", "baseline_id"),
    ("projects", "preview_id"),
    ("rounds", "branch_of_id"),
    ("rounds", "judge_id"),
    ("rounds", "policy_id"),
    ("rounds", "reference_id"),
    ("samples", "checkpoint_id", "round_id"),
    ("samples", "project_id"),
)


def upgrade() -> None:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("rounds", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rounds", sa.Column("archive", kind, nullable=False, server_default="{}"))
    for table, *columns in INDEXES:
        op.create_index(_name(table, columns), table, columns)


def downgrade() -> None:
    query = sa.text("SELECT number FROM rounds WHERE archived_at IS NOT NULL ORDER BY number")
    if numbers := op.get_bind().scalars(query).all():
        raise RuntimeError(
            f"Archived, which the older schema cannot say: round {', '.join(map(str, numbers))}. Restore it first, with "
            "`rondo round restore N`."
        )
    for column in ("archive", "archived_at"):
        op.execute(f"ALTER TABLE rounds DROP COLUMN {column}")
    for table, *columns in reversed(INDEXES):
        op.drop_index(_name(table, columns), table)


def _name(table: str, columns: list[str]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
