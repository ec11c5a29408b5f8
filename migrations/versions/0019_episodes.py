"""Samples that are episodes: a policy and its environment in turn

samples.turns: every message after the question; NULL of all samples there are. Going back leaves the last message, which
is the text.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    # A column that may be empty needs no copy of the table.
    op.add_column("samples", sa.Column("turns", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("samples", "turns")
