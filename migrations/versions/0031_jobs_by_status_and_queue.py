"""Jobs by status and queue: counting them reads the index ix_jobs_status_queue, and not every job with its log."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_jobs_status", "jobs")
    op.create_index("ix_jobs_status_queue", "jobs", ["status", "queue"])


def downgrade() -> None:
    op.drop_index("ix_jobs_status_queue", "jobs")
    op.create_index("ix_jobs_status", "jobs", ["status"])
