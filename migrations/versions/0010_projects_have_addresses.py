"""Projects have addresses: the slug that stands in /p/SLUG/, and those from before a renaming

Revision: 0010, after 0011
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
projects = sa.table("projects", sa.column("id", NUMBER), sa.column("name", sa.String()), sa.column("slug", sa.String()))


def upgrade() -> None:
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slug", sa.String(length=400), nullable=True))
    _give_slugs()
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.alter_column("slug", existing_type=sa.String(length=400), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_projects_slug"), ["slug"])

    op.create_table(
        "former_slugs",
        sa.Column("slug", sa.String(length=400), nullable=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_former_slugs_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_former_slugs")),
    )
    with op.batch_alter_table("former_slugs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_slugs_project_id"), ["project_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("former_slugs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_former_slugs_project_id"))
    op.drop_table("former_slugs")
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_projects_slug"), type_="unique")
        batch_op.drop_column("slug")


def _give_slugs() -> None:
    """Every project gets what a new one would get, the oldest first."""
    connection = op.get_bind()
    taken: set[str] = set()
    for project_id, name in connection.execute(sa.select(projects.c.id, projects.c.name).order_by(projects.c.id)).all():
        slug, number = _slug(name), 1
        found = slug
        while found in taken:
            number += 1
            found = f"{slug}-{number}"
        taken.add(found)
        connection.execute(sa.update(projects).where(projects.c.id == project_id).values(slug=found))


def _slug(name: str) -> str:
    """As backend/db/slugs.py made it when this was written."""
    text = unicodedata.normalize("NFC", name).lower()
    words = "".join(one if _stays(one) else " " for one in text).split()
    return "-".join(words) or "project"


def _stays(one: str) -> bool:
    category = unicodedata.category(one)
    return category[0] in "LNM" or (category[0] == "S" and not one.isascii())
