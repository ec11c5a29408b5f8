"""Jobs that lose their workers: how often in a row, and where they stood

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("losses", NUMBER, server_default="0", nullable=False))
        batch_op.add_column(sa.Column("done_at_loss", NUMBER, server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("done_at_loss")
        batch_op.drop_column("losses")
