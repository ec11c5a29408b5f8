"""An index of the labels that people changed, with what the machine said of them

What closing a review would go on with is counted in it alone, and a round's report finds in it whose score people moved
furthest: each label was looked up in its table before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None
INDEX = "ix_labels_changed"
COLUMNS = ["round_id", "facet", "sample_id", "verdict", "score", "machine_verdict", "machine_score"]


def upgrade() -> None:
    only = sa.text("source = 'person' OR kind = 'edit'")
    op.create_index(INDEX, "labels", COLUMNS, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    op.drop_index(INDEX, "labels")
