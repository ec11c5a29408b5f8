"""What a model is asked about programs: to propose a task unlike those before, and to solve one."""

from collections.abc import Sequence

from backend.code_tasks import Kind, Task
from backend.values import Messages

RULES = """The function is called f and takes at least one argument. It returns the same for the same input in every
run: no randomness, no time, no files, no printing. Inputs are Python literals, written as the arguments of a call
without its brackets."""
PROPOSE = {
    "deduction": f"""Write a new task. It is a Python function and an input. A solver is shown both and has to say what
the function returns, without running it. {RULES}

The task should take several steps of thought, and ask for something else than all tasks below. Reply with a block that
is marked python and holds the function, then a block that is marked input.""",
    "abduction": f"""Write a new task. It is a Python function and an input. A solver is shown the function and what it
returns, and has to find an input that leads to it, without running anything. {RULES}

The task should take several steps of thought, and ask for something else than all tasks below. Reply with a block that
is marked python and holds the function, then a block that is marked input.""",
    "induction": """Write {n} different inputs for the function above, as many kinds of them as you can. A solver is
shown half of them with what the function returns, and has to write a function that does the same to the others. Inputs
are Python literals, written as the arguments of a call without its brackets. Choose others than those below.

Reply with {n} blocks that are marked input, and a block that is marked message with a hint at what the function does,
which does not give the code away.""",
}
SOLVE = {
    "deduction": """Say what this function returns for this input. Think it through step by step, then end with a block
that is marked output and holds the value as a Python literal.""",
    "abduction": """Find an input for which this function returns this output. Think it through step by step, then end
with a block that is marked input and holds the arguments of the call, without its brackets. Any input that leads to the
output is right.""",
    "induction": """Write a Python function f that does what these pairs of input and output show. Think it through step
by step, then end with a block that is marked python and holds the function. It is tried on further inputs.""",
}


def proposal(
    kind: Kind, references: Sequence[Task], *, program: str = "", inputs: int = 10, number: int = 1, of: int = 1
) -> Messages:
    """The question for a new task of a kind. program: the function that inputs are wanted for, of an induction.

    number, of: which one of the questions it is; engines answer equal questions with equal texts.
    """
    given = f"{_block('python', program)}\n\n" if kind == "induction" else ""
    shown = "\n\n".join(f"Task {number}:\n{_example(kind, task)}" for number, task in enumerate(references, start=1))
    text = f"Kind of task: {kind}\n{given}{PROPOSE[kind].replace('{n}', str(inputs))}\n\n{shown}"
    last = f"This is request {number} of {of}. The others ask for the same, so choose what few would think of."
    return [{"role": "user", "content": f"{text.strip()}\n\n{last}"}]


def solving(task: Task) -> Messages:
    """The question that a solver is asked; it shows what is not asked for."""
    parts = [SOLVE[task.kind]]
    if task.kind == "induction":
        parts.append(f"Hint: {task.message}")
        for given, returned in list(zip(task.inputs, task.outputs, strict=True))[: task.shown]:
            parts.append(f"{_block('input', given)}\n{_block('output', returned)}")
    else:
        given = _block("input", task.inputs[0]) if task.kind == "deduction" else _block("output", task.outputs[0])
        parts += [_block("python", task.program), given]
    return [{"role": "user", "content": "\n\n".join(parts)}]


def _example(kind: Kind, task: Task) -> str:
    """A task as a reply that proposes one."""
    inputs = "\n".join(_block("input", value) for value in task.inputs)
    if kind == "induction":
        return f"{inputs}\n{_block('message', task.message)}" if task.message else inputs
    return f"{_block('python', task.program)}\n{inputs}"


def _block(name: str, text: str) -> str:
    return f"```{name}\n{text}\n```"
