"""Which accepted samples a round may show before its prompts, and on what a job ran. Going back forgets that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("rounds", sa.Column("few_shot", JSON, server_default="{}", nullable=False))
    op.add_column("jobs", sa.Column("machine", JSON, server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("jobs", "machine")
    op.drop_column("rounds", "few_shot")
