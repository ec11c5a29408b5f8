"""What a judge replied of an arena's match is `replies`: the column was called `said`."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("arena_matches") as batch:
        batch.alter_column("said", new_column_name="replies")


def downgrade() -> None:
    with op.batch_alter_table("arena_matches") as batch:
        batch.alter_column("replies", new_column_name="said")
