"""A trash for rounds

projects.trash_of_id: of a hidden project that holds a round in the trash, the project which that came from. Going back
brings these rounds back; it is refused while one of them is deleted in part.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "fk_projects_trash_of_id_projects"
MOVED = (
    "failures",
    "comments",
    "warnings",
    "metrics",
    "template_rewrites",
    "jobs",
    "notices",
    "deliveries",
    "events",
    "datasets",
    "scans",
    "rounds",
)
"""Tables whose rows go along with a round."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # A column that may be empty needs no copy of the table.
        op.execute(
            f"ALTER TABLE projects ADD COLUMN trash_of_id INTEGER CONSTRAINT {KEY}"
            " REFERENCES projects (id) ON DELETE CASCADE"
        )
    else:
        op.add_column("projects", sa.Column("trash_of_id", NUMBER, nullable=True))
        op.create_foreign_key(KEY, "projects", "projects", ["trash_of_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_projects_trash_of_id", "projects", ["trash_of_id"])


def downgrade() -> None:
    query = (
        "SELECT home.name || ', round ' || rounds.number FROM rounds JOIN projects hidden ON hidden.id = rounds.project_id"
        " JOIN projects home ON home.id = hidden.trash_of_id WHERE hidden.is_deleting"
    )
    if half := op.get_bind().scalars(sa.text(query)).all():
        raise RuntimeError(
            f"Deleted in part, which the older schema cannot say: {'; '.join(half)}. Delete this again first: "
            "`rondo trash list` shows it, `rondo trash delete-round N` ends it."
        )
    hidden = "SELECT id FROM projects WHERE trash_of_id IS NOT NULL"
    home = "SELECT projects.trash_of_id FROM projects WHERE projects.id = {table}.project_id"
    for table in MOVED:
        op.execute(f"UPDATE {table} SET project_id = ({home.format(table=table)}) WHERE project_id IN ({hidden})")
    op.execute("DELETE FROM projects WHERE trash_of_id IS NOT NULL")
    op.drop_index("ix_projects_trash_of_id", "projects")
    op.execute("ALTER TABLE projects DROP COLUMN trash_of_id")
