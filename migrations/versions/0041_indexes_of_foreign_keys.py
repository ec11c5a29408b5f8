"""Indexes of foreign keys

Whoever deletes a row looks in every table for what refers to it; without an index that reads the whole table. Keys to
people have none: nobody is ever deleted.
"""

from alembic import op

revision = "0041"
down_revision = "0035"
branch_labels = None
depends_on = None
INDEXES = (
    ("arena_votes", "match_id"),
    ("arenas", "first_id"),
    ("arenas", "second_id"),
    ("arenas", "judge_id"),
    ("bench_judges", "checkpoint_id"),
    ("decisions", "project_id"),
    ("judge_benches", "job_id"),
    ("judge_benches", "round_id"),
    ("judgments", "checkpoint_id"),
    ("login_sessions", "project_id"),
    ("projects", "baseline_id"),
    ("projects", "preview_id"),
    ("rounds", "branch_of_id"),
    ("rounds", "judge_id"),
    ("rounds", "policy_id"),
    ("rounds", "reference_id"),
    ("samples", "checkpoint_id", "round_id"),
    ("samples", "project_id"),
)


def upgrade() -> None:
    for table, *columns in INDEXES:
        op.create_index(_name(table, columns), table, columns)


def downgrade() -> None:
    for table, *columns in reversed(INDEXES):
        op.drop_index(_name(table, columns), table)


def _name(table: str, columns: list[str]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
