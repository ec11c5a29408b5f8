"""A bandit whose arms are the categories of prompts: what it expects of each, and what it draws."""

import hashlib
import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from backend.engines import _weights
from backend.trainers import TrainSpec
from backend.trainers._choosing import generations
from backend.trainers.grpo import GRPO
from backend.values import JSON

if TYPE_CHECKING:
    from backend.trainers._inputs import Row

FILE = "category_values.json"
"""Beside the weights: the value of each category when a training ended."""
MOST_CURVES, LONGEST = 50, 50
"""Categories whose values are shown as curves, and characters of their names there; all are kept in the file."""


class BanditKnobs(GRPO, abstract=True):
    """What a category is, and how its value is learned and used."""

    category_key: str = Field(
        "category", min_length=1, description="column of the prompts' metadata that holds the category"
    )
    value_rate: float = Field(0.5, gt=0, le=1, description="share of the newest gain in a category's value")
    value_temperature: float | None = Field(
        1.0, gt=0, description="lower draws the best category more often; unset: every category is as likely"
    )


class Bandit:
    """The value Q of each category, 0 at first, and the prompts of each. See `GRPOCategoryBandit`."""

    def __init__(self, knobs: BanditKnobs, rows: "Mapping[int, Row]", spec: TrainSpec) -> None:
        self.knobs, self.spec = knobs, spec
        self.category_of = {number: category(row, knobs.category_key) for number, row in rows.items()}
        self.known = before(spec.policy)
        self.members: dict[str, list[int]] = {}
        for number, name in self.category_of.items():
            self.members.setdefault(name, []).append(number)
        self.values = {name: self.known.get(name, 0.0) for name in sorted(self.members)}
        self.generation = 0

    def begin(self, lines: Sequence[JSON], fitted: Any) -> None:
        for some in generations(lines, self.knobs.completions):
            self.learn(some)

    def choose(self, prompts: int) -> list[int]:
        """Draw the category of each prompt by the softmax, then a prompt of it, each once before any twice."""
        chance = random.Random(f"{self.spec.seed} {self.generation} category")
        names = list(self.values)
        drawn = chance.choices(names, probabilities([self.values[name] for name in names], self.knobs), k=prompts)
        choices: list[int] = []
        rest: dict[str, list[int]] = {name: [] for name in names}
        for name in drawn:
            if not rest[name]:
                rest[name] = chance.sample(self.members[name], len(self.members[name]))
            choices.append(rest[name].pop())
        return choices

    def learn(self, lines: Sequence[JSON]) -> dict[str, float]:
        self.generation += 1
        gains: dict[str, list[float]] = {}
        for line in lines:
            gains.setdefault(self.category_of[line["row"]], []).append(abs(line["advantage"]))
        for name, some in gains.items():
            mean = math.fsum(some) / len(some)
            self.values[name] += self.knobs.value_rate * (mean - self.values[name])
        shown = sorted(self.values)[:MOST_CURVES]
        return {f"category_value/{_short(name)}": self.values[name] for name in shown}

    def save(self, folder: Path) -> None:
        """Write the values, and those of categories that this training has no prompts of."""
        text = json.dumps(self.known | self.values, indent=1, ensure_ascii=False)
        (folder / FILE).write_text(text, encoding="utf-8")


def _short(name: str) -> str:
    """A category as the name of a curve, which has few characters; names that begin alike stay apart."""
    if len(name) <= LONGEST:
        return name or "none"
    return f"{name[: LONGEST - 9]} {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def probabilities(values: Sequence[float], knobs: BanditKnobs) -> list[float]:
    """exp(Q / temperature), divided by their sum; all the same without a temperature."""
    if knobs.value_temperature is None:
        return [1 / len(values)] * len(values)
    highest = max(values)
    weights = [math.exp((value - highest) / knobs.value_temperature) for value in values]
    return [weight / math.fsum(weights) for weight in weights]


def category(row: "Row", key: str) -> str:
    """What the metadata of a row's prompt says of its category; empty where it says nothing."""
    value = (row.notes.get("metadata") or {}).get(key)
    return "" if value is None else str(value)


def before(policy: str) -> dict[str, float]:
    """The values with which the training ended that made these weights; none where it was another kind of training."""
    file = Path(_weights.locate(policy)) / FILE
    if not file.is_file():
        return {}
    values: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return values
