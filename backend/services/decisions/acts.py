"""Acts on samples as people send them, and the place of an act: its item, its samples and earlier decisions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case

from backend import boundary
from backend.boundary import Data, Id, Line, Note, Score, Text
from backend.db import tables
from backend.db.standing import TOGETHER
from backend.errors import InvalidInput
from backend.services.review_settings import Mode
from backend.translations import N_
from backend.values import DecisionKind, SampleKind, Verdict

MAX_TEXT = boundary.MOST_TEXT
MAX_NOTE = boundary.MOST_NOTE
MAX_VALUE = 64
MAX_SECONDS = 86_400.0
COUNTED_SECONDS = 300.0
"""Longer times over one item count as this much in sums of people's time: the person was away."""
WHY = (
    "",
    N_("arithmetic"),
    N_("ignores the prompt"),
    N_("format"),
    N_("too strict"),
    N_("too lenient"),
    N_("other"),
)
"""Why a judge is wrong."""


@dataclass(frozen=True)
class Act:
    """What a person does to a sample, as the desk, a program or a service sends it.

    Raises `InvalidInput` for what no page sends.

    `client_id` is made where the key was pressed: a repeated send is one decision.

    `text` is for kind edit, `score` for kind score. A retract takes back the act of `retracts`, or the last one.
    `is_blind`: the judge's view was hidden; it counts only where the round hides it and the person never saw it.
    `value` is for prefer and rank, and for what one thinks of the judge. `mode`: how the item was shown, where the
    round's setting changed meanwhile.
    """

    client_id: Line
    kind: DecisionKind
    sample_id: Id = 0
    score: Score | None = None
    text: Text | None = None
    note: Note = ""
    seconds: float | None = None
    is_blind: bool = True
    retracts: Line | None = None
    value: Data = field(default_factory=dict)
    mode: Mode | None = None

    def __post_init__(self) -> None:
        if not 8 <= len(self.client_id) <= 64 or not self.client_id.isprintable():
            raise InvalidInput("A decision needs a client_id of 8 to 64 characters, a new one for each. Use a UUID.")
        if self.kind is DecisionKind.score and (self.score is None or not -1e9 < self.score < 1e9):
            raise InvalidInput("A score decision needs a number. Give one.")
        if self.seconds is not None and not 0 <= self.seconds <= MAX_SECONDS:
            raise InvalidInput(f"The seconds spent on an item are 0 to {MAX_SECONDS:,.0f}. Send one of these, or none.")
        if self.kind is DecisionKind.edit and not (self.text or "").strip():
            raise InvalidInput("The edited text is empty. Write something, or reject the sample.")
        if self.kind is DecisionKind.note and not self.note.strip():
            raise InvalidInput("The note is empty. Write something.")
        boundary.text(self.text or "", "The edited text", MAX_TEXT)
        boundary.text(self.note, "The note", MAX_NOTE)
        boundary.text(self.retracts or "", "What is taken back", boundary.MOST_LINE)
        if len(self.value) > MAX_VALUE:
            raise InvalidInput(f"What a decision says has at most {MAX_VALUE} fields. Send fewer.")
        boundary.plain(self.value)
        if self.value.get("why", "") not in WHY:
            raise InvalidInput(f"Why the judge is wrong is one of {', '.join(WHY[1:])}, or nothing.")
        if self.kind in TOGETHER:
            object.__setattr__(self, "value", about_group(self.kind, self.value))

    @property
    def named(self) -> set[int]:
        """The samples that an act on a whole group names."""
        return {sample_id for sample_id in spoken_of(self.value) if sample_id is not None}


@dataclass(frozen=True)
class Unread:
    """What was sent as an act and is none, and why. The rest is as it was sent: an undo finds what it is for."""

    error: InvalidInput
    client_id: str = ""
    kind: str = ""
    retracts: str = ""


@dataclass(frozen=True)
class ActPlace:
    """Where an act belongs: the item whose slot it takes, the samples it may label, and what the machine said.

    `is_shown`: people decide on it. `is_asked`: questions of the project may have to be answered before.
    """

    item_id: int
    group_id: int
    members: tuple[int, ...]
    kind: SampleKind
    is_gold: bool
    is_shown: bool
    is_asked: bool
    machine: dict[int, tuple[float | None, Verdict | None]]


@dataclass(frozen=True)
class DecidedPlace(ActPlace):
    """The place of an act whose turn came, with what was decided there before.

    `earlier`: its rows, oldest first, each with whether it stands (`stands`) and whose it is (`who`).
    """

    earlier: Sequence[Any]


@dataclass(frozen=True)
class Target:
    """What a retract takes back, and the samples whose label depends on it.

    `frees_item`: the item whose slot is no longer decided, since no other word of the person on it stands.
    """

    row: tables.Decision
    touched: tuple[int, ...]
    frees_item: int | None


@dataclass(frozen=True)
class HowKept:
    """How a decision came by the slot of its item: whether that was drawn at random; why the decision is late, if so.

    As it stands for what needs no slot.
    """

    is_random: bool = False
    late_because: str | None = None


def about_group(kind: DecisionKind, value: dict[str, Any]) -> dict[str, Any]:
    """What an act on a whole group says, if it names each sample at most once; raises `InvalidInput`."""
    clean = _ranked(value) if kind is DecisionKind.rank else _preferred(value)
    named = [sample_id for sample_id in spoken_of(clean) if sample_id is not None]
    if len(set(named)) < len(named):
        raise InvalidInput("A sample is named twice. Name each at most once.")
    if kind is DecisionKind.rank and len(named) < 2:
        raise InvalidInput("A rank names at least two samples, best first.")
    return clean


def _preferred(value: dict[str, Any]) -> dict[str, Any]:
    bad, tied = value.get("all_bad"), value.get("tie")
    if isinstance(bad, list) and bad and all(_is_id(n) for n in bad):
        return {"all_bad": bad}
    if isinstance(tied, list) and len(tied) > 1 and all(_is_id(n) for n in tied):
        return {"tie": tied}
    best, worst = value.get("best"), value.get("worst")
    if _is_id(best) and (worst is None or _is_id(worst)):
        return {"best": best, "worst": worst}
    raise InvalidInput('Prefer names {"best": id, "worst": id or null}, {"tie": [ids]} or {"all_bad": [ids]}.')


def _ranked(value: dict[str, Any]) -> dict[str, Any]:
    order = value.get("order")
    if not isinstance(order, list) or not order or not all(_is_id(n) for n in order):
        raise InvalidInput('Rank names {"order": [ids, best first]}.')
    return {"order": order}


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def spoken_of(value: dict[str, Any]) -> list[int | None]:
    """The samples that a decision on a whole group names."""
    several = (value.get(name, ()) for name in ("tie", "all_bad", "order"))
    return [value.get("best"), value.get("worst"), *(n for some in several for n in some)]


def spent(decision: Any) -> Any:
    """The seconds a decision counts for in a sum, as a column."""
    return case((decision.seconds > COUNTED_SECONDS, COUNTED_SECONDS), else_=decision.seconds)


def is_first(decision: Any) -> Any:
    """Whether the decision is no copy that taking a removal back wrote: a copy's time was spent once."""
    return decision.value["restores"].as_integer().is_(None)
