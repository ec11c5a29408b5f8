"""Programs and tests in texts: the code of a reply, its assertions as calls with what is expected of them."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backend.sandbox import MOST_TEXT, Call, CallResult, Ending

FENCE = "```"
NAME = re.compile(r"\w*")
UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)
"""What Python's parser raises for texts that are no program."""


class Unreadable(ValueError):
    """A text is not what was asked for; says why."""


@dataclass(frozen=True)
class Check:
    """An assertion: a call, and the value that it has to return. `text`: as it was written."""

    call: Call
    expected: Any
    text: str
    by_truth: bool = False
    """Only whether the value counts as true is compared."""

    def holds(self, answer: CallResult) -> bool:
        """Whether a program that gave this answer keeps it."""
        if answer.ending is not Ending.value:
            return False
        return bool(answer.value) is self.expected if self.by_truth else bool(answer.value == self.expected)


def blocks(text: str, *names: str) -> list[str]:
    """The fenced blocks of a text that are marked with one of these names, in order."""
    return [code for name, code in _blocks(text) if name in names]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """The mark and the code of each block; line by line, since an expression would take a model's repetitions badly."""
    name, lines = None, list[str]()
    for line in text.split("\n"):
        stripped = line.strip(" \t")
        if name is not None and stripped == FENCE:
            yield name, "\n".join(lines).strip("\n")
            name, lines = None, []
        elif name is not None:
            lines.append(line)
        elif stripped.startswith(FENCE) and (mark := NAME.match(stripped.removeprefix(FENCE).lstrip(" \t"))):
            name = mark[0].lower()


def code_of(text: str) -> str:
    """The code of a reply: its last block that is marked as Python or as nothing, else the reply itself."""
    programs = blocks(text, "python", "py", "python3", "")
    return programs[-1] if programs else text.strip()


def parse(code: str) -> ast.Module:
    """The syntax tree of a program; raises `Unreadable`."""
    if len(code) > MOST_TEXT:
        raise Unreadable(f"it has more than {MOST_TEXT:,} characters")
    try:
        return ast.parse(code)
    except UNREADABLE as error:
        raise Unreadable(f"it is no Python: {error}") from error


def literal(text: str) -> Any:
    """The value of a Python literal; raises `Unreadable`."""
    if len(text) > MOST_TEXT:
        raise Unreadable(f"it has more than {MOST_TEXT:,} characters")
    try:
        return ast.literal_eval(text.strip())
    except UNREADABLE as error:
        raise Unreadable(f"it is no literal: {str(error)[:100]}") from error


def checks_of(code: str, *, most: int | None = None) -> list[Check]:
    """The assertions of a test, each about one call with literals; raises `Unreadable` where one says anything else.

    most: how many there may be; None is any number.

    `assert f(2) == 4`, `assert f(2) is None`, `assert f(2)`, `assert not f(2)`; also within functions. What stands
    beside them is not run. So all that is expected is known outside of the sandbox, where it is compared.
    """
    asserts = [node for node in ast.walk(parse(code)) if isinstance(node, ast.Assert)]
    if not asserts:
        raise Unreadable("it holds no assertion")
    if most is not None and len(asserts) > most:
        raise Unreadable(f"it holds {len(asserts):,} assertions, more than {most}")
    return [_check(node) for node in asserts]


def is_weak(checks: list[Check]) -> bool:
    """Whether one constant, whatever it is asked, keeps all assertions: such a test tells nothing apart."""
    stubs = [*(check.expected for check in checks), True, False]
    return any(all(check.holds(CallResult(Ending.value, stub)) for check in checks) for stub in stubs)


def _check(node: ast.Assert) -> Check:
    text = "an assertion"
    try:
        text = ast.unparse(node)
        call, expected, by_truth = next(_readings(node.test))
        function = call.func
        if not isinstance(function, ast.Name) or any(keyword.arg is None for keyword in call.keywords):
            raise Unreadable(f"{text[:100]!r} calls no function by its name, with its arguments written out")
        args = tuple(ast.literal_eval(arg) for arg in call.args)
        kwargs = tuple((str(keyword.arg), ast.literal_eval(keyword.value)) for keyword in call.keywords if keyword.arg)
        value = expected()
    except (StopIteration, *UNREADABLE) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{text[:100]!r} does not compare a call of literals with a literal") from error
    return Check(Call(function.id, args, kwargs), value, text, by_truth)


def _readings(test: ast.expr) -> Iterator[tuple[ast.Call, Callable[[], Any], bool]]:
    """The call of an assertion, what its value has to be, and whether only its truth counts."""
    if isinstance(test, ast.Call):
        yield test, lambda: True, True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Call):
        yield test.operand, lambda: False, True
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        left, right = test.left, test.comparators[0]
        if isinstance(left, ast.Call):
            yield left, lambda: ast.literal_eval(right), False
        elif isinstance(right, ast.Call):
            yield right, lambda: ast.literal_eval(left), False
