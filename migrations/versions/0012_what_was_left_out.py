"""What was left out of a round while it went on, and the reasoning that endpoints give apart from a text

Revision: 0012, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0005"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAGES = ("generate", "judge", "review", "select", "train", "evaluate")
KINDS = (
    "context",
    "template",
    "filter",
    "refused",
    "timeout",
    "reply",
    "server",
    "error",
    "too_long",
    "special",
)
POINTS_TO = {
    "project_id": ("projects", "CASCADE"),
    "round_id": ("rounds", "CASCADE"),
    "job_id": ("jobs", "SET NULL"),
    "group_id": ("groups", "CASCADE"),
    "prompt_id": ("prompts", "CASCADE"),
    "sample_id": ("samples", "CASCADE"),
    "checkpoint_id": ("checkpoints", "SET NULL"),
}


def words(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def upgrade() -> None:
    op.create_table(
        "failures",
        *(sa.Column(name, NUMBER, nullable=name not in ("project_id", "round_id")) for name in POINTS_TO),
        sa.Column("stage", words(*STAGES, name="stage"), nullable=False),
        sa.Column("item", sa.String(length=80), nullable=False),
        sa.Column("position", NUMBER, nullable=True),
        sa.Column("kind", words(*KINDS, name="failurekind"), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_failures_{name}_{table}"), ondelete=end)
            for name, (table, end) in POINTS_TO.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
        sa.UniqueConstraint("round_id", "stage", "item", name=op.f("uq_failures_round_id_stage_item")),
    )
    op.create_index("ix_failures_round_id_id", "failures", ["round_id", "id"], unique=False)
    for name in POINTS_TO:
        if name != "round_id":
            op.create_index(op.f(f"ix_failures_{name}"), "failures", [name], unique=False)
    for table in ("samples", "judgments"):
        # A column that may be empty needs no copy of the table: a million rows and their triggers stay as they are.
        op.add_column(table, sa.Column("reasoning", sa.String(), nullable=True))


def downgrade() -> None:
    for table in ("judgments", "samples"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN reasoning")
    op.drop_table("failures")
