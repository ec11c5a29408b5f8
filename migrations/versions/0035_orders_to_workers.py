"""What workers are told (work, pause, drain), and what they tell of themselves: version, processors, GPUs."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("executors", sa.Column("told", sa.String(32), server_default="work", nullable=False))
    op.add_column("executors", sa.Column("is_embedded", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("executors", sa.Column("version", sa.String(40), server_default="", nullable=False))
    op.add_column("executors", sa.Column("cpus", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    op.add_column("executors", sa.Column("gpus", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    for name in ("gpus", "cpus", "version", "is_embedded", "told"):
        op.drop_column("executors", name)
