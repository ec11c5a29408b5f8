"""A project's baseline: the checkpoint that its later rounds are compared with

projects.baseline_id, empty for all projects there are. Going back forgets it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "fk_projects_baseline_id_checkpoints"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # A column that may be empty needs no copy of the table.
        op.execute(
            f"ALTER TABLE projects ADD COLUMN baseline_id INTEGER CONSTRAINT {KEY}"
            " REFERENCES checkpoints (id) ON DELETE SET NULL"
        )
    else:
        op.add_column("projects", sa.Column("baseline_id", NUMBER, nullable=True))
        op.create_foreign_key(KEY, "projects", "checkpoints", ["baseline_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE projects DROP COLUMN baseline_id")
