"""Schedules change knobs from round to round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from backend.registry import Part
from backend.values import Group

Changes = dict[str, dict[str, Any]]
"""New knob values, by slot or step: `{"generator": {"temperature": 0.7}}`."""
History = Sequence[Mapping[str, float | None]]
"""Each past round's metric values by name, oldest first."""


@dataclass(frozen=True)
class PilotTrial:
    """What came of trying changes out on the pilot prompts.

    groups: the pilot prompts with their samples and labels. kept: ids of the samples that the first selector keeps.
    metrics: the recipe's metrics of a round's own data, by name, as they are on these groups.
    """

    groups: Sequence[Group] = ()
    kept: frozenset[int] = frozenset()
    metrics: Mapping[str, float | None] = field(default_factory=dict)


TryOut = Callable[[Changes], PilotTrial]
"""Carries out the recipe up to its first selector, with these changes, on the pilot prompts."""


class Schedule(Part, kind="schedule"):
    """The only part that sees time."""

    counts_own_rounds: ClassVar[bool] = False
    """Whether its history is that of rounds of its own recipe alone: of the same name and number of steps."""

    @property
    def pilot_prompts(self) -> int:
        """How many prompts it tries changes out on; 0 for a schedule that only looks back.

        One that only looks back is asked when the next round is planned, so that people see what it changes. One that
        tries out is asked in the round's first job.
        """
        return 0

    def trials(self) -> list[Changes]:
        """What it tries out at most, in order. Trials with the same texts stand beside each other."""
        return []

    def settings(self) -> list[Changes]:
        """The settings that it goes through one after the other, at one of which a recipe has to stand; or none."""
        return []

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Names of metrics that the recipe has to hold for it, as parts."""
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of numbers that the recipe's metrics have to give for it."""
        return ()

    def stops(self, history: History) -> str | None:
        """Return why no round should follow these by itself, in words; None where nothing speaks against it."""
        return None

    def changes(self, history: History, try_out: TryOut | None = None) -> Changes:
        """Return new knob values for the next round. `try_out` is there where `pilot_prompts` is not 0."""
        raise NotImplementedError
