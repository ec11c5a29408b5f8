"""How many items each person decided in a round, kept with each decision. Going back drops it."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Rows come with the next decision of each person: until then what they decided is counted, as before.
    op.create_table(
        "tallies",
        sa.Column("round_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("user_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("by_group", sa.Boolean(), nullable=False),
        sa.Column("decided", NUMBER, nullable=False),
        sa.Column("overridden", NUMBER, nullable=False),
        sa.Column("overridden_labelled", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_tallies_round_id_rounds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tallies_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("round_id", "user_id", name="pk_tallies"),
    )
    op.create_index("ix_tallies_user_id", "tallies", ["user_id"])


def downgrade() -> None:
    op.drop_table("tallies")
