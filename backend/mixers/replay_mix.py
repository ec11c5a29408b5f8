"""Put rows of several origins together in given shares."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.errors import InvalidInput
from backend.mixers import Mixer
from backend.values import Group, Mixture, Past, SampleKind, TrainingRow

WORDS = {
    "human": "that a person wrote",
    "own_new": "that a model wrote in this round",
    "own_old": "that a model wrote in an earlier round",
    "imported": "that a file brought",
}


class ReplayMix(Mixer):
    """Take rows of each origin, at random and each once, so that every origin has its share of all rows.

    human: texts that people wrote or edited, of this round or an earlier one. own_new and own_old: texts of models, of
    this round and of earlier ones. imported: texts that files brought, and known answers of the sets used as mix. The
    scarcest origin decides how many rows there are, unless `rows` says it. Where an origin has too few rows this is an
    error: nothing is filled up from another one.
    """

    human: float = Field(0.0, ge=0, le=1, description="share of texts that people wrote or edited")
    own_new: float = Field(0.5, ge=0, le=1, description="share of what a model wrote in this round")
    own_old: float = Field(0.5, ge=0, le=1, description="share of what a model wrote in earlier rounds")
    imported: float = Field(0.0, ge=0, le=1, description="share of what files brought, and of known answers")
    rows: int = Field(0, ge=0, description="rows altogether; 0: as many as the scarcest origin allows")
    max_uses: int = Field(
        0, ge=0, description="rows of earlier rounds that so many trainings have read are left out; 0 means no limit"
    )

    @model_validator(mode="after")
    def _shares_are_whole(self) -> Self:
        total = sum(self._shares().values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"The shares of human, own_new, own_old and imported add up to {total:g}. Make them 1.")
        return self

    @property
    def reads_seeds(self) -> bool:
        return self.imported > 0

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        there, used_up = self._by_origin(rows, past)
        shares = {name: share for name, share in self._shares().items() if share}
        total = self.rows or int(min(len(there[name]) / share for name, share in shares.items()) + 1e-9)
        chance = random.Random(seed)
        kept: list[TrainingRow] = []
        for name, share in shares.items():
            wanted = round(share * total)
            if len(there[name]) < wanted or not there[name]:
                raise InvalidInput(self._too_few(name, share, wanted, len(there[name])))
            kept += [there[name][n] for n in sorted(chance.sample(range(len(there[name])), wanted))]
        stayed = {id(row) for row in kept}
        dropped = {"over its share": sum(id(row) not in stayed for row in rows), "used up": used_up}
        return Mixture(kept, {why: count for why, count in dropped.items() if count})

    def _shares(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in WORDS}

    def _by_origin(self, rows: Sequence[TrainingRow], past: Past) -> tuple[dict[str, list[TrainingRow]], int]:
        """The rows of each origin, and how many were used up. Of equal ones the newest counts."""
        by_origin: dict[str, list[TrainingRow]] = defaultdict(list)
        seen, used_up = set[object](), 0
        older = past.trained if self.own_old or self.human or self.imported else ()
        seeds = past.seeds if self.imported else ()
        for some in (rows, older, seeds):
            for row in some:
                example = row.example
                key = (
                    example.prompt_id,
                    example.sample_id,
                    example.rejected_id,
                    example.label,
                    row.completion,
                    row.rejected,
                )
                if key in seen:
                    continue
                seen.add(key)
                if row.age and self.max_uses and row.uses >= self.max_uses:
                    used_up += 1
                else:
                    by_origin[origin_of(row)].append(row)
        return by_origin, used_up

    def _too_few(self, name: str, share: float, wanted: int, there: int) -> str:
        needed = f"{share:.0%} of {self.rows:,} rows are {wanted:,}" if self.rows else f"its share is {share:.0%}"
        return (
            f"The mixer replay_mix has {there:,} rows {WORDS[name]} ({name}), and {needed}. Set other shares"
            f"{' or fewer rows' if self.rows else ''} in a new round, or begin with them once there are such rows."
        )


def origin_of(row: TrainingRow) -> str:
    """Return human, imported, own_new or own_old."""
    if row.kind == SampleKind.edit:
        return "human"
    if row.kind == SampleKind.imported:
        return "imported"
    return "own_old" if row.age else "own_new"
