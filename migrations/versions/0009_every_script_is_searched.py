"""Search in every script: the text index reads texts in NFKC form, with blanks around characters of unspaced scripts

On SQLite, `samples_search` and `prompts_search` read from views that call `rondo_fold`, a function that Rondo's own
connections have (backend/db/folding.py): another program can read the tables but not write to these two. On PostgreSQL
the function `rondo_words` does the same for the stored tsvectors.

Revision: 0009, after 0004
"""

from alembic import op

revision = "0009"
down_revision = "0004"
branch_labels = None
depends_on = None

SEARCHED = ("samples", "prompts")
INVISIBLE = "\\u00ad\\u200b-\\u200d\\u2060\\ufeff"
UNSPACED = (
    "\\u0e00-\\u0eff\\u0f00-\\u0fff\\u1000-\\u109f\\u1100-\\u11ff\\u1780-\\u17ff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3040-\\u31ff"
    "\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\U00020000-\\U0003ffff"
)
"""As in backend/db/folding.py when this was written, as PostgreSQL's regular expressions write them."""
WORDS = f"""
CREATE FUNCTION rondo_words(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
  normalize(pg_catalog.left(t, 100000), NFKC), '[{INVISIBLE}]', '', 'g'),
  '([{UNSPACED}])', ' \\1 ', 'g'), '[^[:alnum:]]+', ' ', 'g')
$$
"""
AS_BEFORE = "regexp_replace(left(text, 100000), '[^[:alnum:]]+', ' ', 'g')"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(WORDS)
    for table in SEARCHED:
        if op.get_bind().dialect.name == "sqlite":
            drop_fts(table)
            op.execute(f"CREATE VIEW {table}_texts AS SELECT id, rondo_fold(text) AS text FROM {table}")
            make_fts(table, f"{table}_texts", "rondo_fold({}.text)")
        else:
            make_tsvector(table, "rondo_words(text)")


def downgrade() -> None:
    for table in SEARCHED:
        if op.get_bind().dialect.name == "sqlite":
            drop_fts(table)
            op.execute(f"DROP VIEW {table}_texts")
            make_fts(table, table, "{}.text")
        else:
            make_tsvector(table, AS_BEFORE)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION rondo_words(text)")


def make_fts(table: str, source: str, text: str) -> None:
    search = f"{table}_search"
    remove = f"INSERT INTO {search}({search}, rowid, text) VALUES ('delete', old.id, {text.format('old')});"
    add = f"INSERT INTO {search}(rowid, text) VALUES (new.id, {text.format('new')});"
    op.execute(
        f"CREATE VIRTUAL TABLE {search} USING fts5(text, content='{source}', content_rowid='id',"
        " columnsize=0, tokenize='unicode61 remove_diacritics 0')"
    )
    op.execute(f"INSERT INTO {search}({search}) VALUES ('rebuild')")
    op.execute(f"CREATE TRIGGER {search}_insert AFTER INSERT ON {table} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {search}_delete AFTER DELETE ON {table} BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER {search}_update AFTER UPDATE OF text ON {table} BEGIN {remove} {add} END")


def drop_fts(table: str) -> None:
    for event in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_search_{event}")
    op.execute(f"DROP TABLE {table}_search")


def make_tsvector(table: str, words: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP COLUMN search_vector")
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', {words})) STORED"
    )
    op.execute(f"CREATE INDEX ix_{table}_search_vector ON {table} USING gin (search_vector)")
