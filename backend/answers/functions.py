"""Formulas in one variable as functions to calculate with, read without running anything that a model wrote."""

import ast
import math
from collections.abc import Callable

MOST = 400
"""Characters of the longest formula that is read."""
Function = Callable[[float], float]
_NAMES = {"pi": math.pi, "e": math.e, "E": math.e}
_CALLS: dict[str, Function] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "Abs": abs,
    "sec": lambda x: 1 / math.cos(x),
    "csc": lambda x: 1 / math.sin(x),
    "cot": lambda x: 1 / math.tan(x),
}


def read(text: str, variable: str = "x") -> Function | None:
    """Return the function that a formula in Python's or sympy's notation is; None where it is no such formula.

    Known are numbers, the variable, pi and e, + - * / ** (or ^), brackets, and the usual functions of one argument. The
    function raises `ArithmeticError` or `ValueError` where it has no real value.
    """
    plain = text.strip().strip("$`").replace("^", "**")
    if not plain or len(plain) > MOST:
        return None
    try:
        tree = ast.parse(plain, mode="eval").body
        return _made(tree, variable)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _made(node: ast.expr, variable: str) -> Function:
    """The function of a part of a formula; raises `ValueError` for what is none."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            number = float(value) if abs(value) < 1e300 else math.inf
            return lambda x: number
        case ast.Name(id=name) if name == variable:
            return lambda x: x
        case ast.Name(id=name) if name in _NAMES:
            return lambda x: _NAMES[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=inner):
            signed, sign = _made(inner, variable), -1.0 if isinstance(op, ast.USub) else 1.0
            return lambda x: sign * signed(x)
        case ast.BinOp(left=left, op=op, right=right):
            return _joined(_made(left, variable), op, _made(right, variable))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _CALLS:
            inner_value, call = _made(argument, variable), _CALLS[name]
            return lambda x: call(inner_value(x))
    raise ValueError("no formula")


def _joined(left: Function, op: ast.operator, right: Function) -> Function:
    match op:
        case ast.Add():
            return lambda x: left(x) + right(x)
        case ast.Sub():
            return lambda x: left(x) - right(x)
        case ast.Mult():
            return lambda x: left(x) * right(x)
        case ast.Div():
            return lambda x: left(x) / right(x)
        case ast.Pow():
            return lambda x: math.pow(left(x), right(x))
    raise ValueError("no formula")
