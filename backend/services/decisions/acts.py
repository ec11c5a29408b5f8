"""What a person does to a sample, as it is sent."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case

from backend import boundary
from backend.boundary import Data, Id, Line, Note, Score, Text
from backend.errors import InvalidInput
from backend.services.review_settings import Mode
from backend.values import DecisionKind

MAX_TEXT = boundary.MOST_TEXT
MAX_NOTE = boundary.MOST_NOTE
MAX_VALUE = 64
MAX_SECONDS = 86_400.0
COUNTED_SECONDS = 300.0
"""Whoever takes longer over one item was away: sums of people's time count so much of it."""
WHY = ("", "arithmetic", "ignores the prompt", "format", "too strict", "too lenient", "other")
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


@dataclass(frozen=True)
class Unread:
    """What was sent as an act and is none, and why. The rest is as it was sent: an undo finds what it is for."""

    error: InvalidInput
    client_id: str = ""
    kind: str = ""
    retracts: str = ""


def spent(decision: Any) -> Any:
    """The seconds a decision counts for in a sum, as a column."""
    return case((decision.seconds > COUNTED_SECONDS, COUNTED_SECONDS), else_=decision.seconds)


def is_first(decision: Any) -> Any:
    """Whether the decision is no copy that taking a removal back wrote: a copy's time was spent once."""
    return decision.value["restores"].as_integer().is_(None)
