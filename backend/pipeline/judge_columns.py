"""The columns of judgments, which rounds and benches write, and of the labels that follow from them."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from backend.boundary import clean
from backend.pipeline.judge_missing import judge_of
from backend.pipeline.stage import StageContext
from backend.values import Judgment, LabelSource


def judgment_columns(judgments: Sequence[Judgment]) -> dict[str, list[Any]]:
    """The columns that judgments of rounds and of benches share."""
    return {
        "sample_id": [j.sample_id for j in judgments],
        "judge": [j.judge for j in judgments],
        "position": [j.position for j in judgments],
        "score": [j.score for j in judgments],
        "verdict": [j.verdict for j in judgments],
        "rationale": [clean(j.rationale) for j in judgments],
        "raw": [clean(j.raw) for j in judgments],
        "num_tokens": [j.num_tokens for j in judgments],
        "finish_reason": [j.finish_reason for j in judgments],
    }


def machine_labels(stage: StageContext, new: Sequence[Judgment]) -> dict[str, list[Any]]:
    """The columns of the labels the judge's word alone gives.

    Where no person has decided, the machine's label is the effective one; of others `shares` writes its word only.
    """
    by_sample: dict[int, list[Judgment]] = defaultdict(list)
    for judgment in new:
        by_sample[judgment.sample_id].append(judgment)
    judge = judge_of(stage)
    labels = [judge.label(judgments) for judgments in by_sample.values()]
    scores = [[j.score for j in judgments if j.score is not None] for judgments in by_sample.values()]
    is_mute = [score is None and verdict is None for score, verdict in labels]
    columns: dict[str, list[Any]] = {
        "sample_id": [*by_sample],
        "score": [score for score, _ in labels],
        "verdict": [verdict for _, verdict in labels],
        "source": [LabelSource.none if mute else LabelSource.judge for mute in is_mute],
        "machine_spread": [spread(some) for some in scores],
        "is_unparsed": is_mute,
    }
    return columns | {"machine_score": columns["score"], "machine_verdict": columns["verdict"]}


def spread(scores: Sequence[float]) -> float | None:
    """The scores' standard deviation. Not `statistics.pstdev`: its fractions take longer than writing the row."""
    if len(scores) < 2:
        return 0.0 if scores else None
    mean = math.fsum(scores) / len(scores)
    return math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))
