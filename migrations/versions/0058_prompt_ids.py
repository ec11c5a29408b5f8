"""By what ids files know prompts. Going back drops them: what was imported stays, and would be refused by its name."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0056"
branch_labels = None
depends_on = None
INDEX = "uq_prompts_prompt_set_id_external_id"


def upgrade() -> None:
    op.add_column("prompts", sa.Column("external_id", sa.String(200), nullable=True))
    only = sa.text("external_id IS NOT NULL")
    op.create_index(
        INDEX, "prompts", ["prompt_set_id", "external_id"], unique=True, sqlite_where=only, postgresql_where=only
    )


def downgrade() -> None:
    op.drop_index(INDEX, "prompts")
    op.drop_column("prompts", "external_id")
