"""By what ids other tools know samples. Going back drops them: what was imported stays, and would be imported again."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "external_ids",
        sa.Column("sample_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("external_id", sa.String(200), nullable=False),
        sa.Column("digest", NUMBER, nullable=False),
        sa.Column("digest_version", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_external_ids_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.id"], name="fk_external_ids_sample_id_samples", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", name="pk_external_ids"),
        sa.UniqueConstraint("project_id", "external_id", name="uq_external_ids_project_id_external_id"),
    )


def downgrade() -> None:
    op.drop_table("external_ids")
