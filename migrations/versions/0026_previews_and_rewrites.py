"""Previews of rounds, and templates rewritten from people's overrides

previews, template_rewrites; projects.preview_id marks the hidden project that holds a preview's rows. Going back
forgets all three, the hidden projects included.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
KEY = "fk_projects_preview_id_previews"


def upgrade() -> None:
    op.create_table(
        "previews",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("result", JSON, server_default="{}", nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        *_common("previews"),
        sa.UniqueConstraint("job_id", name="uq_previews_job_id"),
    )
    op.create_index("ix_previews_project_id", "previews", ["project_id"])
    if op.get_bind().dialect.name == "sqlite":
        # A column that may be empty needs no copy of the table.
        op.execute(
            f"ALTER TABLE projects ADD COLUMN preview_id INTEGER CONSTRAINT {KEY}"
            " REFERENCES previews (id) ON DELETE CASCADE"
        )
    else:
        op.add_column("projects", sa.Column("preview_id", NUMBER, nullable=True))
        op.create_foreign_key(KEY, "projects", "previews", ["preview_id"], ["id"], ondelete="CASCADE")
    op.create_table(
        "template_rewrites",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("step", NUMBER, nullable=False),
        sa.Column("asked", JSON, nullable=False),
        sa.Column("result", JSON, server_default="{}", nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        *_common("template_rewrites"),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name="fk_template_rewrites_round_id_rounds", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("job_id", name="uq_template_rewrites_job_id"),
    )
    op.create_index("ix_template_rewrites_project_id", "template_rewrites", ["project_id"])
    op.create_index("ix_template_rewrites_round_id", "template_rewrites", ["round_id"])


def _common(table: str) -> list[sa.Column | sa.Constraint]:
    return [
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=f"fk_{table}_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=f"fk_{table}_created_by_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def downgrade() -> None:
    op.drop_table("template_rewrites")
    hidden = "(SELECT id FROM projects WHERE preview_id IS NOT NULL)"
    of_rounds = f"round_id IN (SELECT id FROM rounds WHERE project_id IN {hidden})"
    # SQLite migrates without foreign keys, so nothing cascades there; in an order in which nothing points at what goes.
    op.execute(f"DELETE FROM examples WHERE dataset_id IN (SELECT id FROM datasets WHERE {of_rounds})")
    for table in (
        "datasets",
        "judgments",
        "labels",
        "failures",
        "metrics",
        "warnings",
        "round_roles",
        "round_prompt_sets",
        "samples",
        "groups",
    ):
        op.execute(f"DELETE FROM {table} WHERE {of_rounds}")
    op.execute(f"DELETE FROM prompts WHERE prompt_set_id IN (SELECT id FROM prompt_sets WHERE project_id IN {hidden})")
    for table in ("prompt_sets", "rounds"):
        op.execute(f"DELETE FROM {table} WHERE project_id IN {hidden}")
    op.execute("DELETE FROM projects WHERE preview_id IS NOT NULL")
    op.execute("ALTER TABLE projects DROP COLUMN preview_id")
    op.drop_table("previews")
