"""What a report says of the texts of a round: see `shapes`."""

from dataclasses import dataclass

from backend.services.samples.rows import SampleRow

FEWEST = 10
"""No distribution is drawn, and no share of a category given, from fewer rows."""


@dataclass(frozen=True)
class Arm:
    """What leaves or joins the flow at a stage. `href` opens its rows."""

    reason: str
    count: int
    href: str


@dataclass(frozen=True)
class FlowStage:
    """What is left at a stage, in `unit`; `share` of the stage before got here, None where that cannot be said."""

    name: str
    count: int
    unit: str
    share: float | None
    dropped: tuple[Arm, ...]
    joined: tuple[Arm, ...]
    href: str


@dataclass(frozen=True)
class FunnelFlow:
    """From prompts to the rows of one dataset; without a dataset as far as the round came."""

    title: str
    dataset_id: int | None
    stages: tuple[FlowStage, ...]


@dataclass(frozen=True)
class Flows:
    flows: tuple[FunnelFlow, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class VerdictBin:
    """Rows from `low` up to `high`, the last bin with its end; by verdict where that is told."""

    low: float
    high: float
    count: int
    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Category:
    """The texts to prompts of one value of a metadata key; shares are None for fewer than `FEWEST` with a verdict."""

    key: str
    value: str
    n: int
    judged: int
    accepted: float | None
    low: float | None
    high: float | None
    score: float | None


@dataclass(frozen=True)
class Spread:
    """The texts of one step (None: of a recipe of slots). `counted` texts are in it, of about `total`."""

    step: int | None
    name: str
    counted: int
    scores: tuple[VerdictBin, ...]
    lengths: tuple[VerdictBin, ...]
    categories: tuple[Category, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Spreads:
    """`counted` of about `total` texts were looked at: all, or an even draw. `fewest`: see `FEWEST`."""

    spreads: tuple[Spread, ...]
    counted: int
    total: int
    missing: tuple[str, ...]
    fewest: int = FEWEST


@dataclass(frozen=True)
class Extreme:
    """Up to ten texts at one end of an order; `href` opens the whole list."""

    title: str
    rows: tuple[SampleRow, ...]
    href: str
    missing: str


@dataclass(frozen=True)
class Texts:
    """What became of the texts."""

    flows: Flows
    spreads: Spreads
    extremes: tuple[Extreme, ...]
