"""Tags on samples, and versions of views, recipes and questions. Going back forgets both."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0051"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
VERSIONED = ("sample_views", "saved_recipes", "questions")


def upgrade() -> None:
    op.create_table(
        "sample_tags",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("tag", sa.String(40), nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{name}_id"], [f"{name}s.id"], name=f"fk_sample_tags_{name}_id_{name}s", ondelete="CASCADE"
            )
            for name in ("project", "round", "sample")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sample_tags_user_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_sample_tags"),
        sa.UniqueConstraint("sample_id", "tag", "user_id", name="uq_sample_tags_sample_id_tag_user_id"),
    )
    op.create_index("ix_sample_tags_project_id", "sample_tags", ["project_id"])
    op.create_index("ix_sample_tags_user_id", "sample_tags", ["user_id"])
    op.create_index("ix_sample_tags_round_id_tag_sample_id", "sample_tags", ["round_id", "tag", "sample_id"])
    for table in VERSIONED:
        op.add_column(table, sa.Column("version", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    for table in VERSIONED:
        op.drop_column(table, "version")
    op.drop_table("sample_tags")
