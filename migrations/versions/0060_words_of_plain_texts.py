"""On PostgreSQL `rondo_words` reads a text of ASCII characters alone in a third of the time

What it returns is the same, so no row is written anew: such a text has no other form, no invisible character and no
script without blanks. SQLite's `rondo_fold` (backend/db/folding.py) has always done so. Going back makes the function of
before.
"""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

INVISIBLE = "\\u00ad\\u200b-\\u200d\\u2060\\ufeff"
UNSPACED = (
    "\\u0e00-\\u0eff\\u0f00-\\u0fff\\u1000-\\u109f\\u1100-\\u11ff\\u1780-\\u17ff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3040-\\u31ff"
    "\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\U00020000-\\U0003ffff"
)
"""As in 0009."""
ANY_TEXT = f"""
  pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
  normalize(pg_catalog.left(t, 100000), NFKC), '[{INVISIBLE}]', '', 'g'),
  '([{UNSPACED}])', ' \\1 ', 'g'), '[^[:alnum:]]+', ' ', 'g')"""
ASCII_ALONE = "pg_catalog.regexp_replace(pg_catalog.left(t, 100000), '[^[:alnum:]]+', ' ', 'g')"


def upgrade() -> None:
    is_ascii = "pg_catalog.octet_length(t) = pg_catalog.char_length(t)"
    replace(f"CASE WHEN {is_ascii} THEN {ASCII_ALONE} ELSE {ANY_TEXT} END")


def downgrade() -> None:
    replace(ANY_TEXT)


def replace(words: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE OR REPLACE FUNCTION rondo_words(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
            f"SELECT {words} $$"
        )
