"""Which metadata the prompts of a round have, as columns of a list."""

from collections import Counter

from sqlalchemy import select

from backend.db import reading, tables
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.values import SetUse

LOOKED_AT = 200
MOST = 30


def metadata_keys(actor: Actor, round_id: int) -> list[str]:
    """The keys that the first prompts of the round's sets have, the most frequent ones first."""
    used, prompt = tables.RoundPromptSet, tables.Prompt
    with reading() as db:
        get_row(db, actor, round_id)
        sets = db.scalars(select(used.prompt_set_id).where(used.round_id == round_id, used.use == SetUse.sample)).all()
        keys: Counter[str] = Counter()
        for set_id in sets:
            looked_at = select(prompt.extra).where(prompt.prompt_set_id == set_id).order_by(prompt.position)
            for extra in db.scalars(looked_at.limit(LOOKED_AT)):
                keys.update(extra.keys())
    # A comma parts the keys in an address.
    return [key for key, _ in keys.most_common(MOST) if "," not in key]
