"""What serves model folders in a round: rounds.engine, transformers for all there are. Going back forgets it."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rounds", sa.Column("engine", sa.String(32), nullable=False, server_default="transformers"))


def downgrade() -> None:
    op.drop_column("rounds", "engine")
