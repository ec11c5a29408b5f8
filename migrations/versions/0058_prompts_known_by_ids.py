"""By what ids files know prompts, and a trash for prompt sets

The trash needs no column: a set lies in a hidden project. Going back drops the ids, and brings back what lies in the
trash, of which the older schema knows nothing; where a set's name is taken by now, with its number behind it. It refuses where a
set of the other split would ask the same.
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0056"
branch_labels = None
depends_on = None
INDEX = "uq_prompts_prompt_set_id_external_id"


def upgrade() -> None:
    op.add_column("prompts", sa.Column("external_id", sa.String(200), nullable=True))
    only = sa.text("external_id IS NOT NULL")
    op.create_index(
        INDEX, "prompts", ["prompt_set_id", "external_id"], unique=True, sqlite_where=only, postgresql_where=only
    )


OVERLAP = """
SELECT sets.name, other.name FROM prompt_sets sets
JOIN projects hidden ON hidden.id = sets.project_id
JOIN prompts prompt ON prompt.prompt_set_id = sets.id
JOIN prompts same ON same.text_key = prompt.text_key
JOIN prompt_sets other ON other.id = same.prompt_set_id AND other.split <> sets.split
JOIN projects beside ON beside.id = other.project_id
WHERE hidden.trash_of_id IS NOT NULL
AND (beside.id = hidden.trash_of_id OR beside.trash_of_id = hidden.trash_of_id)
AND NOT EXISTS (SELECT 1 FROM rounds WHERE rounds.project_id = hidden.id)
AND (beside.trash_of_id IS NULL OR NOT EXISTS (SELECT 1 FROM rounds WHERE rounds.project_id = beside.id))
ORDER BY sets.id LIMIT 1
"""
"""Two sets of which one is in the trash, and one is trained on, the other measured on, with a prompt in common."""


def downgrade() -> None:
    bind = op.get_bind()
    if (both := bind.execute(sa.text(OVERLAP)).one_or_none()) is not None:
        raise RuntimeError(
            f"The prompt set {both[0]!r}, which is in the trash, would come back, and {both[1]!r}, on the other side of "
            "the split, asks the same. Delete one of them (`rondo trash delete-prompts`), then go back."
        )
    trashed = (
        "SELECT sets.id, sets.name, hidden.id, hidden.trash_of_id FROM prompt_sets sets JOIN projects hidden ON"
        " hidden.id = sets.project_id WHERE hidden.trash_of_id IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM rounds WHERE rounds.project_id = hidden.id) ORDER BY sets.id"
    )
    taken = sa.text("SELECT 1 FROM prompt_sets WHERE project_id = :home AND name = :name")
    move = sa.text("UPDATE prompt_sets SET project_id = :home, name = :name WHERE id = :id")
    for set_id, name, hidden_id, home_id in bind.execute(sa.text(trashed)).all():
        is_taken = bind.scalar(taken, {"home": home_id, "name": name}) is not None
        bind.execute(move, {"home": home_id, "name": f"{name[:100]} ({set_id})" if is_taken else name, "id": set_id})
        bind.execute(sa.text("DELETE FROM projects WHERE id = :id"), {"id": hidden_id})
    op.drop_index(INDEX, "prompts")
    op.drop_column("prompts", "external_id")
