"""Answers to tasks: what is run to grade them, and what they are worth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend import sandbox
from backend.code_tasks import FUNCTION, Task, arguments
from backend.sandbox import Call, CallResult, Ending, Limits, reading
from backend.sandbox.reading import Unreadable


@dataclass(frozen=True)
class Grade:
    """What an answer is worth: 1 or 0, None where two runs differ. `is_read`: it has the form that was asked for."""

    score: float | None
    reason: str
    is_read: bool = True


@dataclass
class _Attempt:
    """What has to be run to grade an answer, and what has to come of it."""

    program: str = ""
    calls: list[Call] = field(default_factory=list)
    expected: list[Any] = field(default_factory=list)
    grade: Grade | None = None


def graded(answers: Sequence[tuple[Task, str]], limits: Limits) -> list[Grade]:
    """What each answer to a task is worth; programs are run, and compared outside of the sandbox."""
    attempts = [_attempt(task, text) for task, text in answers]
    runs = sandbox.run_all([(attempt.program, attempt.calls) for attempt in attempts], limits)
    return [attempt.grade or _grade(attempt, run) for attempt, run in zip(attempts, runs, strict=True)]


def _attempt(task: Task, text: str) -> _Attempt:
    try:
        if task.kind == "deduction":
            output, known = reading.literal(_last(text, "output")), reading.literal(task.outputs[0])
            is_right = bool(output == known)
            return _Attempt(
                grade=Grade(float(is_right), "The output is right." if is_right else "The output is wrong.")
            )
        if task.kind == "abduction":
            call = Call(FUNCTION, arguments(_last(text, "input")))
            return _Attempt(task.program, [call], [reading.literal(task.outputs[0])])
        code = _last(text, "python")
        reading.parse(code)
        hidden = range(task.shown, len(task.inputs))
        calls = [Call(FUNCTION, arguments(task.inputs[n])) for n in hidden]
        return _Attempt(code, calls, [reading.literal(task.outputs[n]) for n in hidden])
    except Unreadable as error:
        return _Attempt(grade=Grade(0.0, f"No answer could be read: {error}.", is_read=False))


def _grade(attempt: _Attempt, answers: Sequence[CallResult]) -> Grade:
    if any(answer.ending is Ending.flaky for answer in answers):
        return Grade(None, "Two runs of it ended differently.")
    pairs = list(zip(answers, attempt.expected, strict=True))
    failed = next((run for run, value in pairs if run.ending is not Ending.value or run.value != value), None)
    if failed is None:
        return Grade(1.0, "It leads to the known outputs.")
    return Grade(
        0.0, "It leads to another output." if failed.ending is Ending.value else f"{failed.ending}: {failed.message}"
    )


def _last(text: str, name: str) -> str:
    code = reading.blocks(text, name)
    if not code:
        raise Unreadable(f"there is no block that is marked {name}")
    return str(code[-1])
