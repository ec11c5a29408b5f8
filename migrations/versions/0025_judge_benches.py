"""Judge benches: judges tried side by side on samples with people's labels, or on what a filter finds

judge_benches, bench_samples, bench_judges, bench_judgments. Going back forgets them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def _identified() -> list[sa.Column]:
    return [
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    ]


def _key(table: str, column: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "judge_benches",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=True),
        sa.Column("round_number", NUMBER, nullable=True),
        sa.Column("filters", JSON, nullable=True),
        sa.Column("seed", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("figures", JSON, nullable=True),
        sa.Column("created_by", NUMBER, nullable=True),
        *_identified(),
        _key("judge_benches", "project_id", "projects", "CASCADE"),
        _key("judge_benches", "round_id", "rounds", "SET NULL"),
        _key("judge_benches", "job_id", "jobs", "SET NULL"),
        _key("judge_benches", "created_by", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_judge_benches"),
    )
    op.create_index("ix_judge_benches_project_id", "judge_benches", ["project_id"])
    op.create_table(
        "bench_samples",
        sa.Column("bench_id", NUMBER, nullable=False),
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("accepts", sa.Boolean(), nullable=True),
        sa.Column("person_score", sa.Double(), nullable=True),
        sa.Column("is_gold", sa.Boolean(), nullable=False),
        sa.Column("first_score", sa.Double(), nullable=True),
        sa.Column("first_verdict", sa.String(32), nullable=True),
        sa.Column("first_is_unparsed", sa.Boolean(), nullable=False),
        _key("bench_samples", "bench_id", "judge_benches", "CASCADE"),
        _key("bench_samples", "sample_id", "samples", "CASCADE"),
        sa.PrimaryKeyConstraint("bench_id", "sample_id", name="pk_bench_samples"),
    )
    op.create_index("ix_bench_samples_sample_id", "bench_samples", ["sample_id"])
    op.create_table(
        "bench_judges",
        sa.Column("bench_id", NUMBER, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("judge", JSON, nullable=False),
        sa.Column("checkpoint_id", NUMBER, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("prompt_tokens", NUMBER, nullable=True),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("figures", JSON, nullable=True),
        *_identified(),
        _key("bench_judges", "bench_id", "judge_benches", "CASCADE"),
        _key("bench_judges", "checkpoint_id", "checkpoints"),
        sa.PrimaryKeyConstraint("id", name="pk_bench_judges"),
        sa.UniqueConstraint("bench_id", "position", name="uq_bench_judges_bench_id_position"),
    )
    op.create_table(
        "bench_judgments",
        sa.Column("bench_judge_id", NUMBER, nullable=False),
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("judge", sa.String(80), nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("verdict", sa.String(32), nullable=True),
        sa.Column("rationale", sa.String(), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column("num_tokens", NUMBER, nullable=False),
        sa.Column("finish_reason", sa.String(16), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("is_doubtful", sa.Boolean(), nullable=False),
        *_identified(),
        _key("bench_judgments", "bench_judge_id", "bench_judges", "CASCADE"),
        _key("bench_judgments", "sample_id", "samples", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_bench_judgments"),
        sa.UniqueConstraint(
            "bench_judge_id",
            "sample_id",
            "judge",
            "position",
            name="uq_bench_judgments_bench_judge_id_sample_id_judge_position",
        ),
    )
    op.create_index("ix_bench_judgments_sample_id", "bench_judgments", ["sample_id"])


def downgrade() -> None:
    for table in ("bench_judgments", "bench_judges", "bench_samples", "judge_benches"):
        op.drop_table(table)
