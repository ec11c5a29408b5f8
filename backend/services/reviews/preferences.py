"""What a person changed for themselves in the review desk: keys, and how texts are shown. Stored with their account."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services.access import Actor, account
from backend.services.reviews import review_keys


class TextStyle(StrEnum):
    """How a text is shown at first."""

    rendered = "rendered"
    raw = "raw"


class Preferences(BaseModel):
    """`keys` holds only what differs from `review_keys.ACTIONS`. `grey_common`: grey what all columns share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: dict[str, tuple[str, ...]] = {}
    text: TextStyle = TextStyle.rendered
    grey_common: bool = True
    guidelines_open: bool = True


def get(actor: Actor) -> Preferences:
    """The actor's own."""
    with reading() as db:
        return Preferences.model_validate(account(db, actor).preferences)


def keys_of(actor: Actor) -> dict[str, tuple[str, ...]]:
    """The keys of every action of the review desk as the actor has them."""
    return review_keys.bound(get(actor).keys)


def change(actor: Actor, **changes: Any) -> Preferences:
    """Change some display choices; keys have a function of their own."""
    with session() as db:
        return store(account(db, actor, lock=True), changes)


def bind(actor: Actor, changed: Mapping[str, Sequence[str]]) -> Preferences:
    """Replace the changed keys by these; an action without keys is reached from the command palette only."""
    review_keys.check(changed)
    kept = {name: tuple(dict.fromkeys(keys)) for name, keys in changed.items()}
    differing = {name: keys for name, keys in kept.items() if keys != review_keys.BY_NAME[name].keys}
    with session() as db:
        return store(account(db, actor, lock=True), {"keys": differing})


def store(user: tables.User, changes: Mapping[str, Any]) -> Preferences:
    """Check and write; what is not named stays."""
    try:
        changed = Preferences.model_validate(user.preferences | dict(changes))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"The preference {name} is wrong: {first['msg']}. Reload the page.") from error
    user.preferences = changed.model_dump(mode="json", exclude_defaults=True)
    return changed
