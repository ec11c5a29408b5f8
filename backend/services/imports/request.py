"""How a file of samples is imported, and what an import did."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from backend.values import JSON


@dataclass(frozen=True)
class ImportRequest:
    """How a file is imported. `columns`: the column of a role, in an export of a tool the question of `label` and
    `score`; `people`: who somebody of the file is here, by name; `accept_at`: needed where scores are not from 0 to 1;
    `lowest`, `highest`: the scale, by default as far as the file's scores go; `file`: what the file is called;
    `update`: samples that are there with other scores or metadata get these, where nobody has decided.
    """

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    accept_at: float | None = None
    policy_id: int | None = None
    is_blind: bool = True
    lowest: float | None = None
    highest: float | None = None
    file: str = ""
    update: bool = False

    @property
    def scale(self) -> tuple[float | None, float | None, float | None]:
        """The cut, the lowest and the highest score, as far as they were given."""
        return self.accept_at, self.lowest, self.highest

    def to_json(self) -> JSON:
        return asdict(self)


@dataclass(frozen=True)
class ImportedRound:
    """What an import did. No new sample, no round.

    `num_present`: samples that the project had already; `num_updated`: those of them that have other scores or metadata
    now; `num_repeated`: those that the file has again. `num_reviewers`: how many the round asks for each item.
    `left_out`: what was answered in the file and is no decision, by reason.
    """

    round_id: int | None
    round_number: int | None
    num_rows: int
    num_samples: int
    num_present: int
    num_prompts: int = 0
    num_judgments: int = 0
    num_decisions: int = 0
    num_repeated: int = 0
    num_reviewers: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    num_updated: int = 0
