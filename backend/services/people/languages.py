"""In which language a person reads pages. Stored with their account."""

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services.access import Actor, account
from backend.translations import LANGUAGES


def chosen(actor: Actor) -> str | None:
    """Return the actor's choice; None where the browser says it."""
    with reading() as db:
        user = db.get(tables.User, actor.user_id)
        return user.language if user is not None else None


def choose(actor: Actor, language: str | None) -> None:
    """Keep the actor's choice; None leaves it to the browser. Raises InvalidInput for a language there is none of."""
    if language is not None and language not in LANGUAGES:
        there = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
        raise InvalidInput(f"Pages are not written in {language[:20]!r}. Choose one of {there}.")
    with session() as db:
        account(db, actor, lock=True).language = language
