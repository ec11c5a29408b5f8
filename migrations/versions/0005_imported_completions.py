"""Completions that files bring, samples without a checkpoint, and the key by which two prompts ask the same

On SQLite the table of samples is made again, because a column becomes nullable there; its triggers are kept. Going
back gives imported samples the policy of their round, and drops what files said of them.

Revision: 0005, after 0010
"""

import hashlib
import re
import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0010"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
AT_ONCE = 1000
WITHOUT = "uq_samples_without_checkpoint"
# As in the backend when this was written. A later change of the rule needs a migration of its own.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
SHORT = 16


def upgrade() -> None:
    op.create_table(
        "imported_completions",
        sa.Column("prompt_id", NUMBER, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("extra", JSON, nullable=False),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"], ["prompts.id"], name="fk_imported_completions_prompt_id_prompts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_imported_completions"),
        sa.UniqueConstraint("prompt_id", "position", name="uq_imported_completions_prompt_id_position"),
    )
    op.add_column("prompts", sa.Column("text_key", NUMBER, server_default="0", nullable=False))
    fill_keys()
    op.create_index("ix_prompts_prompt_set_id_text_key", "prompts", ["prompt_set_id", "text_key"])
    make_nullable(is_nullable=True)
    op.add_column("samples", sa.Column("extra", JSON, server_default="{}", nullable=False))
    op.execute("UPDATE samples SET checkpoint_id = NULL WHERE kind = 'import'")
    where = sa.text("checkpoint_id IS NULL")
    op.create_index(
        WITHOUT, "samples", ["group_id", "kind", "position"], unique=True, sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_index(WITHOUT, "samples")
    op.execute(
        "UPDATE samples SET checkpoint_id = (SELECT policy_id FROM rounds WHERE rounds.id = samples.round_id)"
        " WHERE checkpoint_id IS NULL"
    )
    op.drop_column("samples", "extra")
    make_nullable(is_nullable=False)
    op.drop_index("ix_prompts_prompt_set_id_text_key", "prompts")
    op.drop_column("prompts", "text_key")
    op.drop_table("imported_completions")


def make_nullable(*, is_nullable: bool) -> None:
    """Let samples have no checkpoint, or not. SQLite makes the table anew, so its triggers and views are made again."""
    db = op.get_bind()
    again: list[str] = []
    if db.dialect.name == "sqlite":
        views = db.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'view' AND sql LIKE '%samples%'"
        ).all()
        for name, _ in views:
            db.exec_driver_sql(f"DROP VIEW {name}")
        of_samples = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'samples'"
        again = [sql for _, sql in views] + [row[0] for row in db.exec_driver_sql(of_samples)]
    with op.batch_alter_table("samples") as batch_op:
        batch_op.alter_column("checkpoint_id", existing_type=NUMBER, nullable=is_nullable)
    for sql in again:
        db.exec_driver_sql(sql)


def fill_keys() -> None:
    """Give the prompts that are there their key."""
    db = op.get_bind()
    prompts = sa.table(
        "prompts",
        sa.column("id", NUMBER),
        sa.column("text", sa.String()),
        sa.column("messages", JSON),
        sa.column("text_key", NUMBER),
    )
    set_key = prompts.update().where(prompts.c.id == sa.bindparam("of")).values(text_key=sa.bindparam("key"))
    after = 0
    query = sa.select(prompts.c.id, prompts.c.text, prompts.c.messages).order_by(prompts.c.id).limit(AT_ONCE)
    while rows := db.execute(query.where(prompts.c.id > after)).all():
        db.execute(set_key, [{"of": id_, "key": text_key(text, messages)} for id_, text, messages in rows])
        after = rows[-1][0]


def text_key(text: str, messages: list[dict[str, str]]) -> int:
    told = normal(text)
    turns = [m["content"] for m in messages if m["role"] != "system"]
    if len(turns) > 1 and len(told) <= SHORT and len(told.split()) < 3:
        told = "\n".join(map(normal, turns))
    digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def normal(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())
