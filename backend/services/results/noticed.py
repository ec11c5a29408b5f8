"""What the counts of a round say that deserves a look, beside its lights: the same on the overview, on the page of
warnings and on the round's. Thresholds are Rondo's own proposals."""

from dataclasses import dataclass

from backend.db import tables
from backend.metrics._intervals import wilson
from backend.translations import N_, gettext

UNPARSED, TRUNCATED, OVERRIDDEN = 0.05, 0.10, 0.20
"""Shares above which the lower end of the interval warns."""
SHARES = (
    (
        *("unparsed", "samples", UNPARSED, "is_unparsed"),
        N_("{share} of the texts have no verdict in any reply of the judge."),
    ),
    ("truncated", "samples", TRUNCATED, "is_truncated", N_("{share} of the texts were cut off at max_tokens.")),
    ("overridden", "decided", OVERRIDDEN, "is_overridden", N_("{share} of what people decided overrode the judge.")),
)
"""What is counted, of what, above which share it warns, the filter of samples that opens it, and the text."""


@dataclass(frozen=True)
class Warned:
    """Something to look at. `level`: red or amber; `href` opens what it speaks of."""

    level: str
    text: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    n: int
    href: str


def what_helps(advice: str) -> str:
    """What helps where a light is on, as a sentence; empty where its rule, such as one of a package, does not say."""
    return gettext("What helps: {advice}").format(advice=gettext(advice)) if advice else ""


def of_counts(row: tables.Round) -> tuple[Warned, ...]:
    """The warnings, the red one first."""
    raised = []
    counts, here = row.counts, f"samples?round={row.id}"
    if counts.get("kept") == 0:
        raised.append(plain("red", gettext("Nothing was kept to train on."), f"{here}&sort=-score"))
    for name, whole, limit, only, text in SHARES:
        number, of = counts.get(name), int(counts.get(whole) or 0)
        if not number or not of:
            continue
        share, (low, high) = number / of, wilson(min(number, of), of)
        if low > limit:
            words = gettext(text).format(share=f"{share:.1%}")
            raised.append(Warned("amber", words, share, low, high, limit, of, f"{here}&only={only}"))
    return tuple(raised)


def plain(level: str, text: str, href: str, n: int = 0) -> Warned:
    """One without a share."""
    return Warned(level, text, None, None, None, None, n, href)
