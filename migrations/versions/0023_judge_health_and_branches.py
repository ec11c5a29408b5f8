"""Rounds that the judge's light holds, and rounds that are branches of others

rounds.hold and projects.judge_health: empty for all there are. rounds.branch_of_id and branch_step: NULL, none is a
branch. Going back forgets them: a branch stays as a round of its own, a held round ends as cancelled.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "fk_rounds_branch_of_id_rounds"


def upgrade() -> None:
    # Columns that may be empty, or have a default, need no copy of the table.
    op.add_column("projects", sa.Column("judge_health", JSON, nullable=False, server_default="{}"))
    op.add_column("rounds", sa.Column("hold", JSON, nullable=False, server_default="{}"))
    op.add_column("rounds", sa.Column("branch_step", NUMBER, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE rounds ADD COLUMN branch_of_id INTEGER CONSTRAINT {KEY} REFERENCES rounds (id)")
    else:
        op.add_column("rounds", sa.Column("branch_of_id", NUMBER, nullable=True))
        op.create_foreign_key(KEY, "rounds", "rounds", ["branch_of_id"], ["id"])


def downgrade() -> None:
    op.execute("UPDATE rounds SET status = 'cancelled' WHERE status = 'held'")
    for column in ("branch_of_id", "branch_step", "hold"):
        op.execute(f"ALTER TABLE rounds DROP COLUMN {column}")
    op.execute("ALTER TABLE projects DROP COLUMN judge_health")
