"""What stands in the rows of an import beside what the file gives for each column."""

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from backend.pipeline import judge_columns
from backend.services.imports.reading import ImportedSample
from backend.services.imports.staging import METADATA, rest_of
from backend.services.imports.statements import RowJudgment

GENERATOR, JUDGE = 1, 2
"""The steps that made what is written, in the recipe of an imported round."""
SCORE = RowJudgment._fields.index("score")
JUDGMENTS = "sample_id, judge, position, score, verdict, rationale"
"""Their columns, as a row of `RowJudgment` fills them behind the sample's id."""


def of_judgments(at: Any, round_id: int) -> dict[str, Any]:
    """What all judgments of an import into a round have. `at`: the time as it is stored."""
    raw = {"raw": "", "template_hash": "", "num_tokens": 0, "seed": 0}
    return {"created_at": at, "round_id": round_id, "finish_reason": "stop", "step": JUDGE} | raw


def spread_of(judgments: Sequence[tuple[Any, ...]]) -> float | None:
    """The standard deviation of the judgments' scores."""
    if len(judgments) == 1:
        return None if judgments[0][SCORE] is None else 0.0
    return judge_columns.spread([judgment[SCORE] for judgment in judgments if judgment[SCORE] is not None])


def extra_of(imported_sample: ImportedSample, score: float | None, shared: tuple[str, str | None] | None) -> str:
    """What the file says of a sample, as JSON; metadata that all rows of the prompt share stand on the prompt."""
    extra = f'{{"external_id": {encode_basestring(imported_sample.external_id)}, "row": {imported_sample.row}'
    if score is not None:
        extra += f', "score": {score!r}'
    if shared is not None and imported_sample.prompt[METADATA] != shared[0]:
        extra += f', "metadata": {rest_of(imported_sample.prompt[METADATA], shared[0])}'
    return extra + "}"
