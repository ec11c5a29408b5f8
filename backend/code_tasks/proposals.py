"""Tasks that a model proposes: read, run, and valid or not."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend import sandbox
from backend.code_tasks import FUNCTION, Kind, Task, arguments, written
from backend.sandbox import Call, CallResult, Ending, Limits, reading
from backend.sandbox.reading import Unreadable
from backend.values import Messages

MOST_OUTPUT = 2000
"""Characters of an output that a question can show."""
WITHOUT = frozenset(
    [
        "asyncio",
        "bcrypt",
        "calendar",
        "concurrent",
        "ctypes",
        "datetime",
        "hashlib",
        "hmac",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "pebble",
        "random",
        "secrets",
        "shutil",
        "socket",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "uuid",
    ]
)
"""Modules that a task may not import: what comes of them is not the same in each run, or is no matter of a task~."""
FIRST_LINE = re.compile(r"\AKind of task: (deduction|abduction|induction)\n")


@dataclass(frozen=True)
class Invalid:
    """What is wrong with a proposal. `is_read`: it has the form that was asked for."""

    reason: str
    is_read: bool = True


def validated(proposals: Sequence[tuple[Messages, str]], limits: Limits) -> list[Task | Invalid]:
    """Of each question and reply the task that is proposed, with its outputs, or what is wrong with it.

    Valid is what defines f, imports nothing of `WITHOUT`, runs, and returns the same literals in two runs.
    """
    checked = [_checked(question, reply) for question, reply in proposals]
    tasks = [task for task in checked if isinstance(task, Task)]
    jobs = [(task.program, [Call(FUNCTION, arguments(inputs)) for inputs in task.inputs]) for task in tasks]
    ran = iter(sandbox.run_all(jobs, limits))
    return [_with_outputs(item, next(ran)) if isinstance(item, Task) else item for item in checked]


def _checked(question: Messages, reply: str) -> Task | Invalid:
    try:
        task = read_proposal(question, reply)
    except Unreadable as error:
        return Invalid(f"No task could be read: {error}.", is_read=False)
    problem = _objection(task)
    return Invalid(f"The task is not valid: {problem}.") if problem else task


def read_proposal(question: Messages, reply: str) -> Task:
    """The task that a reply proposes, without outputs; raises `Unreadable`.

    The kind, and the program of an induction, are those of the question: a reply cannot change them.
    """
    asked = question[-1]["content"]
    match = FIRST_LINE.search(asked)
    if match is None:
        raise Unreadable("the question asks for no task")
    kind: Kind = match[1]  # type: ignore[assignment]
    inputs = reading.blocks(reply, "input")
    for values in inputs:
        arguments(values)
    if kind == "induction":
        messages = reading.blocks(reply, "message")
        if len(set(inputs)) < 2 or not messages:
            raise Unreadable("it needs at least two different inputs and a message, each in a block of its own")
        return Task(kind, reading.blocks(asked, "python")[0], tuple(dict.fromkeys(inputs)), (), messages[-1])
    programs = reading.blocks(reply, "python")
    if not programs or not inputs:
        raise Unreadable("it needs a program and an input, each in a block of its own")
    return Task(kind, programs[-1], (inputs[-1],))


def _objection(task: Task) -> str:
    """Why a program is no task's, as far as can be seen without running it; empty where nothing is wrong."""
    try:
        tree = reading.parse(task.program)
    except Unreadable as error:
        return str(error)
    if not any(isinstance(node, ast.FunctionDef) and node.name == FUNCTION for node in tree.body):
        return f"it defines no function {FUNCTION}"
    for node in ast.walk(tree):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if banned := [name for name in names if name.split(".")[0] in WITHOUT]:
            return f"it imports {banned[0]}"
    return "it holds the marks of a block" if "```" in task.program else ""


def _with_outputs(task: Task, answers: Sequence[CallResult]) -> Task | Invalid:
    outputs = []
    for answer in answers:
        if answer.ending is not Ending.value:
            return Invalid(f"The task is not valid, {answer.ending}: {answer.message}.")
        text = written(answer.value)
        try:
            if len(text) > MOST_OUTPUT or "```" in text or reading.literal(text) != answer.value:
                return Invalid("The task is not valid: what it returns cannot be shown.")
        except Unreadable:
            return Invalid("The task is not valid: what it returns is no literal.")
        outputs.append(text)
    return replace(task, outputs=tuple(outputs))
