"""Metrics turn samples, judgments and decisions into numbers with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.registry import Part
from backend.values import Group, MetricValue, Sample, Verdict


@dataclass(frozen=True)
class Evidence:
    """What a metric may look at.

    held_out: groups of held-out prompts answered by one checkpoint (greedy sample at position 0 when
    `greedy_first`); round_groups: the groups whose texts the round's first selector reads, with effective labels;
    machine: sample id -> (score, verdict) as the judge labelled it; people: sample id -> verdict by people,
    without gold items, whose label was known;
    overridden: ids of samples on which people decided otherwise than the judge, by verdict or by score;
    blind: sample id -> verdict by people who had not seen the judge's; drawn: ids of samples they met at random;
    kept: ids of the samples that selectors keep, of a pair the chosen one;
    pairs: both sides of each pair that the round trained on, the chosen one first, with their effective labels;
    turns: name of a step, or nothing for the last that answers questions about texts -> the groups with its texts.
    """

    held_out: Sequence[Group] = ()
    round_groups: Sequence[Group] = ()
    machine: dict[int, tuple[float | None, Verdict | None]] = field(default_factory=dict)
    people: dict[int, Verdict] = field(default_factory=dict)
    overridden: frozenset[int] = frozenset()
    blind: dict[int, Verdict] = field(default_factory=dict)
    drawn: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()
    turns: dict[str, Sequence[Group]] = field(default_factory=dict)
    pairs: Sequence[tuple[Sample, Sample]] = ()


class Metric(Part, kind="metric"):
    """One number, or a few of one family."""

    @property
    def scope(self) -> str:
        """`checkpoint`: computed from `held_out`, for each checkpoint; `round`: from the round's own data."""
        return "round"

    @property
    def held_out_samples(self) -> int:
        """Sampled completions wanted per held-out prompt beside the greedy one (0: greedy only)."""
        return 0

    @property
    def needs_answer(self) -> bool:
        """True where only held-out prompts with a known answer can be measured."""
        return False

    @property
    def turns(self) -> tuple[str, ...]:
        """Names of the steps whose texts it looks at beside `Evidence.round_groups`; see `Evidence.turns`."""
        return ()

    @property
    def reads_pairs(self) -> bool:
        """True where it compares the sides of pairs; see `Evidence.pairs`."""
        return False

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        """Return the numbers; value None where nothing could be computed."""
        raise NotImplementedError
