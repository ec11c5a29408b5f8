"""New samples, column by column, as stages write them."""

import re
from collections.abc import Sequence
from typing import Any

from backend import values
from backend.boundary import clean
from backend.values import SampleKind

SCORE_LIKE = re.compile(r"\bscore\s*[:=]\s*-?\d", re.IGNORECASE)


def columns_of(whose: Sequence[tuple[int, int, values.Sample]], checkpoint_id: int) -> dict[str, list[Any]]:
    """The columns of new samples, each given with the ids of its group and its prompt."""
    columns: dict[str, list[Any]] = {
        "group_id": [group_id for group_id, _, _ in whose],
        "prompt_id": [prompt_id for _, prompt_id, _ in whose],
        "position": [sample.position for _, _, sample in whose],
        "text": [clean(sample.text) for _, _, sample in whose],
        "finish_reason": [sample.finish_reason for _, _, sample in whose],
        "num_tokens": [sample.num_tokens for _, _, sample in whose],
        "logprob": [sample.logprob for _, _, sample in whose],
        # A file brought imported samples, no checkpoint.
        "checkpoint_id": [None if sample.kind == SampleKind.imported else checkpoint_id for _, _, sample in whose],
        "kind": [sample.kind for _, _, sample in whose],
        "extra": [_kept(sample.extra) if sample.extra else {} for _, _, sample in whose],
        "score_like": [bool(SCORE_LIKE.search(sample.text)) for _, _, sample in whose],
    }
    if any(sample.turns for _, _, sample in whose):
        columns["turns"] = [_messages(sample.turns) if sample.turns else None for _, _, sample in whose]
    if any(sample.reasoning for _, _, sample in whose):
        columns["reasoning"] = [clean(sample.reasoning) or None for _, _, sample in whose]
    return columns


def _messages(turns: Sequence[values.Message]) -> list[values.Message]:
    """An episode's messages as they can be kept."""
    return [{"role": turn["role"], "content": clean(turn["content"])} for turn in turns]


def _kept(noted: Any) -> Any:
    """What is noted, its texts, lists of them, too, as they can be kept: some are what a model wrote."""
    if isinstance(noted, str):
        return clean(noted)
    if isinstance(noted, dict):
        return {name: _kept(value) for name, value in noted.items()}
    return [_kept(value) for value in noted] if isinstance(noted, list | tuple) else noted
