"""An environment with a calculator."""

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from pydantic import Field

from backend.environments import Environment, ToolError, instructions

Number = int | float
LONGEST = 200
"""Characters of an expression: with few of them neither depth nor time is a danger."""
MOST = 1e100
"""The largest magnitude of a number, on the way and at the end."""
BINARY: dict[type[ast.operator], Callable[[Any, Any], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "\0"})
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class Calculator(Environment):
    """A policy that may calculate: `Action: calculate[(3 + 4) * 2]` is answered with the value.

    An expression holds numbers, + - * / // % ** ^ and parentheses, in at most 200 characters; it is read as arithmetic
    and nothing of it is run. Anything else, a division by zero and numbers beyond 1e100 are errors, which the policy
    reads and may go on from.
    """

    digits: int = Field(12, ge=1, le=17, description="significant digits of a value that is no whole number")

    def make(self) -> "CalculatorWorld":
        return CalculatorWorld(self.digits)


class CalculatorWorld:
    """A world with a calculator on it. Nothing is kept from one call to the next."""

    def __init__(self, digits: int = 12) -> None:
        self._digits = digits

    def reset(self, **row: Any) -> str | None:
        """Return what tells the policy of the calculator."""
        return instructions(self, "calculate[(3 + 4) * 2]")

    def calculate(self, expression: str) -> str:
        """Gives the value of an arithmetic expression.

        Args:
            expression: numbers, + - * / // % ** and parentheses.

        Returns:
            The value as text.
        """
        value = value_of(expression)
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
        return str(int(value)) if whole else f"{value:.{self._digits}g}"


def value_of(expression: str) -> Number:
    """Return the value of an arithmetic expression; raises `ToolError`."""
    if len(expression) > LONGEST:
        raise ToolError(f"The expression has more than {LONGEST} characters.")
    written = THOUSANDS.sub("", expression.strip().translate(SIGNS)).replace("\0", "**")
    try:
        return _value(ast.parse(written, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, ToolError):
            raise
        raise ToolError("This is no arithmetic expression.") from error
    except ZeroDivisionError as error:
        raise ToolError("Division by zero.") from error
    except OverflowError as error:
        raise ToolError("The value is too large.") from error


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _bounded(value)  # type: ignore[arg-type]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
            return UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _bounded(BINARY[type(op)](_value(left), _value(right)))
    raise ToolError("This is no arithmetic expression.")


def _power(base: Number, exponent: Number) -> Number:
    """A power whose size is known before it is computed."""
    if base < 0 and not float(exponent).is_integer():
        raise ToolError("A root of a negative number.")
    if base and exponent * math.log10(abs(base)) > math.log10(MOST):
        raise ToolError("The value is too large.")
    return _bounded(base**exponent)


def _bounded(value: Number) -> Number:
    if not abs(value) <= MOST:
        raise ToolError("The value is too large.")
    return value
