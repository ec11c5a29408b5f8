"""Rules that say of a round what may be going wrong in its loop, from its rows and from what rounds before left.

Definitions follow the papers that each rule names. Limits are Rondo's own proposals: knobs, which a project may set.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import ClassVar

from pydantic import ConfigDict, Field, ValidationError

from backend.metrics import Evidence
from backend.metrics._intervals import wilson
from backend.registry import Part, import_all
from backend.translations import N_
from backend.values import JSON, Group, MetricValue, Prompt, WarningLevel

MOST_IDS = 200
"""So many texts, or prompts, a finding names at most."""


@dataclass(frozen=True)
class TrainedText:
    """A row that a training read, as one text. origin: selected, earlier or mix. question: what the row asks last.

    context: all its messages as one text. rejected: the other text of a pair. label: of a row that is good or bad.
    """

    prompt_id: int
    question: str
    text: str
    origin: str = "selected"
    sample_id: int | None = None
    context: str = ""
    rejected: str = ""
    label: bool | None = None


@dataclass(frozen=True)
class ImportedText:
    """A kept text that a file brought with a prompt of this set. is_reviewed: a person decided on it."""

    sample_id: int
    prompt_set_id: int
    prompt_set: str
    is_reviewed: bool
    prompt_id: int


@dataclass(frozen=True)
class PastFindings:
    """What a round above the looked-at one left: the details of each rule's finding, by the rule's name."""

    number: int
    findings: dict[str, JSON] = field(default_factory=dict)


def _no_texts() -> Iterable[TrainedText]:
    return ()


@dataclass(frozen=True)
class WarningEvidence:
    """What a rule may look at.

    round: the round's own data, as metrics see it. truth: sample id -> whether the text is right, by the recipe's
    verifier where the answer is known, else by people who decided blind. votes: sample id -> the scores of the last
    judge. swapped: (one sample id, other one, whether the same text won) for pairs shown in both orders. judge: what
    makes two rounds' scores comparable. rows: the rows that the round's last training read. learned: those that the
    trainings of rounds above read, nearest first. held_out: the held-out prompts.
    needs_differences: the recipe makes pairs of texts by their scores, or learns from rewards within a group.
    trained, start, of_round: metrics by name, of the checkpoint that the round made, of that started from (as far as
    both were measured in the same way), and of the round. past: the rounds above, oldest first. is_online: the recipe
    trains by reinforcement learning. is_verified: a judge of the recipe compares with known answers. tree_steps: the
    steps whose groups a generator made of its own texts. losses: (optimizer step, loss) as the round's first training
    logged them; losses_before: those of the training whose weights it went on from, where the two compare. imported:
    the kept texts that a file brought, which are not in the round's groups.
    """

    round: Evidence = field(default_factory=Evidence)
    truth: dict[int, bool] = field(default_factory=dict)
    votes: dict[int, tuple[float, ...]] = field(default_factory=dict)
    swapped: Sequence[tuple[int, int, bool]] = ()
    judge: str = ""
    rows: Callable[[], Iterable[TrainedText]] = _no_texts
    learned: Callable[[], Iterable[TrainedText]] = _no_texts
    held_out: Sequence[Prompt] = ()
    trained: dict[str, MetricValue] = field(default_factory=dict)
    start: dict[str, MetricValue] = field(default_factory=dict)
    of_round: dict[str, MetricValue] = field(default_factory=dict)
    past: Sequence[PastFindings] = ()
    is_online: bool = False
    needs_differences: bool = True
    is_verified: bool = False
    tree_steps: frozenset[int] = frozenset()
    losses: Sequence[tuple[int, float]] = ()
    losses_before: Sequence[tuple[int, float]] = ()
    imported: Sequence[ImportedText] = ()

    @property
    def answers(self) -> list[Group]:
        """The round's groups that answer prompts, and are about no text of the round."""
        return [
            group for group in self.round.round_groups if group.parent is None and group.step not in self.tree_steps
        ]

    def before(self, name: str, *keys: str) -> list[JSON]:
        """The details of a rule's findings in the rounds above, oldest first.

        Rounds without one are left out, and those whose details lack one of these keys: an older version wrote them.
        """
        details_past = [past_round.findings[name] for past_round in self.past if past_round.findings.get(name)]
        return [details for details in details_past if all(key in details for key in keys)]


@dataclass(frozen=True)
class Finding:
    """A number with its 95 % interval and what it speaks of.

    low, high: None where the number is an exact count. n: rows that it was computed from. missing: why it is not
    known; value is then None. note: what was left out of a number that is known. details: what later rounds compare
    with. sample_ids, prompt_ids: the rows it speaks of, at most `MOST_IDS`. level: where the number alone does not
    decide; the amber limit counts where it is green. is_excused: it is green whatever the limits are.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    missing: str = ""
    note: str = ""
    details: JSON = field(default_factory=dict)
    sample_ids: tuple[int, ...] = ()
    prompt_ids: tuple[int, ...] = ()
    level: WarningLevel | None = None
    is_excused: bool = False


class About(StrEnum):
    """What a rule speaks of: texts that the round's policy wrote with what was said of them, rows that the round
    trained on, or the checkpoint that it made. Rounds of one policy have lights of texts that should be alike, but for
    other prompts, other settings, and chance.
    """

    texts = "texts"
    rows = "rows"
    checkpoint = "checkpoint"


class WarningRule(Part, kind="warning rule"):
    """One number of a round, and the limit beyond which it warns."""

    model_config = ConfigDict(allow_inf_nan=False)

    code: ClassVar[str]
    """The warning's number in docs/reference/warnings.md."""
    title: ClassVar[str]
    source: ClassVar[str]
    """The paper that describes it."""
    speaks_of: ClassVar[About] = About.texts
    opens_answers: ClassVar[bool] = False
    """Whether the prompts it names are held-out ones, of which the two checkpoints' answers are worth a look."""
    unit: ClassVar[str] = N_("share")
    """`share`, or what the number counts."""
    measures: ClassVar[str]
    """What the number is, in words."""
    counts: ClassVar[str]
    """What `Finding.n` counts."""
    way: ClassVar[str]
    """How to get more of them."""
    advice: ClassVar[str] = ""
    """What helps where its light is on; empty where the rule does not say."""
    ends: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """The least and the largest value that the number can have, as far as that is known."""
    more: ClassVar[str] = ""
    """What else has to hold, or may hold instead, where the number is beyond its limit; in words."""
    is_never_red: ClassVar[bool] = False
    """True where there is a reason to look and no fault: its `limit` is that of amber."""
    is_at_limit: ClassVar[bool] = False
    """True where a number at the limit is beyond it."""
    is_below: ClassVar[bool] = False
    """True where small numbers are bad."""
    explained_by: ClassVar[tuple[str, ...]] = ()
    """Rules whose red light explains that of this one, which is then amber: one fault, one red light."""

    limit: float = Field(0.0, description="red where the whole interval lies beyond it")
    amber: float | None = Field(None, description="amber where the whole interval lies beyond it")
    min_rows: int = Field(30, ge=10, le=1_000_000, description="not known from fewer rows")
    is_on: bool = Field(True, description="whether it is computed")
    stops: bool = Field(False, description="rounds that follow by themselves stop while it is red")

    @classmethod
    def usable(cls, stored: JSON) -> JSON:
        """Return those of some stored knobs that the rule still has and takes."""
        known = {knob: value for knob, value in stored.items() if knob in cls.model_fields}
        try:
            cls.model_validate(known)
        except ValidationError as error:
            refused = {place["loc"][0] for place in error.errors() if place["loc"]} & known.keys()
            return cls.usable({knob: value for knob, value in known.items() if refused and knob not in refused})
        return known

    def find(self, evidence: WarningEvidence) -> Finding:
        """Return the finding; without a value, and with the reason, where there are too few rows."""
        finding = self.compute(evidence)
        if finding.n >= self.min_rows and (finding.missing or finding.value is not None):
            return finding
        message = f"There are {finding.n:,} {self.counts}, and it takes {self.min_rows:,}. {self.way}"
        return Finding(n=finding.n, missing=finding.missing or message)

    def compute(self, evidence: WarningEvidence) -> Finding:
        """Return the number with its interval; value None where there are no rows at all."""
        raise NotImplementedError

    def level(self, finding: Finding) -> WarningLevel:
        """Return red or amber where the whole interval lies beyond the limit of that name, else green."""
        if finding.value is None:
            return WarningLevel.unknown
        if finding.is_excused:
            return WarningLevel.green
        if finding.level in (WarningLevel.red, WarningLevel.amber):
            return finding.level
        if finding.level is None and self._is_beyond(finding, self.limit):
            return WarningLevel.amber if self.is_never_red else WarningLevel.red
        if self.amber is not None and self._is_beyond(finding, self.amber):
            return WarningLevel.amber
        return WarningLevel.green

    def _is_beyond(self, finding: Finding, limit: float) -> bool:
        end = finding.high if self.is_below else finding.low
        end = finding.value if end is None else end
        assert end is not None
        return (end < limit if self.is_below else end > limit) or (self.is_at_limit and end == limit)

    @classmethod
    def can_be_beyond(cls, limit: float) -> bool:
        """Whether a value that the number can have is beyond a limit."""
        low, high = cls.ends
        return (low < limit if cls.is_below else high > limit) or (cls.is_at_limit and limit in cls.ends)

    @classmethod
    def limits_of(cls, limit: float, amber: float | None) -> tuple[float | None, float | None]:
        """Return the limits beyond which the light is red and amber; None where it never is."""
        red_limit, amber_limit = (
            value if value is not None and cls.can_be_beyond(value) else None for value in (limit, amber)
        )
        if not cls.is_never_red:
            return red_limit, amber_limit
        known = [value for value in (red_limit, amber_limit) if value is not None]
        return None, (max if cls.is_below else min)(known, default=None)


def rule_classes() -> dict[str, type[WarningRule]]:
    """Return the installed rules by name, in order."""
    import_all()
    return {name: rule for name, rule in sorted(WarningRule.registry.items()) if issubclass(rule, WarningRule)}


def share(count: int, n: int, sample_ids: Iterable[int] = (), prompt_ids: Iterable[int] = ()) -> Finding:
    """Return a share with Wilson's interval and the rows counted; without a value where there is nothing to count."""
    if not n:
        return Finding()
    low, high = wilson(count, n)
    return Finding(count / n, low, high, n, sample_ids=some(sample_ids), prompt_ids=some(prompt_ids))


def some(ids: Iterable[int]) -> tuple[int, ...]:
    """Return the first ids, as many as a finding names."""
    return tuple(islice(ids, MOST_IDS))
