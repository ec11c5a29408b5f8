"""A trash for projects and rounds

projects.trashed_at, trashed_by, trash_of_id (of a hidden project that holds a round in the trash) and is_deleting. Five
indexes, by which a deletion finds what refers to a row. Going back puts what lies in the trash back where it was, also
what is deleted by half: it says so no more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEYS = {"trashed_by": ("users", "SET NULL"), "trash_of_id": ("projects", "CASCADE")}
INDEXES = (
    ("samples", "edited_from_id", True),
    ("decisions", "group_id", False),
    ("arena_matches", "prompt_id", False),
    ("arena_matches", "first_sample_id", False),
    ("arena_matches", "second_sample_id", False),
    ("projects", "trash_of_id", True),
)
MOVED = (
    "datasets",
    "jobs",
    "metrics",
    "warnings",
    "failures",
    "prompt_sets",
    "template_rewrites",
)
"""Rows of a round that name its project, too."""


def upgrade() -> None:
    op.add_column("projects", sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("projects", sa.Column("is_deleting", sa.Boolean(), nullable=False, server_default=sa.false()))
    for column, (table, then) in KEYS.items():
        key = f"fk_projects_{column}_{table}"
        if op.get_bind().dialect.name == "sqlite":
            # A column that may be empty needs no copy of the table.
            op.execute(
                f"ALTER TABLE projects ADD COLUMN {column} INTEGER CONSTRAINT {key}"
                f" REFERENCES {table} (id) ON DELETE {then}"
            )
        else:
            op.add_column("projects", sa.Column(column, NUMBER, nullable=True))
            op.create_foreign_key(key, "projects", table, [column], ["id"], ondelete=then)
    for table, column, is_partial in INDEXES:
        only = sa.text(f"{column} IS NOT NULL") if is_partial else None
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    home = "(SELECT trash_of_id FROM projects WHERE projects.id = {table}.project_id)"
    hidden = "project_id IN (SELECT id FROM projects WHERE trash_of_id IS NOT NULL)"
    # A name may have been taken in the meantime.
    for table in ("checkpoints", "prompt_sets"):
        back = home.format(table=table)
        op.execute(
            f"UPDATE {table} SET name = SUBSTR(name, 1, 100) || '-' || id WHERE {hidden} AND EXISTS"
            f" (SELECT 1 FROM {table} AS other WHERE other.name = {table}.name AND other.project_id = {back})"
        )
    for table in ("rounds", "checkpoints", *MOVED):
        op.execute(f"UPDATE {table} SET project_id = {home.format(table=table)} WHERE {hidden}")
    op.execute("DELETE FROM projects WHERE trash_of_id IS NOT NULL")
    for table, column, _ in INDEXES:
        op.drop_index(f"ix_{table}_{column}", table)
    for column in ("trash_of_id", "trashed_by", "is_deleting", "trashed_at"):
        op.execute(f"ALTER TABLE projects DROP COLUMN {column}")
