"""Indexes of labels by score and by length that hold the spread, too: for lists in the order of two keys

Going back makes them again without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None
INDEXES = {
    "ix_labels_by_score": ["round_id", "facet", "score_key", "sample_id", "num_tokens"],
    "ix_labels_by_length": ["round_id", "facet", "num_tokens", "sample_id", "score_key"],
}


def upgrade() -> None:
    make_again(["spread_key"])


def downgrade() -> None:
    make_again([])


def make_again(more: list[str]) -> None:
    for name, columns in INDEXES.items():
        op.drop_index(name, "labels")
        op.create_index(name, "labels", [*columns, *more])
    # What SQLite had measured of an index is gone with it; with that of the other two alone it would choose these.
    if op.get_bind().dialect.name == "sqlite" and sa.inspect(op.get_bind()).has_table("sqlite_stat1"):
        op.execute("ANALYZE labels")
