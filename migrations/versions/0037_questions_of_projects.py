"""A project's own questions, and people's answers. Going back drops them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("help", sa.String(), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("is_required", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_questions_project_id_projects", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.UniqueConstraint("project_id", "key", name="uq_questions_project_id_key"),
    )
    op.create_table(
        "answers",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("question_id", NUMBER, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("sample_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("is_standing", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_blind", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_gold", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("batch_id", sa.String(64), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name="fk_answers_question_id_questions"),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_answers_round_id_rounds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sample_id"], ["samples.id"], name="fk_answers_sample_id_samples", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_answers_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.UniqueConstraint("client_id", name="uq_answers_client_id"),
    )
    op.create_index(
        "uq_answers_standing",
        "answers",
        ["sample_id", "question_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("is_standing"),
        postgresql_where=sa.text("is_standing"),
    )
    op.create_index(
        "ix_answers_standing_of_question",
        "answers",
        ["question_id", "round_id", "sample_id", "number"],
        sqlite_where=sa.text("is_standing = 1"),
        postgresql_where=sa.text("is_standing"),
    )
    op.create_index("ix_answers_question_id_round_id", "answers", ["question_id", "round_id"])
    op.create_index("ix_answers_round_id_user_id", "answers", ["round_id", "user_id"])
    op.create_index("ix_answers_sample_id", "answers", ["sample_id"])


def downgrade() -> None:
    op.drop_table("answers")
    op.drop_table("questions")
