"""What is found in datasets before they leave, and which samples are nearly the same. Going back drops it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("projects", sa.Column("content_checks", JSON, server_default="{}", nullable=False))
    op.create_table(
        "scans",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("dataset_id", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("reference", sa.String(), server_default="", nullable=False),
        sa.Column("num_rows", NUMBER, nullable=False),
        sa.Column("num_uncompared", NUMBER, server_default="0", nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_scans_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name="fk_scans_dataset_id_datasets", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_scans_job_id_jobs", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_scans"),
    )
    for column in ("project_id", "dataset_id", "job_id"):
        op.create_index(f"ix_scans_{column}", "scans", [column])
    op.create_table(
        "scan_findings",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("scan_id", NUMBER, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("place", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("source", sa.String(32), server_default="", nullable=False),
        sa.Column("snippet", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name="fk_scan_findings_scan_id_scans", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_scan_findings"),
        sa.UniqueConstraint(
            "scan_id", "position", "kind", "fingerprint", name="uq_scan_findings_scan_id_position_kind_fingerprint"
        ),
    )
    op.create_table(
        "fine_findings",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_fine_findings_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_fine_findings_user_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_fine_findings"),
        sa.UniqueConstraint("project_id", "kind", "fingerprint", name="uq_fine_findings_project_id_kind_fingerprint"),
    )
    op.create_index("ix_fine_findings_user_id", "fine_findings", ["user_id"])
    op.create_table(
        "near_duplicates",
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("first_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.id"], name="fk_near_duplicates_sample_id_samples", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name="fk_near_duplicates_round_id_rounds", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", name="pk_near_duplicates"),
    )
    op.create_index("ix_near_duplicates_round_id", "near_duplicates", ["round_id"])


def downgrade() -> None:
    op.drop_table("near_duplicates")
    op.drop_table("fine_findings")
    op.drop_table("scan_findings")
    op.drop_table("scans")
    op.drop_column("projects", "content_checks")
