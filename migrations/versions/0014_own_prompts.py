"""Prompts that rounds make: which round made a prompt set, and which text was adopted as a prompt

prompt_sets.round_id and prompts.sample_id, both empty for what was imported. Going back keeps the prompts and forgets
where they came from.

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = {
    ("prompt_sets", "round_id"): ("rounds", None),
    ("prompts", "sample_id"): ("samples", "SET NULL"),
}
"""Table and column: what it points to, and what becomes of it when that is deleted."""


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for (table, column), (other, end) in COLUMNS.items():
        key = f"fk_{table}_{column}_{other}"
        if is_sqlite:
            # A column that may be empty needs no copy of the table: a million rows and their triggers stay as they are.
            deleted = f" ON DELETE {end}" if end else ""
            op.execute(
                f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT {key} REFERENCES {other} (id){deleted}"
            )
        else:
            op.add_column(table, sa.Column(column, NUMBER, nullable=True))
            op.create_foreign_key(key, table, other, [column], ["id"], ondelete=end)
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in reversed(COLUMNS):
        op.drop_index(f"ix_{table}_{column}", table)
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
