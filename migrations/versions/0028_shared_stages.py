"""Stages that several workers share: job_helpers, job_batches, executors.can_help.

Going back forgets who helped and takes helpers out of the queue; jobs go on alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "job_helpers",
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("attempt", NUMBER, nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("executor_id", sa.String(120)),
        sa.Column("process_id", NUMBER),
        sa.Column("done", NUMBER, nullable=False),
        sa.Column("log_tail", sa.String(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_helpers_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_job_helpers"),
    )
    op.create_index("ix_job_helpers_job_id_attempt", "job_helpers", ["job_id", "attempt"])
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_job_helpers_open", "job_helpers", ["id"], postgresql_where=is_open, sqlite_where=is_open)
    op.create_table(
        "job_batches",
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("attempt", NUMBER, nullable=False),
        sa.Column("holder", NUMBER),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_batches_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_batches"),
    )
    op.create_index("ix_job_batches_holder", "job_batches", ["holder"])
    op.add_column("executors", sa.Column("can_help", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    schema = "dbos" if op.get_bind().dialect.name == "postgresql" else None
    if sa.inspect(op.get_bind()).has_table("workflow_status", schema=schema):
        name = "dbos.workflow_status" if schema else "workflow_status"
        op.execute(
            f"UPDATE {name} SET status = 'CANCELLED', queue_name = NULL "
            "WHERE name = 'help_job' AND status IN ('ENQUEUED', 'DELAYED', 'PENDING')"
        )
    op.drop_column("executors", "can_help")
    op.drop_table("job_batches")
    op.drop_table("job_helpers")
