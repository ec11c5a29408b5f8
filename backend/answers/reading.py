"""Find the answer in a text: where it is marked, else where the field's harnesses look for it."""

import re
from collections.abc import Callable, Iterator
from enum import Enum

from backend.answers import equality, numbers
from backend.answers.thinking import spoken

_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_TAG = re.compile(r"<answer>(.*?)</answer>", re.IGNORECASE | re.DOTALL)
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
_COPULA = re.compile(r"\b(?:is|are|was|were|equals|be|as|to)\b:?|[=:：]", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"(?:correct|right|wrong|incorrect|final|below|above|clear|given|as follows|the following|in the|not\b|n/?a\b"
    r"|none given|unknown|unclear|unsure|i(?:['’]m| am) (?:sorry|not|unable)"
    r"|i (?:do not|don['’]t|can ?not|can['’]t)|sorry\b|\?+$)",
    re.IGNORECASE,
)
_NONE_GIVEN = re.compile(r"\b(?:no|not a|cannot|can['’]t|unable)\b[^.!?\n]{0,40}\banswer\b", re.IGNORECASE)
_CHOICE = re.compile(
    r"[\s*_`\"'$]*(?:\\(?:text|mathrm|mathbf|textbf)\s*\{)?[(\[]?"
    r"(?P<letter>[A-J])(?P<end>[)\].:,*_}]|\s*$|(?=\s))"
)
_CHOICE_IN_PROSE = re.compile(
    r"\((?P<a>[A-J])\)|\b(?:option|choice|choose|letter)\s+[(\"*]*(?P<b>[A-J])\b|^[\s*]*(?P<c>[A-J])[).:]", re.MULTILINE
)
_DRESS = " \t\r\n:#*_`\"'“”"
_MOST_MARKS, _LONGEST_LINE, _FEW_WORDS = 40, 400, 4
YES_NO = frozenset({"yes", "no", "true", "false"})


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
    yield from (found.strip() for found in reversed(_TAG.findall(text)[-_MOST_MARKS:]))
    yield from (found.strip() for found in reversed(_HASHES.findall(text)[-_MOST_MARKS:]))


def told(text: str) -> Iterator[tuple[str, bool]]:
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
        if (found := _in_mark(inner, kind)) is not None:
            return found, True
    rests = list(told(text))
    for rest, _ in rests:
        if (found := _in_rest(rest, kind)) is not None:
            return found, True
    if kind in (Kind.words, Kind.any):
        for _, rest in sorted(((not is_label, rest) for rest, is_label in rests), key=lambda one: one[0]):
            if not _NO_ANSWER.match(rest):
                return _phrase(rest), True
    found = None if _NONE_GIVEN.search(text) else _FLEXIBLE[kind](text, like)
    return None if found is None else (found, False)


def until_closed(text: str) -> str | None:
    """What stands before the brace that closes; None where none does, as in a text that was cut off."""
    depth = 1
    for at, symbol in enumerate(text):
        depth += (symbol == "{") - (symbol == "}")
        if depth == 0:
            return text[:at]
    return None


def _in_mark(inner: str, kind: Kind) -> str | None:
    """A box holds the answer and nothing else; a number may have words around it."""
    if not inner.strip(_DRESS):
        return None
    if kind is Kind.choice:
        return _choice(inner)
    if kind is Kind.number and numbers.parse(inner) is None and not equality.is_formula(inner):
        return _number(inner)
    return inner


def _in_rest(rest: str, kind: Kind) -> str | None:
    """What the words after a mark begin with, where it is of the kind that is looked for."""
    if kind is Kind.choice:
        return _choice(rest)
    if kind is Kind.words or _NO_ANSWER.match(rest):
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
        dollars[1] if dollars else (lead[0] if lead and re.fullmatch(r"\s*[.!]?\s*", sentence[lead.end() :]) else "")
    )
    last = inner.rpartition("=")[2].strip(" .,;:*")
    return last if last and equality.is_formula(last) and re.search(r"[0-9\\]", last) else None


def _number(sentence: str) -> str | None:
    """The number a sentence begins with, with its unit; in a calculation or after other words the last one."""
    found = [
        match for match in numbers.IN_PROSE.finditer(sentence) if not re.search(r"\bnot\s+$", sentence[: match.start()])
    ]
    if not found:
        return None
    before = sentence[: found[0].start()]
    is_direct = re.fullmatch(
        r"[\W_]*(?:(?:about|approximately|approx\.?|exactly|just|only|simply|still|now)\s+)?[\W_]*(?:[a-z]\s*=\s*)?[\W_]*",
        before,
        re.I,
    )
    if not is_direct or re.search(r"[=+*/×÷^]|\d\s*-\s*\d", sentence[found[0].end() - 1 :]):
        return found[-1][0]
    unit = re.match(r"\s*(?:[^\W\d_]{1,20}|°\s?[A-Z]?)", sentence[found[0].end() :])
    whole = found[0][0] + (unit[0] if unit else "")
    return whole if numbers.parse(whole) is not None else found[0][0]


def _choice(rest: str) -> str | None:
    """The letter a text begins with; not the article of a sentence."""
    match = _CHOICE.match(rest)
    if match is None or (not match["end"] and match["letter"] in "AI" and re.match(r"\s+[a-z]", rest[match.end() :])):
        return None
    return match["letter"]


def _phrase(rest: str) -> str:
    """The words of an answer without the sentence after them or a remark in brackets."""
    first = re.split(r"(?<=\w{2})[.!?;]\s+(?=[A-Z])|\s+\((?![0-9])", rest)[0]
    return first.strip(_DRESS)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip(_DRESS + "-=~|")]
    return lines[-1].strip() if lines else ""


def _last_number(text: str, _like: str) -> str | None:
    numbers_there = numbers.IN_PROSE.findall(text)
    line = _last_line(text)
    if numbers.parse(line) is not None:
        return line
    return numbers_there[-1] if numbers_there else None


def _last_choice(text: str, _like: str) -> str | None:
    line = _last_line(text)
    if re.fullmatch(r"[\W_]*[A-J][\W_]*", line):
        return _choice(line)
    found = list(_CHOICE_IN_PROSE.finditer(text))
    return next(letter for letter in found[-1].groups() if letter) if found else None


def _last_formula(text: str, like: str) -> str | None:
    """The last thing in brackets as the known answer's, else the last formula between dollars, else the last line's."""
    opening = like.strip()[:1]
    if opening in "([{":
        closing = {"(": r"\)", "[": r"\]", "{": r"\}"}[opening]
        found = re.findall(rf"\{opening}[^\n{re.escape(opening)}]*?{closing}", text)
        if found:
            return found[-1]
    written = re.findall(r"\$([^$\n]{1,200})\$|\\\(([^\n]{1,200}?)\\\)", text)
    last = next((one for one in written[-1] if one), "") if written else _last_line(text)
    after = last.rpartition("=")[2] if "=" not in like else last
    return after.strip(_DRESS) if equality.is_formula(after) else None


def _last_words(text: str, like: str) -> str | None:
    """The last line where it is short, the words it ends with, or the known answer where it stands in that line."""
    line = _last_line(text)
    plain = equality.words(line)
    if not like or len(plain.split()) <= max(_FEW_WORDS, len(like.split())):
        return None if _NO_ANSWER.match(plain) else line or None
    if equality.words(like) in YES_NO:
        first = re.match(r"\W*(\w+)", line) or re.match(r"\W*(\w+)", text)
        return first[1] if first and first[1].casefold() in YES_NO else None
    shape = re.sub(r"[0-9]+", "[0-9]+", re.escape(like.strip())) if re.search(r"[0-9]", like) else None
    if shape and (shaped := re.findall(shape, text)):
        return shaped[-1]
    ends = [equality.words(line[match.end() :]) for match in _COPULA.finditer(line)]
    return like if equality.words(like) in {re.sub(r"^(?:the|a|an)\s", "", end) for end in ends} | set(ends) else None


def _last_of_any(text: str, _like: str) -> str | None:
    """The last line where it is an answer by itself, else the last number, else a short last line."""
    line = _last_line(text)
    after = line.rpartition("=")[2].strip(_DRESS + ".")
    if equality.is_formula(line) and after:
        return after if "=" in line else line
    if len(line.split()) <= _FEW_WORDS and not numbers.IN_PROSE.search(line):
        is_sentence = re.search(r"[!?]$", line) is not None
        found = _last_number(text, "") if _NO_ANSWER.match(equality.words(line)) or is_sentence else line
        return found or None
    return _last_number(line, "") or _last_number(text, "")


_FLEXIBLE: dict[Kind, Callable[[str, str], str | None]] = {
    Kind.number: _last_number,
    Kind.choice: _last_choice,
    Kind.formula: _last_formula,
    Kind.words: _last_words,
    Kind.any: _last_of_any,
}
