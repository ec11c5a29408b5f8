"""Recipes that a project keeps as its own, and labels that know the step of their sample

saved_recipes: a recipe's JSON under a name. A round keeps its own, so a row may be changed and deleted at any time.

labels.step: the step that made the sample, which becomes a part of `facet`: lists of one step are index ranges, as all
other lists are. Facets of step 1, which made all samples of a recipe of slots, stay what they were. The four indexes
that begin with the facet are made again. Going back drops the saved recipes; the step of a label is its sample's.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FACET = (
    "CASE verdict WHEN 'accept' THEN 1 WHEN 'reject' THEN 2 ELSE 0 END"
    " + CASE source WHEN 'judge' THEN 3 WHEN 'person' THEN 6 ELSE 0 END"
    " + CASE WHEN is_overridden THEN 9 ELSE 0 END + CASE WHEN is_unparsed THEN 18 ELSE 0 END"
    " + CASE WHEN is_truncated THEN 36 ELSE 0 END + CASE WHEN is_flagged THEN 72 ELSE 0 END"
    " + CASE kind WHEN 'completion' THEN 0 WHEN 'edit' THEN 144 ELSE 288 END"
)
OF_STEP = " + 432 * (step - 1)"
INDEXES = {
    "ix_labels_by_id": ["round_id", "facet", "sample_id", "score_key", "num_tokens"],
    "ix_labels_by_score": ["round_id", "facet", "score_key", "sample_id", "num_tokens"],
    "ix_labels_by_length": ["round_id", "facet", "num_tokens", "sample_id", "score_key"],
    "ix_labels_by_spread": ["round_id", "facet", "spread_key", "sample_id", "score_key", "num_tokens"],
}


def upgrade() -> None:
    op.create_table(
        "saved_recipes",
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("recipe", JSON, nullable=False),
        sa.Column("created_by", NUMBER, nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_saved_recipes_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_saved_recipes_created_by_users", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_recipes"),
        sa.UniqueConstraint("project_id", "name", name="uq_saved_recipes_project_id_name"),
    )
    op.add_column("labels", sa.Column("step", NUMBER, nullable=False, server_default="1"))
    op.execute(
        "UPDATE labels SET step = (SELECT step FROM samples WHERE samples.id = labels.sample_id)"
        " WHERE sample_id IN (SELECT id FROM samples WHERE step <> 1)"
    )
    compute(FACET + OF_STEP)


def downgrade() -> None:
    compute(FACET)
    op.drop_column("labels", "step")
    op.drop_table("saved_recipes")


def compute(facet: str) -> None:
    """Let the database compute `labels.facet` so. A computed column is dropped and added, never changed."""
    for name in INDEXES:
        op.drop_index(name, "labels")
    op.drop_column("labels", "facet")
    stored = op.get_bind().dialect.name != "sqlite"  # SQLite can add virtual ones only, PostgreSQL stored ones only
    op.add_column("labels", sa.Column("facet", NUMBER, sa.Computed(facet, persisted=stored), nullable=False))
    for name, columns in INDEXES.items():
        op.create_index(name, "labels", columns)
