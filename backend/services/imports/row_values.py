"""What stands in the rows of an import beside what the file gives for each column."""

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from backend.db import tables
from backend.pipeline import judge_columns
from backend.services.imports.reading import ImportedSample
from backend.services.imports.staging import METADATA, rest_of
from backend.services.imports.statements import RowJudgment

GENERATOR, JUDGE = 1, 2
"""The steps that made what is written, in the recipe of an imported round."""
SCORE = RowJudgment._fields.index("score")
COLUMNS: dict[type[Any], str] = {
    tables.Prompt: "id, position, messages, text, answer, extra, text_key, content_hash",
    tables.Group: "id, prompt_id, position",
    tables.Sample: "id, group_id, prompt_id, position, text, num_tokens, score_like, extra",
    tables.Label: "sample_id, score, verdict, source, machine_score, machine_verdict, machine_spread, is_unparsed, "
    "is_overridden, num_tokens",
    tables.Judgment: "sample_id, judge, position, score, verdict, rationale",
    tables.ExternalId: "sample_id, external_id, digest",
    tables.Decision: "client_id, group_id, sample_id, user_id, kind, score, value, note, is_override, is_adjudication, "
    "is_late",
    tables.Lease: "sample_id, slot, user_id, decided_at",
}
"""What stands in each row of a table; a judgment is a `RowJudgment` behind its sample's id."""
REFERS: dict[str, type[Any]] = {
    "prompt_id": tables.Prompt,
    "group_id": tables.Group,
    "sample_id": tables.Sample,
}
"""Whose ids stand in these columns."""
SEARCHED = (tables.Prompt, tables.Sample)
"""What a text index reads."""
Prepared = dict[type[Any], Sequence[tuple[Any, ...]]]
"""Rows of these tables, ready to be inserted in this order."""


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
