"""Environments answer what a policy does: they are reset to a task, hold tools, and may give a reward at the end.

A world is an object of TRL's protocol (TRL docs, "GRPO Trainer", `environment_factory`): `reset(**row)` returns what is
added to the question, or None; every other public method is a tool, with types and a docstring that says its arguments;
`get_reward()`, where there is one, returns a number. So the `make` of a part is an `environment_factory`. How a text
calls a tool is said by the part, since not every model has a form of its own for it.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

from backend.registry import Part

ACTION = re.compile(r"\s*Action:\s*(\w+)\s*\[(.*)\]\s*", re.DOTALL)
OBSERVATION = "Observation:"
"""What the answer of an environment begins with. A policy that writes it itself is stopped there."""
NO_TOOLS = ("reset", "get_reward")


class ToolError(ValueError):
    """Why a tool cannot do what it is asked for; the policy reads it."""


class World(Protocol):
    """One task, from `reset` to its end."""

    def reset(self, **row: Any) -> str | None:
        """Begin a task anew; return what is said before the policy's first turn, or None. row: columns of the prompt:
        `prompt` (its messages), `answer` where it is known, and what its metadata says."""


class Environment(Part, kind="environment"):
    """Makes worlds, and reads what a policy's text does in one.

    The form of texts is that of ReAct (Yao et al. 2022, arXiv 2210.03629): a text whose last line is
    `Action: tool[argument]` calls that tool and is answered `Observation: ...`; any other text is the last one of the
    episode. Where an environment is to be acted in otherwise, it overrides `reply`.
    """

    def make(self) -> World:
        """Return a new world, before its first reset."""
        raise NotImplementedError

    @property
    def needs_documents(self) -> bool:
        """True for an environment that searches the documents of a round: see `with_documents`."""
        return False

    def with_documents(self, texts: Sequence[str]) -> Self:
        """Return this environment, given the texts of the round's documents."""
        return self

    def reply(self, world: World, text: str) -> str | None:
        """Return what the world answers to a text of the policy, or None where the text ends the episode."""
        last = text.rstrip().rpartition("\n")[2]
        called = ACTION.fullmatch(last)
        if called is None:
            return None
        name, known = called[1].lower(), tools(world)
        if name not in known:
            return f"{OBSERVATION} There is no tool {called[1]}. Tools: {', '.join(known)}."
        try:
            return f"{OBSERVATION} {known[name](called[2].strip())}"
        except ToolError as error:
            return f"{OBSERVATION} Error: {error}"


def task(metadata: Mapping[str, Any], prompt: Any, answer: str | None) -> dict[str, Any]:
    """What a world is reset to: `prompt`, `answer` where it is known, and the metadata whose names are not these."""
    known = {"prompt": prompt} | ({} if answer is None else {"answer": answer})
    return {name: value for name, value in metadata.items() if name != "self"} | known


def tools(world: World) -> dict[str, Callable[[str], Any]]:
    """The tools of a world by name: its public methods, found as TRL finds them."""
    members = inspect.getmembers(type(world), predicate=inspect.isfunction)
    return {name: getattr(world, name) for name, _ in members if name not in NO_TOOLS and not name.startswith("_")}


def instructions(world: World, example: str) -> str:
    """Return what tells a policy how to act: the tools of a world with their first line, and the form of a call."""
    lines = [f"- {name}: {(inspect.getdoc(tool) or '').partition(chr(10))[0]}" for name, tool in tools(world).items()]
    return (
        "You may use tools before you answer:\n" + "\n".join(lines) + "\n\nThink first. To use a tool, end with one "
        f"line such as\nAction: {example}\nand wait for the line that begins with {OBSERVATION} Once you know the "
        "answer, end with one line\nAnswer: the answer"
    )
