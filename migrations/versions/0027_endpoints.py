"""What rounds took from endpoints: endpoint_uses. Going back forgets it."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
NUMBERS = ("requests", "uncounted", "tokens_in", "tokens_out", "unpriced")


def upgrade() -> None:
    op.create_table(
        "endpoint_uses",
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("step", NUMBER, nullable=False),
        sa.Column("checkpoint_id", NUMBER, nullable=False),
        *[sa.Column(name, NUMBER, nullable=False) for name in NUMBERS[:4]],
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("unpriced", NUMBER, nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name="fk_endpoint_uses_round_id_rounds", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name="fk_endpoint_uses_checkpoint_id_checkpoints", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint_uses"),
        sa.UniqueConstraint(
            "round_id", "stage", "step", "checkpoint_id", name="uq_endpoint_uses_round_id_stage_step_checkpoint_id"
        ),
    )
    op.create_index("ix_endpoint_uses_checkpoint_id", "endpoint_uses", ["checkpoint_id"])


def downgrade() -> None:
    op.drop_table("endpoint_uses")
