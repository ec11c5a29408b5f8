"""Formats that hold completions: rated, labelled, or plain."""

from backend.services.prompts.formats.format import BESIDE, Format, Look
from backend.services.prompts.mapping import Mapping

ASKED = ("prompt", "instruction", "question", "query")
TEXT = ("completion", "response", "output", "generation")
SCORE = ("score", "rating", "reward", "overall_rating", "overall_score", "helpfulness")


def _holds_objects(look: Look, mapping: Mapping) -> bool:
    values = look.values(mapping.completion)
    return any(
        isinstance(value, list) and value and isinstance(value[0], dict) and "role" not in value[0] for value in values
    )


FORMATS = (
    Format(
        "ultrafeedback",
        "UltraFeedback (an instruction and its rated completions)",
        {"prompt": ASKED, **BESIDE, "completion": ("completions", "responses")},
        ("prompt", "completion"),
        _holds_objects,
    ),
    Format(
        "unpaired_preference",
        "TRL unpaired preference (prompt, completion, label), as KTO reads it",
        {"prompt": ASKED, **BESIDE, "completion": TEXT, "label": ("label",)},
        ("prompt", "completion", "label"),
    ),
    Format(
        "scored_completion",
        "completions with a score (prompt, completion or response, score)",
        {"prompt": ASKED, **BESIDE, "completion": TEXT, "score": SCORE},
        ("prompt", "completion", "score"),
    ),
    Format(
        "prompt_completion",
        "TRL prompt-completion",
        {"prompt": ("prompt", "text"), **BESIDE, "completion": ("completion",), "answer": ("answer", "completion")},
        ("prompt", "completion"),
    ),
)
