"""Rounds that try changes out before they begin, and that others follow; questions with known answers of their own

rounds.tuned: what the recipe's schedule tried out and changed. rounds.auto: how many rounds follow, and what stops
them. Both are empty for the rounds there are, which did neither. groups.answer: the known answer of a question that a
round made of a document; NULL where it is the prompt's. Going back forgets them; the recipe of each round is as it ran.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    for name in ("tuned", "auto"):
        op.add_column("rounds", sa.Column(name, JSON, nullable=False, server_default="{}"))
    op.add_column("groups", sa.Column("answer", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("groups", "answer")
    for name in ("tuned", "auto"):
        op.drop_column("rounds", name)
