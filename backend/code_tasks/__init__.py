"""Tasks about programs, as a model proposes and solves them: what is asked, what is read, what is right.

A task is a program p, inputs i and outputs o with o = p(i), and one of them is asked for (Zhao et al. 2025, Absolute
Zero, arXiv 2505.03335): deduction asks for o, abduction for an input that leads to o, induction for a program that does
what some pairs show, which is checked on pairs that are not shown.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from backend.sandbox import reading
from backend.values import JSON

Kind = Literal["deduction", "abduction", "induction"]
FUNCTION = "f"


@dataclass(frozen=True)
class Task:
    """A program, inputs, and what it returned for them, as Python literals; an input is arguments without brackets."""

    kind: Kind
    program: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    message: str = ""

    @classmethod
    def of(cls, metadata: JSON) -> "Task | None":
        """The task of a prompt, whose JSON stands in its metadata as `task`; None where something else stands there."""
        data = metadata.get("task")
        if not isinstance(data, dict) or data.keys() - {"message"} != {"kind", "program", "inputs", "outputs"}:
            return None
        inputs, outputs = data["inputs"], data["outputs"]
        if data["kind"] not in get_args(Kind) or not (isinstance(inputs, list) and isinstance(outputs, list)):
            return None
        task = cls(data["kind"], data["program"], tuple(inputs), tuple(outputs), data.get("message", ""))
        texts = (task.program, task.message, *inputs, *outputs)
        if not all(isinstance(text, str) for text in texts) or not 0 < len(inputs) == len(outputs):
            return None
        try:
            for given, returned in zip(inputs, outputs, strict=True):
                arguments(given)
                reading.literal(returned)
        except reading.Unreadable:
            return None
        return task

    def to_json(self) -> JSON:
        return asdict(self) | {"inputs": [*self.inputs], "outputs": [*self.outputs]}

    @property
    def answer(self) -> str:
        """What it was made of and a solver is not shown; of abduction and induction there may be other right ones."""
        return {"deduction": self.outputs[0], "abduction": self.inputs[0], "induction": self.program}[self.kind]

    @property
    def shown(self) -> int:
        """How many pairs a solver of an induction sees: the first half."""
        return (len(self.inputs) + 1) // 2


ZERO = Task("deduction", "def f(x):\n    return x", ("'Hello World'",), ("'Hello World'",))
"""The task that all others begin with: the identity (the paper's figure of the seed triplet)."""


def written(value: Any) -> str:
    """A plain value as the literal it is, the same in every process: sets are written in order."""
    if type(value) is dict:
        return f"{{{', '.join(f'{written(key)}: {written(item)}' for key, item in value.items())}}}"
    parts = [written(item) for item in value] if type(value) in (list, tuple, set) else []
    if type(value) is set and parts:
        return f"{{{', '.join(sorted(parts))}}}"
    if type(value) is tuple:
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    return f"[{', '.join(parts)}]" if type(value) is list else repr(value)


def arguments(text: str) -> tuple[Any, ...]:
    """The arguments that are written one after the other; raises `Unreadable`."""
    text = text.strip().rstrip(",")
    return tuple(reading.literal(f"({text},)")) if text else ()
