"""What may be going wrong in a round: warnings, and what a project sets of their rules

warnings: one row a rule and round, with value, interval, limit and the rows that it speaks of. projects.warning_rules:
what differs from the rules' own knobs, empty for all projects there are. Going back drops both.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "warnings",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("limit", sa.Double(), nullable=False),
        sa.Column("amber", sa.Double(), nullable=True),
        sa.Column("n", NUMBER, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.Column("sample_ids", JSON, nullable=False),
        sa.Column("prompt_ids", JSON, nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_warnings_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_warnings_round_id_rounds", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_warnings"),
        sa.UniqueConstraint("round_id", "name", name="uq_warnings_round_id_name"),
    )
    op.create_index("ix_warnings_project_id", "warnings", ["project_id"])
    op.add_column("projects", sa.Column("warning_rules", JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.execute("ALTER TABLE projects DROP COLUMN warning_rules")
    op.drop_index("ix_warnings_project_id", "warnings")
    op.drop_table("warnings")
