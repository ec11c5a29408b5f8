"""Notices, where a person wants to be told of what, webhooks, what is sent, and comments. Going back drops them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
UNREAD = {
    "sqlite_where": sa.text("read_at IS NULL AND in_page = 1"),
    "postgresql_where": sa.text("read_at IS NULL AND in_page"),
}
OVER = sa.text("due_at IS NULL")
DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("users", sa.Column("told", JSON, server_default="{}", nullable=False))
    op.add_column("users", sa.Column("mail", sa.String(254), nullable=True))
    op.create_table(
        "notices",
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("in_page", sa.Boolean(), nullable=False),
        sa.Column("in_browser", sa.Boolean(), nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notices_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_notices_project_id_projects", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("user_id", "key", name="uq_notices_user_id_key"),
    )
    op.create_index("ix_notices_project_id", "notices", ["project_id"])
    op.create_index("ix_notices_user_id_id", "notices", ["user_id", "id"])
    op.create_index("ix_notices_unread", "notices", ["user_id", "id"], **UNREAD)
    op.create_index("ix_notices_created_at", "notices", ["created_at"])
    op.create_table(
        "webhooks",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("pause_reason", sa.String(), nullable=True),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_webhooks_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_webhooks_created_by_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_project_id", "webhooks", ["project_id"])
    op.create_table(
        "deliveries",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("webhook_id", NUMBER, nullable=True),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("event", sa.String(120), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("attempts", NUMBER, server_default="0", nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("status", NUMBER, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_deliveries_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_deliveries_webhook_id_webhooks", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_deliveries_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("uid", name="uq_deliveries_uid"),
        sa.UniqueConstraint("webhook_id", "event", name="uq_deliveries_webhook_id_event"),
        sa.UniqueConstraint("user_id", "event", name="uq_deliveries_user_id_event"),
    )
    op.create_index("ix_deliveries_project_id", "deliveries", ["project_id"])
    op.create_index("ix_deliveries_due_at", "deliveries", ["due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_deliveries_over", "deliveries", ["created_at"], sqlite_where=OVER, postgresql_where=OVER)
    op.create_index("ix_deliveries_webhook_id_id", "deliveries", ["webhook_id", "id"])
    op.create_table(
        "comments",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_comments_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_comments_round_id_rounds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.id"], name="fk_comments_sample_id_samples", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_comments_user_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_sample_id_id", "comments", ["sample_id", "id"])
    for column in ("project_id", "round_id", "user_id"):
        op.create_index(f"ix_comments_{column}", "comments", [column])


def downgrade() -> None:
    op.drop_table("comments")
    op.drop_table("deliveries")
    op.drop_table("webhooks")
    op.drop_table("notices")
    op.drop_column("users", "mail")
    op.drop_column("users", "told")
