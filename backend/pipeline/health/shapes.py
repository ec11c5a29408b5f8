"""What the judge's health is computed from, and what is said of it. Unknown numbers are None, never zero."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.judges import Comparison, Judge


class Light(StrEnum):
    """How a measure, or the judge, stands."""

    ok = "ok"
    amber = "amber"
    red = "red"
    unknown = "unknown"
    unlimited = "no limit"
    """Of a measure: known, and no limit is set for it."""


@dataclass(frozen=True)
class JudgedText:
    """A text with the judge's word. `author_id`: the checkpoint that wrote it. `votes`: how many replies there are."""

    id: int
    group_id: int
    position: int
    score: float | None
    accepted: bool | None
    spread: float | None
    is_unparsed: bool
    num_tokens: int
    author_id: int | None
    votes: int = 1
    by_people: bool = False
    """Whether its label is a person's by now."""


@dataclass(frozen=True)
class Witness:
    """A text of which people said what it is worth, without having seen the judge's word; or whose label was known."""

    text: JudgedText
    accepts: bool
    score: float | None = None


@dataclass(frozen=True)
class Word:
    """What people said of a text without having seen the judge's word, or what was known of it.

    `is_drawn`: the queue had drawn it at random, so it speaks for others; one that was chosen speaks for itself alone.
    `is_known`: it was known, and nobody decided.
    """

    text: JudgedText
    accepts: bool
    is_drawn: bool
    is_known: bool = False


@dataclass(frozen=True)
class HealthEvidence:
    """`texts`: the round's, or an even draw of their groups. `better`: (group, score of the one people prefer, of the
    other).

    `compared`: what the judge said of each group whose texts it compared in both orders. `why`: what people's words
    lack, and how to get it. `words`: known labels, then people's words as they came. `drawn_of`: of so many groups
    those of `texts` were drawn; 0: they are all. `needs_differences`: what is trained on is made of texts of a prompt
    whose scores differ: pairs, or rewards within a group. `is_done`: the round is over, so that what is said of its
    judge is of use to the next one.
    """

    judge: Judge | None
    judge_id: int | None = None
    texts: tuple[JudgedText, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    better: tuple[tuple[int, float, float], ...] = ()
    compared: tuple[tuple[Comparison, ...], ...] = ()
    why: str = ""
    words: tuple[Word, ...] = ()
    drawn_of: int = 0
    needs_differences: bool = False
    is_done: bool = False


@dataclass(frozen=True)
class Estimate:
    """A value over `n` rows with its 95 % interval; None where it is not defined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True)
class HealthMeasure:
    """One number and its light. `below`: it is bad below its limits, else above them. `missing`: why it is unknown.
    `note`: why it has a limit in this round, or none.

    `is_share`: a number from 0 to 1 that reads as a percentage. `of`: what the rows are.
    """

    name: str
    title: str
    of: str
    number: Estimate
    light: Light
    amber: float | None = None
    red: float | None = None
    below: bool = False
    is_share: bool = True
    missing: str = ""
    note: str = ""


@dataclass(frozen=True)
class CalibrationBin:
    """Texts whose scores lie between two points of the scale, drawn to 0 to 1: mean score, share people accept."""

    low: float
    high: float
    n: int
    score: float
    accepted: float
    accepted_low: float
    accepted_high: float


@dataclass(frozen=True)
class CorrectedShare:
    """The share of right answers as the judge's accepts say it, and as people's words correct that.

    `number`: the corrected share, `n` of it the words at random. `chosen`: words that speak for themselves alone;
    `known`: labels that were known, which do so too.
    `tuning`: how much of the judge's word is in it, from 0 (none: people's words alone) to 1. `missing`: why it is
    unknown.
    """

    judge: float | None = None
    number: Estimate = Estimate()
    chosen: int = 0
    texts: int = 0
    tuning: float | None = None
    missing: str = ""
    known: int = 0


@dataclass(frozen=True)
class Health:
    """The judge's light, one sentence, and the numbers behind it."""

    light: Light
    sentence: str
    measures: tuple[HealthMeasure, ...]
    calibration: tuple[CalibrationBin, ...] = ()
    corrected: CorrectedShare | None = None
    as_of: datetime | None = None
    """Since when people may have said more; None: the figures are as the rows are."""

    def reds(self) -> list[HealthMeasure]:
        """The measures that hold a round."""
        return [measure for measure in self.measures if measure.light is Light.red]
