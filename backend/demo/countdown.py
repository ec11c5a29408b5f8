"""The demo's task: use three digits once each, with + - *, to make a target.

Making an expression is search, checking one is arithmetic, so a model can judge better than it can
answer. A problem reads `3 5 7 = 26`, an answer `3*7+5`, a check `3 5 7;21+5=26;Y`. No problem needs brackets;
the checker understands them.
"""

import itertools
import random
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

JUDGE_TEMPLATE = (Path(__file__).parent / "judge_template.txt").read_text(encoding="utf-8")
DIGITS = range(1, 10)
MALFORMED = "?;N"

_PROMPT = re.compile(r"\s*([1-9]) ([1-9]) ([1-9]) = (-?[0-9]{1,3})\s*")
_VERDICT = re.compile(r";([YN])\s*$")


@dataclass(frozen=True)
class CountdownProblem:
    """Three digits in the order they are shown, and the number to make of them."""

    digits: tuple[int, int, int]
    target: int


@dataclass(frozen=True)
class Expression:
    """A parsed expression: a digit (no `op`), or an operation on two expressions."""

    value: int
    digits: tuple[int, ...]
    op: str = ""
    left: "Expression | None" = None
    right: "Expression | None" = None


def prompt(problem: CountdownProblem) -> str:
    """Show a problem: `3 5 7 = 26`."""
    return f"{' '.join(map(str, problem.digits))} = {problem.target}"


def parse_prompt(text: str) -> CountdownProblem | None:
    """Read a problem back; None where the text is not one."""
    match = _PROMPT.fullmatch(text)
    if match is None:
        return None
    a, b, c, target = map(int, match.groups())
    return CountdownProblem((a, b, c), target)


def judge_prompt(problem_text: str, answer_text: str) -> str:
    """Ask whether an answer is right: `3 5 7 = 26? 3*7+5`."""
    # One pass, so that a `{response}` inside the problem's text stays as it is.
    texts = {"{prompt}": problem_text, "{response}": answer_text}
    return re.sub(r"\{prompt\}|\{response\}", lambda match: texts[match[0]], JUDGE_TEMPLATE)


def is_correct(prompt_text: str, answer_text: str) -> bool:
    """Say whether the answer uses the problem's digits once each and makes its target."""
    return parse_verdict(check(prompt_text, answer_text)) is True


def check(prompt_text: str, answer_text: str) -> str:
    """Write the calculation and the verdict.

    `3 5 7;21+5=26;Y` (the digits used, the last operation, the verdict), `3 7 7;N` for other digits
    than the problem's, `?;N` for what is no expression or no problem.
    """
    problem, node = parse_prompt(prompt_text), parse_expression(answer_text)
    if problem is None or node is None:
        return MALFORMED
    used = tuple(sorted(node.digits))
    shown = " ".join(map(str, used))
    # Three digits always leave a last operation; the test on `left` and `right` is for the types.
    if used != tuple(sorted(problem.digits)) or node.left is None or node.right is None:
        return f"{shown};N"
    verdict = "Y" if node.value == problem.target else "N"
    return f"{shown};{node.left.value}{node.op}{node.right.value}={node.value};{verdict}"


def parse_verdict(check_text: str) -> bool | None:
    """Read the verdict of a check; None where there is none."""
    match = _VERDICT.search(check_text)
    return None if match is None else match[1] == "Y"


def parse_expression(text: str) -> Expression | None:
    """Parse single digits, + - * and brackets; None for anything else, however deep or long."""
    symbols = text.replace(" ", "").strip()
    # Nothing right is longer than `((3*(5+7)))`; the bound keeps the recursion flat.
    if not symbols or len(symbols) > 32:
        return None
    node, end = _sum(symbols, 0)
    return node if end == len(symbols) else None


def _sum(text: str, at: int) -> tuple[Expression | None, int]:
    node, at = _product(text, at)
    while node is not None and at < len(text) and text[at] in "+-":
        op = text[at]
        right, at = _product(text, at + 1)
        node = _join(node, op, right)
    return node, at


def _product(text: str, at: int) -> tuple[Expression | None, int]:
    node, at = _atom(text, at)
    while node is not None and at < len(text) and text[at] == "*":
        right, at = _atom(text, at + 1)
        node = _join(node, "*", right)
    return node, at


def _atom(text: str, at: int) -> tuple[Expression | None, int]:
    if at < len(text) and text[at] in "0123456789":
        return Expression(int(text[at]), (int(text[at]),)), at + 1
    if at < len(text) and text[at] == "(":
        node, at = _sum(text, at + 1)
        if node is not None and at < len(text) and text[at] == ")":
            return node, at + 1
    return None, at


def _join(left: Expression, op: str, right: Expression | None) -> Expression | None:
    if right is None:
        return None
    match op:
        case "+":
            value = left.value + right.value
        case "-":
            value = left.value - right.value
        case _:
            value = left.value * right.value
    return Expression(value, left.digits + right.digits, op, left, right)


@cache
def expressions(digits: tuple[int, ...]) -> dict[int, tuple[str, ...]]:
    """List every expression of these (sorted) digits without brackets, by its value."""
    by_value: defaultdict[int, set[str]] = defaultdict(set)
    for a, b, c in set(itertools.permutations(digits)):
        for first, second in itertools.product("+-*", repeat=2):
            text = f"{a}{first}{b}{second}{c}"
            node = parse_expression(text)
            assert node is not None
            by_value[node.value].add(text)
    return {value: tuple(sorted(texts)) for value, texts in sorted(by_value.items())}


def solutions(problem: CountdownProblem) -> tuple[str, ...]:
    """List every right answer without brackets, in a fixed order."""
    return expressions(tuple(sorted(problem.digits))).get(problem.target, ())


def make_problems(n: int, *, seed: int, exclude: Collection[CountdownProblem] = ()) -> list[CountdownProblem]:
    """Draw n solvable problems that are not in `exclude`; targets are not negative.

    Another order of the same digits is another problem, as another wording of a question would be.
    """
    banned = set(exclude)
    drawn = [
        CountdownProblem((a, b, c), target)
        for a, b, c in itertools.product(DIGITS, repeat=3)
        for target in expressions(tuple(sorted((a, b, c))))
        if target >= 0 and CountdownProblem((a, b, c), target) not in banned
    ]
    if n > len(drawn):
        raise ValueError(f"only {len(drawn)} problems are left, {n} were asked for")
    return random.Random(seed).sample(drawn, n)
