"""What a page's address asks for: the number of a row, such as `?job=3`. Where it is not there, the page says so."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

import gradio as gr

from app.widgets.context import Context, context
from app.widgets.times import moment
from backend.errors import NotFound
from backend.services import round_trash
from backend.services.access import Actor
from backend.services.prompts import set_trash
from backend.services.round_trash import TrashedRound
from backend.services.rounds import RoundView
from backend.translations import N_, gettext
from backend.values import Stage

NUMBER = re.compile(r"[0-9]{1,18}")
SHOWN = 40
"""As much of a wrong number is repeated."""
NO_NUMBER = N_("The address asks for {what} “{given}”, which is no number of a {what}.")
UNJUDGED = N_(
    "Round {number} is not judged yet: it is {status}, stage {stage}. Open this page once its judge has scored its "
    "texts; Jobs says how far it is, and lets one that stopped go on."
)
NOT_HERE = N_("There is no {what} {number} in this project. It is another project's, or the address is wrong.")
IN_TRASH = N_("Round {number} is in the trash since {since}. A curator can bring it back, on the page of all projects.")
IN_TRASH_BY = N_(
    "Round {number} is in the trash since {since}, put there by {person}. A curator can bring it back, on the page of "
    "all projects."
)
SET_IN_TRASH = N_(
    "Prompt set {number} is in the trash since {since}. A curator can bring it back, on the page of all projects."
)
SET_IN_TRASH_BY = N_(
    "Prompt set {number} is in the trash since {since}, put there by {person}. A curator can bring it back, on the "
    "page of all projects."
)
PARTLY_DELETED = N_("Round {number} is deleted in part and cannot come back. An owner can delete it again.")


@dataclass(frozen=True)
class AddressId:
    """`id` is None where the address asks for nothing, or for what is no number; `missing` says what is not there."""

    id: int | None = None
    missing: str = ""
    is_in_trash: bool = False


def asked(request: gr.Request, name: str, what: str, known: Container[int] | None = None) -> AddressId:
    """Return the row that the parameter `name` asks for; without `known` the caller looks whether it is there."""
    text = str(request.query_params.get(name, ""))
    wish = asked_for(text, what, known)
    if wish.missing and what.endswith("round"):
        here = context(request)
        return in_trash(here.actor, here.project_id, text) or wish
    return wish


def asked_for(text: str, what: str, known: Container[int] | None = None) -> AddressId:
    """Return the row of that number."""
    text = text.strip()
    if not text:
        return AddressId()
    if not NUMBER.fullmatch(text):
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        return AddressId(missing=gettext(NO_NUMBER).format(what=gettext(what), given=shown))
    number = int(text)
    return AddressId(number) if known is None or number in known else AddressId(missing=not_here(what, number))


def asked_judged(request: gr.Request, known: Sequence[RoundView]) -> AddressId:
    """Return the round that the address asks for, of a page that needs its scores."""
    wish = asked(request, "round", "round", {round_.id for round_ in known})
    unjudged = next((round_ for round_ in known if round_.id == wish.id and round_.stage is Stage.generate), None)
    if unjudged is None:
        return wish
    return AddressId(
        missing=gettext(UNJUDGED).format(
            number=unjudged.number, status=gettext(str(unjudged.status)), stage=gettext(str(unjudged.stage))
        )
    )


def not_here(what: str, number: int) -> str:
    """Say that this project has no such row: one of another project is not told from one that is nowhere."""
    return gettext(NOT_HERE).format(what=gettext(what), number=number)


def in_trash(actor: Actor, project_id: int, text: str) -> AddressId | None:
    """Say since when the round of that number is in this project's trash; None where it is not there."""
    if not NUMBER.fullmatch(text.strip()):
        return None
    try:
        entry = round_trash.get(actor, int(text))
    except NotFound:
        return None
    return trashed(entry) if entry.project_id == project_id else None


def set_not_here(actor: Actor, project_id: int, set_id: int) -> str:
    """Say since when a prompt set is in this project's trash, and how it comes back; else that it is not there."""
    try:
        entry = set_trash.get(actor, set_id)
    except NotFound:
        return not_here("prompt set", set_id)
    if entry.project_id != project_id:
        return not_here("prompt set", set_id)
    words = gettext(SET_IN_TRASH_BY) if entry.trashed_by else gettext(SET_IN_TRASH)
    return words.format(number=entry.id, since=moment(entry.trashed_at), person=entry.trashed_by)


def of_trashed(here: Context, sample_id: int) -> AddressId | None:
    """Say that the sample's round is in this project's trash; None where it is not there."""
    entry = round_trash.of_sample(here.actor, here.project_id, sample_id)
    return None if entry is None else trashed(entry)


def trashed(entry: TrashedRound) -> AddressId:
    """Say since when a round is in the trash, and how it comes back."""
    words = gettext(IN_TRASH_BY) if entry.trashed_by else gettext(IN_TRASH)
    words = gettext(PARTLY_DELETED) if entry.is_deleting else words
    since = moment(entry.trashed_at)
    missing = words.format(number=entry.number, since=since, person=entry.trashed_by)
    return AddressId(missing=missing, is_in_trash=True)
