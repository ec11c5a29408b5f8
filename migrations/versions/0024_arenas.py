"""Arenas: matches of two checkpoints on held-out prompts, and people's votes

arenas, arena_matches, arena_votes. Going back forgets them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "arenas",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("first_id", NUMBER, nullable=False),
        sa.Column("second_id", NUMBER, nullable=False),
        sa.Column("judge_id", NUMBER, nullable=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("num_same", NUMBER, nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_arenas_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["first_id"], ["checkpoints.id"], name="fk_arenas_first_id_checkpoints"),
        sa.ForeignKeyConstraint(["second_id"], ["checkpoints.id"], name="fk_arenas_second_id_checkpoints"),
        sa.ForeignKeyConstraint(["judge_id"], ["checkpoints.id"], name="fk_arenas_judge_id_checkpoints"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_arenas_created_by_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_arenas"),
    )
    op.create_index("ix_arenas_project_id", "arenas", ["project_id"])
    op.create_table(
        "arena_matches",
        sa.Column("arena_id", NUMBER, nullable=False),
        sa.Column("prompt_id", NUMBER, nullable=False),
        sa.Column("first_sample_id", NUMBER, nullable=False),
        sa.Column("second_sample_id", NUMBER, nullable=False),
        sa.Column("as_a", sa.String(8), nullable=True),
        sa.Column("as_b", sa.String(8), nullable=True),
        sa.Column("said", JSON, nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        *[
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=f"fk_arena_matches_{column}_{table}", ondelete="CASCADE"
            )
            for column, table in (
                ("arena_id", "arenas"),
                ("prompt_id", "prompts"),
                ("first_sample_id", "samples"),
                ("second_sample_id", "samples"),
            )
        ],
        sa.PrimaryKeyConstraint("id", name="pk_arena_matches"),
        sa.UniqueConstraint("arena_id", "prompt_id", name="uq_arena_matches_arena_id_prompt_id"),
    )
    op.create_table(
        "arena_votes",
        sa.Column("match_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("winner", sa.String(8), nullable=False),
        sa.Column("is_swapped", sa.Boolean(), nullable=False),
        sa.Column("is_retracted", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["match_id"], ["arena_matches.id"], name="fk_arena_votes_match_id_arena_matches", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_arena_votes_user_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_arena_votes"),
    )
    op.create_index(
        "uq_arena_votes_standing",
        "arena_votes",
        ["match_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("is_retracted = 0"),
        postgresql_where=sa.text("NOT is_retracted"),
    )


def downgrade() -> None:
    for table in ("arena_votes", "arena_matches", "arenas"):
        op.drop_table(table)
