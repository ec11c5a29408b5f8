"""No regular expression that reads what models write takes long on any text: all of them are collected and tried.

Texts are made of each expression itself: what its parts match, over and over. Of a text that takes long a longer one is
read, too: an expression whose time grows with the square takes sixteen times as long on four times as many characters.
"""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from backend import recipes
from backend.registry import Part, import_all

ROOT = Path(__file__).parents[2] / "backend"
FOLDERS = (
    "answers",
    "code_tasks",
    "environments",
    "generators",
    "judges",
    "metrics",
    "mixers",
    "prompt_sources",
    "selectors",
    "values",
)
FILES = ("likeness.py", "passages.py", "word_vectors.py", "difficulty.py")
METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub")
KNOBS = ("pattern", "must_match", "must_not_match", "behaviors")
READ_AT_START = {"stated_budget.pattern"}
IN_A_LOOP = ("_TOTAL_FIRST", "_DIFFERENCE", "_SUM")
"""Expressions that one call after the other is made of, `pattern.match`."""
SENT = ("written_verdict.reply_pattern", "yes_no_check.reply_pattern")
"""Expressions that a server is asked to hold a reply to: no text is searched by them here."""
SHORT = {"_LEAD": 200, "_TOTAL": 200, "_WEAK_LEAD": 200, "_DENIED": 80, "_BETWEEN": 80}
"""By name, the expressions that their callers give so many characters at most."""
LENGTH, SECONDS, GROWTH = 8_000, 0.015, 8
"""Characters of a text; what is worth a second look, in seconds of the processor; times as long on four times as much."""
COMMON = ["\n", " ", "a", "1", "-", "(", ",11", "*", "1 ", ". ", "$", "\n ", "A", "_"]
OF_CATEGORY = {
    names.CATEGORY_DIGIT: "1",
    names.CATEGORY_SPACE: " ",
    names.CATEGORY_WORD: "a",
    names.CATEGORY_NOT_WORD: " ",
    names.CATEGORY_NOT_SPACE: "a",
    names.CATEGORY_NOT_DIGIT: "a",
}
REPEATS = (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT)

Found = dict[tuple[str, int, str], str]
"""Where it stands, by the expression, its flags and how it is used."""


def sources() -> list[Path]:
    return sorted(
        [*(path for text in FOLDERS for path in (ROOT / text).rglob("*.py")), *(ROOT / text for text in FILES)]
    )


def collected() -> Found:
    """All expressions of these modules, of the knobs of their parts, and of the recipes."""
    fields: Found = {}
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}
    everything = "\n".join(texts.values())
    for path in sources():
        for node in ast.walk(ast.parse(texts[path])):
            if isinstance(node, ast.Call) and (entry := written(node)) is not None:
                fields.setdefault(entry, f"{path.relative_to(ROOT)}:{node.lineno}")
        module = importlib.import_module("backend." + ".".join(path.relative_to(ROOT).with_suffix("").parts))
        compiled = {name: value for name, value in vars(module).items() if isinstance(value, re.Pattern)}
        for name, value in compiled.items():
            used = set(re.findall(rf"\b{name}\.({'|'.join(METHODS)})\(", everything))
            used |= {"match"} if name in IN_A_LOOP else set()
            fields |= {(value.pattern, value.flags, method): name for method in used or {"finditer"}}
    add_knobs(fields)
    return fields


def add_knobs(result: Found) -> None:
    """The expressions that parts and recipes hold."""
    import_all()
    for kind in recipes.KINDS.values():
        for part in kind.registry.values():
            for name, field in part.model_fields.items():
                add_knob(result, f"{part.name}.{name}", field.default)
    for name in recipes.names():
        for phase in recipes.get(name).phases:
            for step in phase.steps:
                add_part(result, step.part)


def written(node: ast.Call) -> tuple[str, int, str] | None:
    """The expression, the flags and the method of a call such as `re.search("a", text)`."""
    of = node.func
    if not (isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name) and of.value.id == "re" and node.args):
        return None
    first = node.args[0]
    if of.attr not in METHODS or not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return None
    given = [
        entry.attr
        for arg in [*node.args[1:], *(k.value for k in node.keywords)]
        for entry in ast.walk(arg)
        if isinstance(entry, ast.Attribute) and entry.attr.isupper()
    ]
    return first.value, sum(int(getattr(re, flag)) for flag in given), of.attr


def add_part(result: Found, part: Part) -> None:
    for name in type(part).model_fields:
        value = getattr(part, name)
        add_knob(result, f"{part.name}.{name}", value)
        for held in value if isinstance(value, tuple) else (value,):
            if isinstance(held, Part):
                add_part(result, held)


def add_knob(result: Found, where: str, value: Any) -> None:
    if where in SENT or not any(knob in where.split(".")[1] for knob in KNOBS):
        return
    several = [value] if isinstance(value, str) else [*value.values()] if isinstance(value, dict) else value
    for number in several if isinstance(several, list | tuple) else ():
        if isinstance(number, str) and number:
            result.setdefault((number, 0, "match" if where in READ_AT_START else "finditer"), where)


def text_of(items: Any) -> str:
    """A text that these items of an expression match, more or less: each repeat once at least."""
    text = ""
    for operator, argument in items:
        if operator is names.LITERAL:
            text += chr(argument)
        elif operator in (names.ANY, names.NOT_LITERAL):
            text += "a"
        elif operator is names.IN:
            text += of_set(argument)
        elif operator is names.BRANCH:
            text += text_of(argument[1][0])
        elif operator is names.SUBPATTERN:
            text += text_of(argument[3])
        elif operator is names.ATOMIC_GROUP:
            text += text_of(argument)
        elif operator in REPEATS:
            text += text_of(argument[2]) * max(argument[0], 1)
    return text


def of_set(members: Any) -> str:
    if members[0][0] is names.NEGATE:
        refused = {chr(value) for operator, value in members if operator is names.LITERAL}
        return next(entry for entry in "a 1~" if entry not in refused)
    operator, value = members[0]
    known = {names.LITERAL: lambda: chr(value), names.RANGE: lambda: chr(value[0])}
    return known[operator]() if operator in known else OF_CATEGORY.get(value, "a")


def pieces(items: Any, depth: int = 0) -> Iterator[str]:
    """What the beginnings of an expression match, and those of all that it holds."""
    items = list(items)
    for end in range(1, len(items) + 1):
        yield text_of(items[:end])
    for operator, argument in items if depth < 3 else ():
        if operator is names.BRANCH:
            for branch in argument[1]:
                yield from pieces(branch, depth + 1)
        elif operator is names.SUBPATTERN:
            yield from pieces(argument[3], depth + 1)
        elif operator in REPEATS:
            yield from pieces(argument[2], depth + 1)


def hostile(pattern: "re.Pattern[str]", length: int) -> Iterator[str]:
    """Texts of about that length: what an expression matches over and over, after what leads to it, and an odd end."""
    items = list(parser.parse(pattern.pattern, pattern.flags))
    heads = [text_of(items[:end]) for end in range(len(items))] or [""]
    middle, last = heads[len(heads) // 2], heads[-1]
    own = [entry for entry in dict.fromkeys(pieces(items)) if entry][:24]
    tried = [(head, entry) for entry in own for head in ("", last)]
    tried += [(head, text) for text in COMMON for head in ("", middle, last)]
    for head, repeated in dict.fromkeys(tried):
        yield head + repeated * (length // len(repeated)) + "\u00b6"


def slowest(pattern: "re.Pattern[str]", method: str, length: int) -> tuple[float, str]:
    """Of the texts that take long the worst growth of the time where a text is four times as long, and its beginning.

    0 where no text takes long. 4 is linear, 16 the square.
    """
    worst = (0.0, "")
    for text, longer in zip(hostile(pattern, length), hostile(pattern, 4 * length), strict=True):
        if timed(pattern, method, text) <= SECONDS:
            continue
        took = min(timed(pattern, method, text) for _ in range(3))
        if took > SECONDS:
            grown = min(timed(pattern, method, longer) for _ in range(2)) / took
            worst = max(worst, (grown, text[:60]))
        if worst[0] > GROWTH:
            break
    return worst


def timed(pattern: "re.Pattern[str]", method: str, text: str) -> float:
    started = time.process_time()
    use(pattern, method, text)
    return time.process_time() - started


def use(pattern: "re.Pattern[str]", method: str, text: str) -> None:
    if method == "sub":
        pattern.sub("", text)
    else:
        result = getattr(pattern, method)(text)
        for _ in result if method == "finditer" else ():
            pass


def test_no_expression_takes_long_on_any_text() -> None:
    result = collected()
    assert len(result) > 100, "the expressions are not where they were looked for"
    slow = {}
    for (pattern, flags, method), where in result.items():
        grown, text = slowest(re.compile(pattern, flags), method, SHORT.get(where, LENGTH))
        if grown > GROWTH:
            slow[where, method] = (round(grown), text)
    assert slow == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"<think>.*\bSelf-check: honest\b.*</think>",
        r"<answer>(.*?)</answer>",
        r"(?m)^[\s*]*A[).]",
        r"max[\s\"]*(?:is)?\s*[0-9]",
    ],
)
def test_an_expression_whose_time_grows_with_the_square_is_found(pattern: str) -> None:
    assert slowest(re.compile(pattern, re.DOTALL), "finditer", LENGTH)[0] > GROWTH
