"""Formats of a question and its answer, and plain prompts."""

from backend.services.prompts.formats.format import ANSWER, BESIDE, PROMPT, SYSTEM, Format, Look
from backend.services.prompts.mapping import Mapping

ASKED = ("question", "prompt", "query", "problem", "ctx")
LETTERS = ("a", "b", "c", "d", "e", "f")
CHOICES = ("choices", "options", "endings")
SPREAD = (
    LETTERS,
    tuple(f"option_{c}" for c in LETTERS),
    tuple(f"choice_{c}" for c in LETTERS),
    tuple(f"op{c}" for c in LETTERS),
)
RIGHT = ("answer", "answerkey", "answer_key", "correct", "correct_answer", "cop", "label", "target", "gold")


def _ends_in_hashes(look: Look, mapping: Mapping) -> bool:
    return any(isinstance(value, str) and "####" in value for value in look.values(mapping.answer))


def _holds_choices(look: Look, mapping: Mapping) -> bool:
    values = [value for column in mapping.choices for value in look.values(column)]
    return any(isinstance(value, list | dict) or str(value).lstrip()[:1] in ("[", "{") for value in values)


def _several(_look: Look, mapping: Mapping) -> bool:
    return len(mapping.choices) > 1


_QUESTION = {"prompt": ASKED, **BESIDE}

FORMATS = (
    Format(
        "multiple_choice",
        "multiple choice (a question, a list of choices, the right one)",
        {**_QUESTION, "choices": CHOICES, "answer": RIGHT},
        ("prompt", "choices"),
        _holds_choices,
    ),
    *(
        Format(
            "multiple_choice",
            "multiple choice (a question, a column for each choice, the right one)",
            {**_QUESTION, "choices": names, "answer": RIGHT},
            ("prompt", "choices"),
            _several,
        )
        for names in SPREAD
    ),
    Format(
        "gsm8k",
        "GSM8K (answers that end in ####)",
        {**_QUESTION, "answer": ("answer",)},
        ("prompt", "answer"),
        _ends_in_hashes,
    ),
    Format(
        "math",
        "MATH (problem and solution)",
        {"prompt": ("problem",), **BESIDE, "answer": ("answer", "solution", "expected_answer")},
        ("prompt", "answer"),
    ),
    Format(
        "alpaca",
        "Alpaca (instruction, input or context, output)",
        {"prompt": ("instruction",), **BESIDE, "answer": ("output", "response", "answer", "completion")},
        ("prompt",),
    ),
)

PLAIN = (
    Format(
        "language_modelling",
        "TRL language modelling or plain text (each text is one prompt)",
        {"prompt": ("text",), "system": SYSTEM, "answer": ANSWER},
        ("prompt",),
        lambda look, _: look.by_name.keys().isdisjoint(("prompt", "question")),
    ),
    Format(
        "prompt_only",
        "TRL prompt-only",
        {"prompt": ("prompt",), **BESIDE},
        ("prompt",),
        lambda look, _: not any(name in look.by_name for name in ANSWER),
    ),
    Format(
        "question",
        "prompts, without answers",
        {"prompt": PROMPT, **BESIDE},
        ("prompt",),
        lambda look, _: not any(name in look.by_name for name in ANSWER),
    ),
    Format(
        "question_answer",
        "prompts and answers",
        {"prompt": PROMPT, **BESIDE, "answer": ANSWER},
        ("prompt",),
    ),
)
