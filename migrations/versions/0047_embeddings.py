"""Which cluster of its round each sample is in. Going back drops it: a job finds them again."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0045"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "clustered_samples",
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("cluster", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.id"], name="fk_clustered_samples_sample_id_samples", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name="fk_clustered_samples_round_id_rounds", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", "job_id", name="pk_clustered_samples"),
    )
    columns = ["round_id", "job_id", "cluster"]
    op.create_index("ix_clustered_samples_round_id_job_id_cluster", "clustered_samples", columns)


def downgrade() -> None:
    op.drop_table("clustered_samples")
