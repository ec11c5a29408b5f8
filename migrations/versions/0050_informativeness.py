"""What orders the queue is called informativeness: the table `worths` and its column `worth` get that name.

An archive of a round says so, too, where it counts its rows; its files keep their names. Going back is refused while a
round is archived. Jobs that looked for near-duplicates say in how many near-duplicate sets they are: `num_sets`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0048"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BEFORE, NOW = ("worths", "worth"), ("informativeness", "informativeness")


def upgrade() -> None:
    _move(BEFORE, NOW)
    round_ = sa.table("rounds", sa.column("id"), sa.column("archived_at"), sa.column("archive", JSON))
    connection = op.get_bind()
    archived = sa.select(round_.c.id, round_.c.archive).where(round_.c.archived_at.is_not(None))
    for round_id, archive in connection.execute(archived).all():
        counts = dict(archive.get("rows", {}))
        if "worths" in counts:
            counts["informativeness"] = counts.pop("worths")
            changed = sa.update(round_).where(round_.c.id == round_id).values(archive=archive | {"rows": counts})
            connection.execute(changed)
    _rename_result("num_clusters", "num_sets")


def downgrade() -> None:
    _move(NOW, BEFORE)
    _rename_result("num_sets", "num_clusters")


def _rename_result(old: str, new: str) -> None:
    """What a look for near-duplicates has counted, under its new name."""
    job = sa.table("jobs", sa.column("id"), sa.column("spec", JSON))
    connection = op.get_bind()
    looks = sa.select(job.c.id, job.c.spec).where(job.c.spec["kind"].as_string() == "near_duplicates")
    for job_id, spec in connection.execute(looks).all():
        result = dict(spec.get("result", {}))
        if old in result:
            result[new] = result.pop(old)
            connection.execute(sa.update(job).where(job.c.id == job_id).values(spec=spec | {"result": result}))


def _move(old: tuple[str, str], new: tuple[str, str]) -> None:
    """The rows under the new name. SQLite renames neither keys nor indexes, so the table is made anew."""
    (from_table, from_column), (table, column) = old, new
    op.create_table(
        table,
        sa.Column("sample_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("round_id", NUMBER, nullable=False),
        sa.Column(column, sa.Double(), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=f"fk_{table}_round_id_rounds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["samples.id"], name=f"fk_{table}_sample_id_samples", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", name=f"pk_{table}"),
    )
    op.execute(
        f"INSERT INTO {table} (sample_id, round_id, {column}, why, is_open) "
        f"SELECT sample_id, round_id, {from_column}, why, is_open FROM {from_table}"
    )
    op.drop_table(from_table)
    op.create_index(f"ix_{table}_round_id_is_open_{column}", table, ["round_id", "is_open", column, "sample_id"])
    # What was measured of the table went with it: PostgreSQL guesses until autovacuum comes, SQLite (see 0040) for good.
    connection = op.get_bind()
    if connection.dialect.name == "postgresql" or sa.inspect(connection).has_table("sqlite_stat1"):
        op.execute(f"ANALYZE {table}")
