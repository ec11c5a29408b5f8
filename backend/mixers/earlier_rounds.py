"""Train on what earlier rounds of the line kept, as well."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pydantic import Field

from backend.mixers import Mixer
from backend.values import Group, Mixture, Past, TrainingRow


class EarlierRounds(Mixer):
    """Add the rows of ancestor rounds behind this round's own; of two that say the same the newest stays.

    `take` selected goes back to all that their selectors kept, so that a mixer after this one can choose anew among the
    rows of all rounds. Rows of rounds that trained another role, or on another type of rows, are not taken.
    """

    limit: int = Field(0, ge=0, description="nearest ancestor rounds that count; 0 means all")
    most: int = Field(
        0, ge=0, description="most rows added, those with the highest weight, of equal ones the newest; 0 means all"
    )
    take: Literal["trained", "selected"] = Field(
        "trained",
        description="trained: what those rounds trained on; selected: what their selectors kept, before their mixers",
    )

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        seen = {key(row) for row in rows}
        repeats = 0
        added: list[TrainingRow] = []
        for row in self._older(past):
            if key(row) in seen:
                repeats += 1
            else:
                seen.add(key(row))
                added.append(row)
        dropped = {"same text in a newer round": repeats}
        if self.most and len(added) > self.most:
            dropped["lower weight"] = len(added) - self.most
            best = sorted(range(len(added)), key=lambda place: (-added[place].example.weight, place))[: self.most]
            added = [added[place] for place in sorted(best)]
        return Mixture([*rows, *added], {why: count for why, count in dropped.items() if count})

    def _older(self, past: Past) -> Iterator[TrainingRow]:
        for row in past.trained if self.take == "trained" else past.selected:
            if self.limit and row.age > self.limit:
                return
            yield row


def key(row: TrainingRow) -> bytes:
    """What makes two rows the same for training: they ask the same in the same words, and answer the same.

    Of one prompt there are many questions: a judge's about each of its texts, a document's plain texts. A system turn
    is part of the question: training reads it. The digest stands for the words, which would stay in memory.
    """
    asked = [(message["role"], message["content"]) for message in row.messages]
    content = (row.example.prompt_id, asked, row.completion, row.rejected, row.example.label)
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()
