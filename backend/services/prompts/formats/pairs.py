"""Formats that hold a chosen and a rejected completion."""

from backend.services.prompts.formats.chats import CHAT
from backend.services.prompts.formats.format import BESIDE, PROMPT, SYSTEM, Format, Look
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.messages import transcript

CHOSEN = ("chosen", "chosen_response", "response_chosen", "preferred", "preferred_output")
REJECTED = ("rejected", "rejected_response", "response_rejected", "dispreferred", "non_preferred_output")
SCORES = {
    "score_chosen": ("score_chosen", "chosen_score", "chosen_rating", "rating_chosen", "chosen-rating"),
    "score_rejected": ("score_rejected", "rejected_score", "rejected_rating", "rating_rejected", "rejected-rating"),
}


def _has_scores(_look: Look, mapping: Mapping) -> bool:
    return bool(mapping.score_chosen and mapping.score_rejected)


def _are_transcripts(look: Look, mapping: Mapping) -> bool:
    values = look.values(mapping.chosen)
    return any(isinstance(value, str) and transcript(value) for value in values)


def _wraps_messages(look: Look, mapping: Mapping) -> bool:
    return any(isinstance(value, dict) and "messages" in value for value in look.values(mapping.messages))


def _are_single_turns(look: Look, mapping: Mapping) -> bool:
    """Whether a side is the next turn alone; a whole chat holds its prompt itself."""
    sides = [
        value[0] if isinstance(value, list) and len(value) == 1 else value for value in look.values(mapping.chosen)
    ]
    return any(isinstance(side, dict) or (isinstance(side, str) and not transcript(side)) for side in sides)


PAIR = {"chosen": CHOSEN, "rejected": REJECTED}

FORMATS = (
    Format(
        "openai_preference",
        "OpenAI preference fine-tuning (input, preferred_output, non_preferred_output)",
        {"messages": ("input",), **PAIR},
        ("messages", "chosen", "rejected"),
        _wraps_messages,
    ),
    Format(
        "ultrafeedback_binarized",
        "UltraFeedback, binarized (pairs with the score of each side)",
        {"prompt": PROMPT, **BESIDE, **PAIR, **SCORES},
        ("prompt", "chosen", "rejected"),
        _has_scores,
    ),
    Format(
        "preference",
        "TRL preference (prompt, chosen, rejected), with an input as LLaMA-Factory has it",
        {"prompt": PROMPT, **BESIDE, **PAIR, **SCORES},
        ("prompt", "chosen", "rejected"),
    ),
    Format(
        "chat_preference",
        "a chat and a chosen and a rejected next turn (LLaMA-Factory, ShareGPT)",
        {"messages": CHAT, "system": SYSTEM, **PAIR, **SCORES},
        ("messages", "chosen", "rejected"),
        _are_single_turns,
    ),
    Format("hh_rlhf", "HH-RLHF (chosen and rejected transcripts)", PAIR, ("chosen", "rejected"), _are_transcripts),
    Format(
        "preference_implicit",
        "TRL preference with an implicit prompt (chosen and rejected chats)",
        {**PAIR, **SCORES},
        ("chosen", "rejected"),
    ),
)
