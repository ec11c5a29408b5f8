"""Lists and search: computed facets and sort keys on labels, their indexes, and full-text search

On SQLite, `samples_search` and `prompts_search` are FTS5 tables that read their text from `samples` and `prompts`
(the text is stored once) and are kept by triggers: a later migration that rebuilds one of these two tables must
make the triggers again. On PostgreSQL each table gets a stored tsvector. Both split text at whatever is no letter
or digit and fold case, nothing else; a text is searchable up to its 100,000th character on PostgreSQL.

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FACET = (
    "CASE verdict WHEN 'accept' THEN 1 WHEN 'reject' THEN 2 ELSE 0 END"
    " + CASE source WHEN 'judge' THEN 3 WHEN 'person' THEN 6 ELSE 0 END"
    " + CASE WHEN is_overridden THEN 9 ELSE 0 END + CASE WHEN is_unparsed THEN 18 ELSE 0 END"
    " + CASE WHEN is_truncated THEN 36 ELSE 0 END + CASE WHEN is_flagged THEN 72 ELSE 0 END"
    " + CASE kind WHEN 'completion' THEN 0 WHEN 'edit' THEN 144 ELSE 288 END"
)
INDEXES = {
    "ix_labels_by_id": ["round_id", "facet", "sample_id", "score_key", "num_tokens"],
    "ix_labels_by_score": ["round_id", "facet", "score_key", "sample_id", "num_tokens"],
    "ix_labels_by_length": ["round_id", "facet", "num_tokens", "sample_id", "score_key"],
    "ix_labels_by_spread": ["round_id", "facet", "spread_key", "sample_id", "score_key", "num_tokens"],
}
SEARCHED = ("samples", "prompts")


def upgrade() -> None:
    id_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("labels", sa.Column("kind", sa.String(16), nullable=False, server_default="completion"))
    op.execute(
        "UPDATE labels SET kind = (SELECT kind FROM samples WHERE samples.id = labels.sample_id)"
        " WHERE sample_id IN (SELECT id FROM samples WHERE kind <> 'completion')"
    )
    stored = op.get_bind().dialect.name != "sqlite"  # SQLite can add virtual ones only, PostgreSQL stored ones only
    for name, type_, sql in (
        ("facet", id_type, FACET),
        ("score_key", sa.Double(), "COALESCE(score, -1e+300)"),
        ("spread_key", sa.Double(), "COALESCE(machine_spread, -1e+300)"),
    ):
        op.add_column("labels", sa.Column(name, type_, sa.Computed(sql, persisted=stored), nullable=False))
    for name, columns in INDEXES.items():
        op.create_index(name, "labels", columns)
    op.create_index("ix_samples_prompt_id_round_id", "samples", ["prompt_id", "round_id"])
    op.drop_index("ix_samples_prompt_id", "samples")
    for table in SEARCHED:
        if op.get_bind().dialect.name == "sqlite":
            make_fts(table)
        else:
            make_tsvector(table)


def make_fts(table: str) -> None:
    search = f"{table}_search"
    remove = f"INSERT INTO {search}({search}, rowid, text) VALUES ('delete', old.id, old.text);"
    add = f"INSERT INTO {search}(rowid, text) VALUES (new.id, new.text);"
    op.execute(
        f"CREATE VIRTUAL TABLE {search} USING fts5(text, content='{table}', content_rowid='id',"
        " columnsize=0, tokenize='unicode61 remove_diacritics 0')"
    )
    op.execute(f"INSERT INTO {search}({search}) VALUES ('rebuild')")
    op.execute(f"CREATE TRIGGER {search}_insert AFTER INSERT ON {table} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {search}_delete AFTER DELETE ON {table} BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER {search}_update AFTER UPDATE OF text ON {table} BEGIN {remove} {add} END")


def make_tsvector(table: str) -> None:
    words = "regexp_replace(left(text, 100000), '[^[:alnum:]]+', ' ', 'g')"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', {words})) STORED"
    )
    op.execute(f"CREATE INDEX ix_{table}_search_vector ON {table} USING gin (search_vector)")


def downgrade() -> None:
    for table in SEARCHED:
        if op.get_bind().dialect.name == "sqlite":
            for event in ("insert", "delete", "update"):
                op.execute(f"DROP TRIGGER {table}_search_{event}")
            op.execute(f"DROP TABLE {table}_search")
        else:
            op.execute(f"ALTER TABLE {table} DROP COLUMN search_vector")
    op.create_index("ix_samples_prompt_id", "samples", ["prompt_id"])
    op.drop_index("ix_samples_prompt_id_round_id", "samples")
    for name in INDEXES:
        op.drop_index(name, "labels")
    for column in ("spread_key", "score_key", "facet", "kind"):
        op.drop_column("labels", column)
