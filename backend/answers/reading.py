"""Find the answer in a text: where it is marked, else where the field's harnesses look for it."""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import pairwise

from backend.answers import equality, numbers, unclear, wording
from backend.answers.thinking import spoken

_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_TAG = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.IGNORECASE | re.DOTALL)
_HASHES = re.compile(r"####[ \t]*(.*)")
_LABEL = re.compile(
    r"\b(?:answers?|result|solution|antwort|ergebnis|lösung|respuesta|resultado|réponse|résultat|risposta|ответ)"
    r"(?:\s+to\b[^.:=\n]{0,80}|\s*\([^()\n]{0,40}\))?[\s*_`\"']{0,6}[:=：]|(?:答案|答え|答)[：:是はは]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"\b(?:answers?|result|solution)\b[^.!?:=\n]{0,80}?\s(?:is|are|was|would be|will be|equals|=)(?=[\s:])\s*:?",
    re.IGNORECASE,
)
_NONE_GIVEN = re.compile(r"\b(?:no|not a|cannot|can['’]t|unable)\b[^.!?\n]{0,40}\banswer\b", re.IGNORECASE)
_CHOICE = re.compile(
    r"[\s*_`\"'$]*(?:\\(?:text|mathrm|mathbf|textbf)\s*\{)?[(\[]?"
    r"(?P<letter>[A-J])(?P<end>[)\].:,*_}]|\s*$|(?=\s))"
)
_CHOICE_IN_PROSE = re.compile(
    r"\((?P<a>[A-J])\)|\b(?:option|choice|choose|letter)\s+[(\"*]*(?P<b>[A-J])\b|^(?:[^\S\n]|\*)*(?P<c>[A-J])[).:]",
    re.MULTILINE,
)
_OPERANDS = re.compile(
    r"\b(?:sum|total|difference|product|quotient|ratio)\s+(?:of|between)\s+[-−]?\d[\d.,]*(?:\s*(?:,|and|,\s*and)\s+[-−]?\d[\d.,]*)+",
    re.IGNORECASE,
)
"""What a result was worked out from, as in `10, which is the total of 3 and 7`."""
_DRESS = " \t\r\n:#*_`\"'“”"
_MOST_MARKS, _LONGEST_LINE, _FEW_WORDS = 40, 400, 4


class Kind(Enum):
    """What the known answer is, and so what is looked for; `any` where none is known."""

    number, choice, formula, words, any = range(5)


def kind_of(known: str | None) -> Kind:
    """Return what kind of answer a known one is."""
    if known is None:
        return Kind.any
    if numbers.parse(known) is not None:
        return Kind.number
    if re.fullmatch(r"\(?[A-J]\)?[.):]?", known.strip()):
        return Kind.choice
    return Kind.formula if equality.is_formula(known) else Kind.words


def marked(text: str) -> Iterator[str]:
    """What follows the marks of an answer: boxes, tags and `####` first, then words, of each the last first."""
    boxes = list(_BOXED.finditer(text))[-_MOST_MARKS:]
    yield from (inner for box in reversed(boxes) if (inner := until_closed(text[box.end() : box.end() + 10_000])))
    yield from (match.strip() for match in reversed(_TAG.findall(text)[-_MOST_MARKS:]))
    yield from (match.strip() for match in reversed(_HASHES.findall(text)[-_MOST_MARKS:]))


def stated_answers(text: str) -> Iterator[tuple[str, bool]]:
    """What follows `Answer:` or "the answer is" on its line or the next, the last first; True for the former."""
    ends = {match.end(): match.group().rstrip().endswith((":", "=", "：")) for match in _SENTENCE.finditer(text)}
    ends |= {match.end(): True for match in _LABEL.finditer(text)}
    for end in sorted(ends, reverse=True)[:_MOST_MARKS]:
        rest = text[end : end + _LONGEST_LINE].lstrip(_DRESS)
        if rest:
            yield rest.splitlines()[0], ends[end]


def read(text: str, kind: Kind, like: str = "") -> tuple[str, bool] | None:
    """Return the answer and whether it was marked as one; None where the text gives none that can be read.

    `like` is the known answer: a text that has no mark is searched for what looks like it.
    """
    text = spoken(text)
    if _BOXED.search(text) and until_closed(text[[*_BOXED.finditer(text)][-1].end() :]) is None:
        return None  # cut off inside the last box
    for inner in marked(text):
        if kind is Kind.number and _is_open(inner):
            return None
        if (answer := _in_mark(inner, kind, like)) is not None:
            return answer, True
    rests = [(unclear.instead(rest), is_label) for rest, is_label in stated_answers(text)]
    for rest, _ in rests:
        if kind in (Kind.number, Kind.any) and _is_open(rest):
            return None
        if (answer := _in_rest(rest, kind)) is not None:
            return answer, True
    if kind in (Kind.words, Kind.any):
        for _, rest in sorted(((not is_label, rest) for rest, is_label in rests), key=lambda pair: pair[0]):
            if not wording.NO_ANSWER.match(rest):
                answer = _phrase(rest) if kind is Kind.any else wording.answer_in(_phrase(rest), like)
                return None if answer is None else (answer, True)
    if any(re.match(r"not\b", rest, re.IGNORECASE) for rest, _ in rests):
        return None
    answer = None if _NONE_GIVEN.search(text) else _FLEXIBLE[kind](text, like)
    return None if answer is None else (answer, False)


def until_closed(text: str) -> str | None:
    """What stands before the brace that closes; None where none does, as in a text that was cut off."""
    depth = 1
    for at, symbol in enumerate(text):
        depth += (symbol == "{") - (symbol == "}")
        if depth == 0:
            return text[:at]
    return None


def _in_mark(inner: str, kind: Kind, like: str) -> str | None:
    """A box holds the answer and nothing else; a number may have words around it, words may be a sentence."""
    if not inner.strip(_DRESS):
        return None
    if kind is Kind.choice:
        return _choice(inner)
    if kind is Kind.number and numbers.parse(inner) is None and not equality.is_formula(inner):
        return _number(inner)
    return (wording.answer_in(inner, like) or inner) if kind is Kind.words else inner


def _in_rest(rest: str, kind: Kind) -> str | None:
    """What the words after a mark begin with, where it is of the kind that is looked for."""
    if kind is Kind.choice:
        return _choice(rest)
    if kind is Kind.words or wording.NO_ANSWER.match(rest):
        return None
    sentence = re.split(r"(?<=[^\d\s])[.!?;]\s|(?<=\d)[.!?;](?:\s|$)|\s\((?!\d)|,\s*(?:because|since|as|so)\b", rest)[0]
    formula = _formula(sentence)
    if kind is Kind.formula:
        return formula or (sentence.strip(_DRESS) if equality.is_formula(sentence) else None)
    if numbers.parse(sentence) is not None:
        return sentence.strip(_DRESS)
    return formula or _number(sentence)


def _formula(sentence: str) -> str | None:
    """The mathematics a sentence begins with; of a calculation, what follows the last equals sign."""
    dollars = re.match(r"\s*(?:\\\(|\\\[|\$\$?)(.+?)(?:\\\)|\\\]|\$\$?)", sentence)
    lead = re.match(r"[^A-Za-z]*", sentence)
    inner = (
        dollars[1] if dollars else (lead[0] if lead and re.fullmatch(r"\s*+[.!]?\s*", sentence[lead.end() :]) else "")
    )
    last = inner.rpartition("=")[2].strip(" .,;:*")
    return last if last and equality.is_formula(last) and re.search(r"[0-9\\]", last) else None


def _number(sentence: str) -> str | None:
    """The number a sentence begins with, with its unit; in a calculation or after other words the last one."""
    there = list(numbers.IN_PROSE.finditer(sentence))
    numbers_ = [match for match in there if not unclear.is_denied(sentence, match.start())]
    if not numbers_:
        return None
    before = sentence[: numbers_[0].start()]
    is_direct = re.fullmatch(
        r"[\W_]*+(?:(?:about|approximately|approx\.?|exactly|just|only|simply|still|now)\s[\W_]*+)?"
        r"(?:[a-z]\s*=[\W_]*+)?",
        before,
        re.I,
    )
    after = sentence[numbers_[0].end() - 1 :]
    if not is_direct or re.search(r"[=+*/×÷^]|\d\s*-\s*\d", after) or unclear.TAKEN_BACK.search(after):
        return None if _is_one_of(sentence, there, numbers_[-1]) else numbers_[-1][0]
    if _is_one_of(sentence, there, numbers_[0]):
        return None
    unit = re.match(r"\s*(?:[^\W\d_]{1,20}|°\s?[A-Z]?)", sentence[numbers_[0].end() :])
    whole = numbers_[0][0] + (unit[0] if unit else "")
    return whole if numbers.parse(whole) is not None else numbers_[0][0]


def _choice(rest: str) -> str | None:
    """The letter a text begins with; not the article of a sentence."""
    match = _CHOICE.match(rest)
    if match is None or (not match["end"] and match["letter"] in "AI" and re.match(r"\s+[a-z]", rest[match.end() :])):
        return None
    return match["letter"]


def _phrase(rest: str) -> str:
    """The words of an answer without the sentence after them or a remark in brackets."""
    first = re.split(r"(?<=\w{2})[.!?;]\s+(?=[A-Z])|(?<!\s)\s++\((?![0-9])", rest)[0]
    return first.strip(_DRESS)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip(_DRESS + "-=~|")]
    return lines[-1].strip() if lines else ""


def _is_open(rest: str) -> bool:
    """Whether the first number of what was told is one of two that it might be."""
    there = list(numbers.IN_PROSE.finditer(rest.splitlines()[0] if rest else ""))
    return len(there) > 1 and numbers.parse(rest) is None and unclear.are_alternatives(rest, there[0], there[1])


def _is_one_of(text: str, there: Sequence[re.Match[str]], match: re.Match[str]) -> bool:
    """Whether the number beside it might be meant as well."""
    at = there.index(match)
    return any(
        unclear.are_alternatives(text, first, other) for first, other in pairwise(there[max(0, at - 1) : at + 2])
    )


def _last_number(text: str, _like: str) -> str | None:
    line = _last_line(text)
    if numbers.parse(line) is not None:
        return line
    there = list(numbers.IN_PROSE.finditer(text))
    operands = [match.span() for match in _OPERANDS.finditer(text)]
    kept = [
        match
        for match in there[-_MOST_MARKS:]
        if not unclear.is_denied(text, match.start())
        and not any(start <= match.start() < end for start, end in operands)
    ]
    return None if not kept or _is_one_of(text, there[-_MOST_MARKS - 1 :], kept[-1]) else kept[-1][0]


def _last_choice(text: str, _like: str) -> str | None:
    line = _last_line(text)
    if re.fullmatch(r"[\W_]*[A-J][\W_]*", line):
        return _choice(line)
    choices = [match for match in _CHOICE_IN_PROSE.finditer(text) if not unclear.is_denied(text, match.start())]
    if not choices or (len(choices) > 1 and re.fullmatch(r"\W*or\W*", text[choices[-2].end() : choices[-1].start()])):
        return None
    return next(letter for letter in choices[-1].groups() if letter)


def _last_formula(text: str, like: str) -> str | None:
    """The last thing in brackets as the known answer's, else the last formula between dollars, else the last line's."""
    opening = like.strip()[:1]
    if opening in "([{":
        closing = {"(": r"\)", "[": r"\]", "{": r"\}"}[opening]
        formulas = re.findall(rf"\{opening}[^\n{re.escape(opening)}]*?{closing}", text)
        if formulas:
            return formulas[-1]
    written = [*re.finditer(r"\$([^$\n]{1,200})\$|\\\(([^\n]{1,200}?)\\\)", text)]
    kept = [match for match in written if not unclear.is_denied(text, match.start())]
    if written and not kept:
        return None
    last = kept[-1][1] or kept[-1][2] if kept else _last_line(text)
    after = last.rpartition("=")[2] if "=" not in like else last
    return after.strip(_DRESS) if equality.is_formula(after) else None


def _last_words(text: str, like: str) -> str | None:
    """What the last line says; where it says nothing clear, what looks like a known answer with digits."""
    line = _last_line(text)
    if not like:
        return None if wording.NO_ANSWER.match(equality.words(line)) else line or None
    words = wording.answer_in(line, like)
    is_short = len(line.split()) <= max(_FEW_WORDS, len(like.split()))
    if words is not None and (is_short or words == like or wording.is_yes_or_no(words)):
        return words
    digits = "(?<![0-9])[0-9]++"
    shape = re.sub(r"[0-9]+", digits, re.escape(like.strip())) if re.search(r"[0-9]", like) else None
    shaped = re.findall(shape, text) if shape else []
    return shaped[-1] if shaped else None


def _last_of_any(text: str, _like: str) -> str | None:
    """The last line where it is an answer by itself, else the last number, else a short last line."""
    line = _last_line(text)
    after = line.rpartition("=")[2].strip(_DRESS + ".")
    if equality.is_formula(line) and after:
        return after if "=" in line else line
    if len(line.split()) <= _FEW_WORDS and not numbers.IN_PROSE.search(line):
        is_sentence = re.search(r"[!?]$", line) is not None
        answer = _last_number(text, "") if wording.NO_ANSWER.match(equality.words(line)) or is_sentence else line
        return answer or None
    return _last_number(line, "") or _last_number(text, "")


_FLEXIBLE: dict[Kind, Callable[[str, str], str | None]] = {
    Kind.number: _last_number,
    Kind.choice: _last_choice,
    Kind.formula: _last_formula,
    Kind.words: _last_words,
    Kind.any: _last_of_any,
}
