"""What a page's address asks for: the number of a row, such as `?job=3`. Where it is not there, the page says so."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

import gradio as gr

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
NOT_HERE = N_("There is no {what} {number} in this project. It is {trash}another project's, or the address is wrong.")


@dataclass(frozen=True)
class AddressId:
    """`id` is None where the address asks for nothing, or for what is no number; `missing` says what is not there."""

    id: int | None = None
    missing: str = ""


def asked(request: gr.Request, name: str, what: str, known: Container[int] | None = None) -> AddressId:
    """Return the row that the parameter `name` asks for; without `known` the caller looks whether it is there."""
    return asked_for(str(request.query_params.get(name, "")), what, known)


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
    trash = gettext("in the trash (All projects…), ") if what.endswith("round") else ""
    return gettext(NOT_HERE).format(what=gettext(what), number=number, trash=trash)
