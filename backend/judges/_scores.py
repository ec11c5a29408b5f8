"""Read the score a reply gives: one clear number on the scale, or none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backend.judges._asides import is_aside, is_fenced, is_supposed, nearest

_KEY = (
    r"(?<![^\W_])(?:score|rating|grade|punkte?|punktzahl|bewertung|note|puntuaci[o\u00f3]n|puntaje|calificaci[o\u00f3]n"
    r"|pontua[c\u00e7][a\u00e3]o|punteggio|voto|\u043e\u0446\u0435\u043d\u043a\u0430|\u5f97\u5206|\u8bc4\u5206"
    r"|\u5206\u6570|\u30b9\u30b3\u30a2|\u70b9\u6570|\uc810\uc218)(?![^\W_])"
)
_NUM = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_NOTE = r"(?:\s{0,9}\([^()\n]{0,60}\))?"
_MENTION = re.compile(
    rf"""(?P<key>{_KEY})
    (?:["'*_`~\]}}|\\]|[^\S\n]){{0,12}}
    (?:\(\s{{0,9}}(?:scale\s{{0,9}})?(?:(?P<low>{_NUM})\s{{0,9}}(?:-|\u2013|to|/)\s{{0,9}})?(?:out\s{{1,9}}of\s{{1,9}}|/\s{{0,9}}|max\.?\s{{0,9}})?(?P<high>{_NUM})\s{{0,9}}\)
       |(?:out\s{{1,9}}of|/)\s{{0,9}}(?P<of>{_NUM}))?
    (?:["'*_`~\]}}|\\]|[^\S\n]){{0,12}}
    (?P<sep>[:\uff1a=>|]|[-\u2013\u2014](?=\s)|\bis\b:?|\bof\b)?
    (?P<gap>(?:[\s"'*_`\[({{}}<$|]|\\(?:boxed|textbf|text|mathbf|\(|\[)){{0,12}})
    (?P<value>[-+\u2212]?{_NUM})""",
    re.IGNORECASE | re.VERBOSE,
)
_SUM = re.compile(
    rf"{_NUM}{_NOTE}(?:\s{{0,9}}\+\s{{0,9}}{_NUM}{_NOTE}){{1,20}}(?:\s{{0,9}}=+\s{{0,9}}(?P<total>{_NUM}))?"
)
_TOTAL_FIRST = re.compile(
    rf"(?P<total>{_NUM})\s{{0,9}}=+\s{{0,9}}(?P<sum>{_NUM}{_NOTE}(?:\s{{0,9}}\+\s{{0,9}}{_NUM}{_NOTE}){{1,20}})"
)
_DIFFERENCE = re.compile(
    rf"(?P<sum>{_NUM}(?:\s{{0,9}}[-+\u2212]\s{{0,9}}{_NUM}){{1,20}})\s{{0,9}}=+\s{{0,9}}(?P<total>{_NUM})"
)
_CLOSERS = re.compile(r"(?:[\"'*_`~\])}$|>]|\\[)\]])*")
_SCALE = re.compile(
    rf"\s{{0,9}}(?:points?\s{{0,9}}|pts\.?\s{{0,9}}|stars?\s{{0,9}})?[(\[]?\s{{0,9}}(?:/|\uff0f|\\/|out\s{{1,9}}of|of|von|sur|de|su|\u0438\u0437)\s{{0,9}}"
    rf"(?:a\s{{1,9}})?(?:possible|total(?:\s{{1,9}}of)?|maximum(?:\s{{1,9}}of)?)?\s{{0,9}}[*_]*(?P<of>{_NUM})[)\]]?(?:[\"'*_`~\])}}$|>]|\\[)\]])*",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(
    r"\w|[.,\u00b7][0-9]|[^\S\n]*[%\u2030?+]"
    r"|[^\S\n]*(?:[-\u2013\u2014~,;|/*\u00d7x]|->|\u2192|=+>?|<|>|\u2264|\u2265|and|plus)[^\S\n]*[-+]?[0-9]"
    r"|[^\S\n]*(?:to|or|percent)\b|[^\S\n]*(?:points?\s+|pts\.?\s+)?(?:for|per)\b"
    rf"|[^\S\n]{{0,9}}[,(\u2013\u2014-]?[^\S\n]{{0,9}}{_KEY}[^\S\n]{{0,9}}[:=][^\S\n]{{0,9}}[0-9]"
    r"|[^\w\n]{0,6}(?:(?:oh|no|hmm)\b[^\w\n]{0,6})?(?:wait|correction|scratch\s+that|i\s+mean|make\s+(?:that|it))\b"
    r"[^\n]{0,60}?[0-9]"
    r"|[^\S\n]{0,9}[,(\u2013\u2014-][^\S\n]{0,9}(?:no|actually|sorry|rather)\b[^\n]{0,60}?[0-9]",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"[^\S\n]*[*_\"']*(?:would|could|might|should|requires?|needs?|means?|if|is\s+for|worthy)\b", re.IGNORECASE
)
_LEAD = re.compile(
    r"(?:.*(?:[.!?;:)\]\uff1a\u3002|>-]|\*\*|__)\s*|[\W_]*(?:[0-9]+[.)]\s+)?(?:\\\w+\{)?)"
    r"(?:(?:and|so|thus|therefore|hence|my|the|final|total|overall|assigned|given|resulting|gesamt|finale?)[,:\s*_\"]*){0,5}",
    re.IGNORECASE | re.DOTALL,
)
_TOTAL = re.compile(r"\b(?:final|total|overall|gesamt|finale?)[\s_*\"-]*$", re.IGNORECASE)
_WEAK_LEAD = re.compile(
    r"(?:\b(?:a|the|my|this|its|of|final|total|overall|assigned)|[^\w\s])\s*[*_\"'`]*$", re.IGNORECASE
)
_OTHER_SCALE = re.compile(
    rf"\bmax(?:imum|imal|\.)?[_\s]?(?:possible[_\s]?)?(?:score|points?|rating|grade)?[\s\"'*_`]*+(?:(?:[:=]|\bis\b|\bof\b)\s*+)?(?P<max>{_NUM})"
    rf"|\bscale\s+(?:of|from)\s+{_NUM}\s*(?:to|-|\u2013)\s*(?P<to>{_NUM})",
    re.IGNORECASE,
)
_JSON_KEY = re.compile(r"(?:final|total|overall)?_?(?:score|rating|grade)")
_JSON_MAX = re.compile(r"(?:max|maximum|out_of|scale|total_possible)(?:_?(?:score|points|rating))?|(?:score|scale)_max")
_MOST_OBJECTS, _READ_BEFORE = 50, 200
"""JSON objects that are looked at; characters before a mention."""


@dataclass(frozen=True)
class Mention:
    """A place that speaks of a score, its value or None where that is unclear. The higher rank counts."""

    start: int
    end: int
    value: float | None
    rank: int


@dataclass(frozen=True)
class Scale:
    """What scores are on the scale, and what stated maximum is this one."""

    lowest: float
    highest: float

    def on(self, value: float) -> float | None:
        return value if self.lowest <= value <= self.highest else None

    def is_other(self, stated: str | None) -> bool:
        return stated is not None and float(stated) != self.highest


def read(text: str, scale: Scale, *, first: bool = False) -> Mention | None:
    """Return the mention that gives the score, None without one; `first` where the score stands before its reasons.

    A line that begins with it outranks a mention in a sentence, a total outranks both. Of one rank the last counts;
    mentions in sentences count only where they agree.
    """
    mentions = [*_objects(text, scale)]
    spans = [(mention.start, mention.end) for mention in mentions]
    mentions += [
        mention for mention in _mentions(text, scale, first=first) if not any(a <= mention.start < b for a, b in spans)
    ]
    mentions = sorted((mention for mention in mentions if mention.rank), key=lambda mention: mention.start)
    if not mentions:
        return None
    best = max(mention.rank for mention in mentions)
    if first and best > 1:
        return next(mention for mention in mentions if mention.rank > 1)
    last = [mention for mention in mentions if mention.rank == best][-1]
    agree = {mention.value for mention in mentions if mention.rank == best}
    is_unclear = _has_other_scale(text, scale) or (best == 1 and len(agree) > 1)
    return Mention(last.start, last.end, None, best) if is_unclear else last


def _has_other_scale(text: str, scale: Scale) -> bool:
    return any(scale.is_other(match["max"] or match["to"]) for match in _OTHER_SCALE.finditer(text))


def _mentions(text: str, scale: Scale, *, first: bool) -> Iterator[Mention]:
    for match in nearest(_MENTION.finditer(text), first=first):
        line_start = text.rfind("\n", 0, match.start()) + 1
        before = text[line_start : match.start()]
        value, end = _value(text, match, scale)
        rank = 0 if _is_aside(text, match.start(), end) else _rank(match, before)
        if rank > 1 and is_fenced(text, match.start()):
            rank = 2
        yield Mention(line_start if rank > 1 and not before.strip(" \t*#_") else match.start(), end, value, rank)


def _is_aside(text: str, start: int, end: int) -> bool:
    after = _CLOSERS.match(text, end)
    is_condition = after is not None and _CONDITION.match(text, after.end()) is not None
    return is_condition or is_supposed(text, start) or is_aside(text, start, end)


def _rank(match: re.Match[str], before: str) -> int:
    """4 a total, 3 a line or sentence that begins with it, 1 within a sentence, 0 something else's score."""
    before = before[-_READ_BEFORE:]
    is_stated = match["sep"] is None or match["sep"].casefold() != "of"
    if is_stated and _LEAD.fullmatch(before):
        return 4 if _TOTAL.search(before) else 3
    return 1 if _WEAK_LEAD.search(before) else 0


def _value(text: str, match: re.Match[str], scale: Scale) -> tuple[float | None, int]:
    """The value that stands there and where it ends; None for what is unclear or on another scale."""
    start, end = match.start("value"), match.end()
    if scale.is_other(match["high"] or match["of"]):
        return None, end
    value: float | None = float(match["value"].replace("\u2212", "-"))
    calculated = _calculated(text, start)
    if calculated is not None:
        value, end = calculated
    rest = _CLOSERS.match(text, end).end()  # type: ignore[union-attr]
    if value is None:
        return None, end
    stated = _SCALE.match(text, rest)
    if stated:
        end = rest = stated.end()
        if scale.is_other(stated["of"]):
            return None, end
    if _UNCLEAR.match(text, rest) or _is_list(text, match, rest):
        return None, end
    return scale.on(value), end


def _calculated(text: str, start: int) -> tuple[float | None, int] | None:
    """The total of a sum and where it ends; None where none is written, no total where it does not add up."""
    for pattern in (_TOTAL_FIRST, _DIFFERENCE, _SUM):
        if match := pattern.match(text, start):
            terms = re.sub(r"\([^()]*\)", "", match.groupdict().get("sum") or match[0].split("=")[0])
            signed = re.findall(rf"([-+\u2212]?)\s*({_NUM})", terms)
            total = sum((Fraction(n) * (-1 if sign in "-\u2212" and sign else 1) for sign, n in signed), Fraction(0))
            is_right = match["total"] is None or Fraction(match["total"]) == total
            return (float(total) if is_right else None), match.end()
    return None


def _is_list(text: str, match: re.Match[str], rest: int) -> bool:
    """Whether the number only counts the lines or items of a list."""
    line = text[rest : text.find("\n", rest) if "\n" in text[rest:] else len(text)]
    if "\n" in match["gap"]:
        return re.search(r"\w", line) is not None
    value = match["value"]
    return value.isdigit() and re.search(rf"(?<!\w){int(value) + 1}[.)]\s+\w", line) is not None


def _objects(text: str, scale: Scale) -> Iterator[Mention]:
    """The JSON objects of a reply that give a score at their top level; inner ones score something else."""
    decoder, at = json.JSONDecoder(), text.find("{")
    for _ in range(_MOST_OBJECTS):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if isinstance(value, dict):
            yield _object(text, at, end, value, scale)
        at = text.find("{", end)


def _object(text: str, start: int, end: int, fields: dict[str, Any], scale: Scale) -> Mention:
    plain = {re.sub(r"[\s-]+", "_", key.strip().casefold()): value for key, value in fields.items()}
    scores = {key: value for key, value in plain.items() if _JSON_KEY.fullmatch(key)}
    if not scores or is_aside(text, start, end):
        return Mention(start, end, None, 0)
    key = max(scores, key=len)  # a total has the longer name
    others = [value for name, value in plain.items() if _JSON_MAX.fullmatch(name)]
    if any(not _is_number(value) or float(value) != scale.highest for value in others):
        return Mention(start, end, None, 3)
    value = scores[key]
    if isinstance(value, str):
        inner = read(f"Score: {value}", scale)
        return Mention(start, end, inner.value if inner else None, 3)
    return Mention(start, end, scale.on(float(value)) if _is_number(value) else None, 3)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
