"""What the judges of a bench took without a count or a price, and what their endpoints refused. Going back forgets it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COLUMNS = {"uncounted": (NUMBER, "0"), "unpriced": (NUMBER, "0"), "notes": (JSON, "[]")}


def upgrade() -> None:
    for name, (kind, default) in COLUMNS.items():
        op.add_column("bench_judges", sa.Column(name, kind, server_default=default, nullable=False))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("bench_judges", name)
