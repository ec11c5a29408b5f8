"""What is asked of a person in a round's review, who is paused, and reviews that are opened again.

Going back drops who was asked and paused, and closes reviews that were opened again of rounds that have a checkpoint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "round_reviewers",
        sa.Column("round_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("user_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("quota", NUMBER, nullable=True),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("pause_reason", sa.String(), server_default="", nullable=False),
        sa.Column("excused_id", NUMBER, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name="fk_round_reviewers_round_id_rounds", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_round_reviewers_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("round_id", "user_id", name="pk_round_reviewers"),
    )
    op.create_index("ix_round_reviewers_user_id", "round_reviewers", ["user_id"])
    op.add_column("rounds", sa.Column("reopened", JSON, server_default="{}", nullable=False))
    op.add_column("datasets", sa.Column("stale_at", TIME, nullable=True))


def downgrade() -> None:
    _close_reopened()
    op.drop_column("datasets", "stale_at")
    op.drop_column("rounds", "reopened")
    op.drop_index("ix_round_reviewers_user_id", table_name="round_reviewers")
    op.drop_table("round_reviewers")


def _close_reopened() -> None:
    """What was done before stands where it stood: else closing its review would train it anew."""
    rounds = sa.table(
        "rounds",
        sa.column("id"),
        sa.column("status"),
        sa.column("stage"),
        sa.column("step"),
        sa.column("checkpoint_id"),
        sa.column("reopened", JSON),
    )
    open_ = sa.select(rounds.c.id, rounds.c.reopened).where(rounds.c.status == "review")
    for id_, before in op.get_bind().execute(open_.where(rounds.c.checkpoint_id.is_not(None))).all():
        if before and "closed_at" not in before:
            stood = {name: before[name] for name in ("status", "stage", "step")}
            op.execute(rounds.update().where(rounds.c.id == id_).values(**stood))
