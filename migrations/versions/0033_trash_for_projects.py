"""A trash for projects

projects.trashed_at, trashed_by and is_deleting. Five indexes, by which a deletion finds what refers to a row. Going back
brings back what lies in the trash; it is refused while anything there is deleted in part, of which the older schema
knows nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "fk_projects_trashed_by_users"
INDEXES = (
    ("samples", "edited_from_id", True),
    ("decisions", "group_id", False),
    ("arena_matches", "prompt_id", False),
    ("arena_matches", "first_sample_id", False),
    ("arena_matches", "second_sample_id", False),
)


def upgrade() -> None:
    op.add_column("projects", sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("projects", sa.Column("is_deleting", sa.Boolean(), nullable=False, server_default=sa.false()))
    if op.get_bind().dialect.name == "sqlite":
        # A column that may be empty needs no copy of the table.
        op.execute(
            f"ALTER TABLE projects ADD COLUMN trashed_by INTEGER CONSTRAINT {KEY}"
            " REFERENCES users (id) ON DELETE SET NULL"
        )
    else:
        op.add_column("projects", sa.Column("trashed_by", NUMBER, nullable=True))
        op.create_foreign_key(KEY, "projects", "users", ["trashed_by"], ["id"], ondelete="SET NULL")
    for table, column, is_partial in INDEXES:
        only = sa.text(f"{column} IS NOT NULL") if is_partial else None
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    half = op.get_bind().scalars(sa.text("SELECT name FROM projects WHERE is_deleting")).all()
    if half:
        raise RuntimeError(
            f"Deleted in part, which the older schema cannot say: {', '.join(half)}. Delete this again first: "
            "`rondo trash list` shows its number, `rondo trash delete N` ends it."
        )
    for table, column, _ in INDEXES:
        op.drop_index(f"ix_{table}_{column}", table)
    for column in ("trashed_by", "is_deleting", "trashed_at"):
        op.execute(f"ALTER TABLE projects DROP COLUMN {column}")
