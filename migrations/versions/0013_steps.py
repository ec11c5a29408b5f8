"""Recipes are lists of steps: several steps of a kind in a round, questions about texts, roles, texts in training rows

New columns, with defaults that are the places of the rows there are in a recipe of slots (prompt source 0, generator 1,
judge 2, selector 3, trainer 4), so that no row is written anew:

rounds.phase, step, steps: the phase it runs, the step it is at, what steps left for later ones.
round_roles: who acts in a role beyond policy, reference and judge, bound at launch (step -1) or made by a training.
groups.step, parent_id, messages, is_stripped, cut: the source that asked; the text it is about; what is asked, where it
is not the prompt; whether training gets the prompt instead; how much of the parent was kept.
samples.step, role; judgments.step; datasets.step: who made it. failures.step, jobs.step: NULL for the first of a stage.
examples.messages, completion, rejected, extra: texts that are no sample's, and further columns for a trainer.

The unique keys of groups, samples, judgments and datasets get the step. On SQLite these four tables are made again;
triggers and views of theirs are kept. Going back deletes what was made by steps that the schema before cannot tell
apart: questions of later steps with all that is about them, samples and judgments of later steps, and all datasets of a
round but the newest. Rows of earlier rounds are kept as they are.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
WITHOUT = "uq_samples_without_checkpoint"
KEYS = {
    "groups": (["round_id", "split", "prompt_id"], ["round_id", "split", "step", "position"]),
    "samples": (
        ["group_id", "checkpoint_id", "kind", "position"],
        ["group_id", "step", "checkpoint_id", "kind", "position"],
    ),
    "judgments": (["sample_id", "judge", "position"], ["sample_id", "step", "judge", "position"]),
    "datasets": (["round_id"], ["round_id", "step"]),
}
"""Table: unique key before, and since."""
STEP_OF = {"groups": "0", "samples": "1", "judgments": "2", "datasets": "3"}
OF_SAMPLES = (
    ("labels", "sample_id"),
    ("judgments", "sample_id"),
    ("decisions", "sample_id"),
    ("leases", "sample_id"),
    ("assignments", "sample_id"),
    ("gold_items", "sample_id"),
    ("worths", "sample_id"),
    ("failures", "sample_id"),
    ("examples", "sample_id"),
    ("examples", "rejected_id"),
)
"""What hangs on a sample. Keys are not enforced while SQLite migrates, so nothing follows by itself."""


def upgrade() -> None:
    for name in ("phase", "step"):
        op.add_column("rounds", sa.Column(name, NUMBER, nullable=False, server_default="0"))
    op.add_column("rounds", sa.Column("steps", JSON, nullable=False, server_default="{}"))
    op.create_table(
        "round_roles",
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("step", NUMBER, autoincrement=False, nullable=False),
        sa.Column("checkpoint_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_round_roles_round_id_rounds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoints.id"], name="fk_round_roles_checkpoint_id_checkpoints"),
        sa.PrimaryKeyConstraint("round_id", "role", "step", name="pk_round_roles"),
    )
    op.create_index("ix_round_roles_checkpoint_id", "round_roles", ["checkpoint_id"])
    for table in ("jobs", "failures"):
        op.add_column(table, sa.Column("step", NUMBER, nullable=True))
    for name, type_ in (("messages", JSON), ("completion", sa.String()), ("rejected", sa.String())):
        op.add_column("examples", sa.Column(name, type_, nullable=True))
    op.add_column("examples", sa.Column("extra", JSON, nullable=False, server_default="{}"))
    for table, step in STEP_OF.items():
        op.add_column(table, sa.Column("step", NUMBER, nullable=False, server_default=step))
    op.add_column("samples", sa.Column("role", sa.String(length=40), nullable=False, server_default="policy"))
    op.add_column("groups", sa.Column("messages", JSON, nullable=True))
    op.add_column("groups", sa.Column("is_stripped", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("parent_id", "cut"):
        op.add_column("groups", sa.Column(name, NUMBER, nullable=True))
    op.drop_index("ix_groups_round_id_split_position", "groups")
    op.drop_index(WITHOUT, "samples")
    for table, (before, since) in KEYS.items():
        change_key(table, before, since)
    make_partial("step")
    op.create_index("ix_groups_parent_id", "groups", ["parent_id"])


def downgrade() -> None:
    delete_later_steps()
    op.drop_index("ix_groups_parent_id", "groups")
    op.drop_index(WITHOUT, "samples")
    for table, (before, since) in KEYS.items():
        change_key(table, since, before)
    make_partial()
    op.create_index("ix_groups_round_id_split_position", "groups", ["round_id", "split", "position"])
    for name in ("messages", "is_stripped", "cut"):
        op.drop_column("groups", name)
    op.drop_column("samples", "role")
    for table in STEP_OF:
        op.drop_column(table, "step")
    for name in ("messages", "completion", "rejected", "extra"):
        op.drop_column("examples", name)
    for table in ("jobs", "failures"):
        op.drop_column(table, "step")
    op.drop_table("round_roles")
    for name in ("phase", "step", "steps"):
        op.drop_column("rounds", name)


def make_partial(*step: str) -> None:
    """The unique key of samples that no checkpoint made."""
    where = sa.text("checkpoint_id IS NULL")
    columns = ["group_id", *step, "kind", "position"]
    op.create_index(WITHOUT, "samples", columns, unique=True, sqlite_where=where, postgresql_where=where)


def change_key(table: str, before: list[str], since: list[str]) -> None:
    """Put one unique key for another. SQLite makes the table anew, so its triggers and views are made again."""
    db = op.get_bind()
    again: list[str] = []
    if db.dialect.name == "sqlite":
        views = f"SELECT name, sql FROM sqlite_master WHERE type = 'view' AND sql LIKE '%{table}%'"
        found = db.exec_driver_sql(views).all()
        for name, _ in found:
            db.exec_driver_sql(f"DROP VIEW {name}")
        of_table = f"SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
        again = [sql for _, sql in found] + [row[0] for row in db.exec_driver_sql(of_table)]
    # The foreign key of groups comes and goes with the table's second making, where SQLite can add it.
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(f"uq_{table}_{'_'.join(before)}", type_="unique")
        batch_op.create_unique_constraint(f"uq_{table}_{'_'.join(since)}", since)
        if table == "groups" and "step" in since:
            batch_op.create_foreign_key(
                "fk_groups_parent_id_samples", "samples", ["parent_id"], ["id"], ondelete="CASCADE"
            )
        elif table == "groups":
            batch_op.drop_constraint("fk_groups_parent_id_samples", type_="foreignkey")
            batch_op.drop_column("parent_id")
    for sql in again:
        db.exec_driver_sql(sql)


def delete_later_steps() -> None:
    """Leave what the schema before can tell apart."""
    later = "SELECT id FROM groups WHERE split = 'train' AND step > 0"
    samples = f"SELECT id FROM samples WHERE step > 1 OR group_id IN ({later})"
    op.execute(f"DELETE FROM decisions WHERE group_id IN ({later})")
    for table, column in OF_SAMPLES:
        op.execute(f"DELETE FROM {table} WHERE {column} IN ({samples})")
    op.execute(f"DELETE FROM failures WHERE group_id IN ({later}) OR step IS NOT NULL")
    op.execute("DELETE FROM judgments WHERE step <> 2")
    op.execute("UPDATE groups SET parent_id = NULL")
    op.execute(f"DELETE FROM samples WHERE edited_from_id IN (SELECT id FROM ({samples}) AS gone)")
    op.execute(f"DELETE FROM samples WHERE id IN (SELECT id FROM ({samples}) AS gone)")
    op.execute("DELETE FROM groups WHERE split = 'train' AND step > 0")
    older = (
        "SELECT id FROM datasets WHERE step < (SELECT max(newest.step) FROM datasets AS newest"
        " WHERE newest.round_id = datasets.round_id)"
    )
    op.execute(f"DELETE FROM examples WHERE dataset_id IN ({older})")
    op.execute(f"DELETE FROM datasets WHERE id IN (SELECT id FROM ({older}) AS gone)")
