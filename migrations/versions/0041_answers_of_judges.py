"""What judges answer to a project's own questions. Going back drops it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
TABLE = "judge_answers"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("question_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("checkpoint_id", NUMBER, nullable=True),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("step", NUMBER, nullable=False),
        sa.Column("judge", sa.String(80), nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column("reasoning", sa.String(), nullable=True),
        sa.Column("template_hash", sa.String(64), nullable=False),
        sa.Column("num_tokens", NUMBER, nullable=False),
        sa.Column("finish_reason", sa.String(16), nullable=False),
        sa.Column("seed", NUMBER, nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=f"fk_{TABLE}_question_id_questions"),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=f"fk_{TABLE}_round_id_rounds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.id"], name=f"fk_{TABLE}_sample_id_samples", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoints.id"], name=f"fk_{TABLE}_checkpoint_id_checkpoints"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=f"fk_{TABLE}_job_id_jobs", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.UniqueConstraint("sample_id", "question_id", "step", name=f"uq_{TABLE}_sample_id_question_id_step"),
    )
    op.create_index(f"ix_{TABLE}_question_id_round_id", TABLE, ["question_id", "round_id", "sample_id", "number"])
    for column in ("round_id", "checkpoint_id", "job_id"):
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column])


def downgrade() -> None:
    op.drop_table(TABLE)
