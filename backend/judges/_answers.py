"""Read what a model replied to one of a project's questions: strictly, or with a sentence why it cannot be read."""

import json
import re
from collections.abc import Sequence

from backend.answers.thinking import spoken
from backend.judges import _scores
from backend.values import JSON
from backend.values.questions import LOWEST_RATING, MOST_LABEL, AskedQuestion, QuestionKind, QuestionOptions
from backend.values.replies import ReplyForm

NONE = "none"
"""What a model writes where no label holds, and no place is marked."""
_MARKS = " \t*_`\"'\u201c\u201d.#"
_BEFORE = _MARKS.replace(".", "")
"""What may stand before a number: a dot there is its decimal point."""
_RATING = re.compile(r"([0-9]{1,3})(?:\s*(?:/|out of)\s*([0-9]{1,3}))?")
_QUOTED = re.compile(r"(?<=\w )['\u2018](?=[^'\u2019\n]*[^\W\d])[^'\u2019\n]*['\u2019](?!\w)")
"""Words of somebody else in a sentence, which rate nothing; what stands in other quotation marks is left out anyway."""
_OPENS = re.compile(r""":\s*["\u201c]""")
"""Where the words of a place begin, after their label."""


def how_to_reply(question: AskedQuestion) -> str:
    """What a model is told of the form of its reply."""
    labels = ", ".join(question.options.labels)
    return {
        QuestionKind.rating: f"Reply with one whole number from {LOWEST_RATING} to {question.options.highest} and "
        "nothing else.",
        QuestionKind.label: f"Reply with one of these labels and nothing else: {labels}.",
        QuestionKind.labels: f"Reply with those of these labels that hold, with commas between, or with {NONE}: "
        f"{labels}.",
        QuestionKind.text: "Reply with a few sentences.",
        QuestionKind.spans: "Copy each such place of the answer into a line of its own, after its label, as in\n"
        f'{question.options.labels[0] if question.options.labels else "label"}: "the words"\n'
        f"or reply with {NONE}. The labels: {labels}.",
    }[question.kind]


def form_of(question: AskedQuestion) -> ReplyForm | None:
    """What a whole reply has to be where an engine holds it to a form; None for texts and places."""
    if question.kind is QuestionKind.rating:
        return ReplyForm(choices=tuple(str(n) for n in range(LOWEST_RATING, question.options.highest + 1)))
    if question.kind is QuestionKind.label:
        return ReplyForm(choices=question.options.labels)
    if question.kind is QuestionKind.labels:
        labels: JSON = {"type": "array", "items": {"type": "string", "enum": [*question.options.labels]}}
        fields: JSON = {"type": "object", "properties": {"labels": labels}, "required": ["labels"]}
        return ReplyForm(schema=fields | {"additionalProperties": False})
    return None


def read_value(question: AskedQuestion, reply: str, *, is_complete: bool, text: str) -> JSON:
    """Return what a reply answers, as an answer's value; raises `ValueError` with a sentence where it answers nothing.

    text: the sample's, in which places are looked for. A reply that was cut off answers nothing.
    """
    if not is_complete:
        raise ValueError("The reply was cut off at max_tokens.")
    reply = spoken(reply).strip()
    if not reply:
        raise ValueError("The reply is empty.")
    if question.kind is QuestionKind.text:
        return {"text": _unnamed(question, reply)}
    if question.kind is QuestionKind.spans:
        return {"spans": _places(question.options, reply, text)}
    answer = _stated(question, reply) or (reply if "\n" not in reply else "")
    if question.kind is QuestionKind.rating:
        return {"rating": _rating(question.options, answer, reply)}
    if question.kind is QuestionKind.label:
        return {"label": _label(question.options, answer)}
    return {"labels": _labels(question.options, answer, reply)}


def _stated(question: AskedQuestion, reply: str) -> str:
    """What stands in a line after "Answer:" or after the question's own name; empty where nothing does, or not one and
    the same."""
    rows = re.finditer(rf"(?im)^[*_#>\s-]*(?:{_names(question)})[*_\s]*:(?:[*_\s]*\n)?[ \t]*([^\n]+)$", reply)
    answers = [match[1].strip() for match in rows]
    return answers[0] if len({answer.strip("*_ ") or answer for answer in answers}) == 1 else ""


def _unnamed(question: AskedQuestion, reply: str) -> str:
    """A free text without the "Answer:", or the question's own name, with which it begins."""
    begun = re.match(rf"(?i)(?P<marks>[*_]*)(?:{_names(question)})[*_]*\s*:(?P=marks)?\s*(?=\S)", reply)
    return reply[begun.end() :] if begun is not None else reply


def _names(question: AskedQuestion) -> str:
    return "|".join(re.escape(name) for name in ("answer", question.title, question.key))


def _rating(options: QuestionOptions, answer: str, reply: str) -> int:
    scale = f"one whole number from {LOWEST_RATING} to {options.highest}"
    if match := _RATING.fullmatch(answer.lstrip(_BEFORE).rstrip(_MARKS)):
        number: float | None = float(match[1])
        if match[2] is not None and int(match[2]) != options.highest:
            raise ValueError(f"The reply rates on a scale up to {match[2]}, not up to {options.highest}.")
    else:
        mention = _scores.read(_QUOTED.sub("", reply), _scores.Scale(LOWEST_RATING, options.highest))
        number = mention.value if mention is not None else None
    if number is None or number != int(number) or not LOWEST_RATING <= number <= options.highest:
        raise ValueError(f"The reply does not give {scale}.")
    return int(number)


def _label(options: QuestionOptions, answer: str) -> str:
    label = _same(options.labels, answer)
    if label is None:
        what = f"{answer[:MOST_LABEL]!r}" if answer else "a reply of several lines"
        raise ValueError(f"The reply is to be one of {', '.join(options.labels)}, and is {what}.")
    return label


def _same(labels: Sequence[str], answer: str) -> str | None:
    """The label that was written: as it is, else in other letters, else without the marks around; None where none was
    or several may be meant. Marks can be part of a label, as in `C#`."""

    for marks in (None, "", _MARKS.replace("#", ""), _MARKS):
        forms = [text.strip() if marks is None else text.strip().casefold().strip(marks) for text in (answer, *labels)]
        written = forms[0]
        alike = [label for label, form in zip(labels, forms[1:], strict=True) if written and form == written]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def _labels(options: QuestionOptions, answer: str, reply: str) -> list[str]:
    given = _of_object(reply)
    if given is None:
        if not answer:
            raise ValueError("The reply has several lines, and none says which labels hold.")
        given = re.split(r"[,;]", answer)
    has_none = any(label.casefold() == NONE for label in options.labels)
    if not has_none and [name.strip(_MARKS).casefold() for name in given] == [NONE]:
        return []
    chosen = {_label(options, name) for name in given}
    return [label for label in options.labels if label in chosen]


def _of_object(reply: str) -> list[str] | None:
    """The labels that a reply of the forced form lists; None for a reply that is none."""
    try:
        fields = json.loads(reply)
    except (ValueError, RecursionError):
        return None
    labels = fields.get("labels") if isinstance(fields, dict) else None
    return labels if isinstance(labels, list) and all(isinstance(label, str) for label in labels) else None


def _places(options: QuestionOptions, reply: str, text: str) -> list[JSON]:
    if reply.strip(_MARKS).casefold() == NONE:
        return []
    places: list[JSON] = []
    for line in filter(None, map(str.strip, reply.splitlines())):
        place = _place(line)
        if place is None:
            raise ValueError(f'A line of the reply is no label with words in quotes: "{line[:MOST_LABEL]}".')
        label, words = _label(options, place[0]), place[1]
        if (times := len(re.findall(f"(?={re.escape(words)})", text))) != 1:
            raise ValueError(f'The words "{words[:MOST_LABEL]}" stand {times} times in the text, not once.')
        start = text.index(words)
        places.append({"start": start, "end": start + len(words), "label": label})
    return places


def _place(line: str) -> tuple[str, str] | None:
    """The label and the quoted words of a line; None where it is none of these."""
    opens, rest = _OPENS.search(line), line.rstrip().removesuffix(".").rstrip()
    if opens is None or not rest.endswith(('"', "\u201d")):
        return None
    label, words = line[: opens.start()].lstrip("-* \t").rstrip(), rest[opens.end() : -1]
    return (label, words) if label and words else None
