"""Rondo's environments inside TRL's GRPO: what TRL is given, and how it reads and writes the turns of an episode.

TRL (1.16, "GRPO Trainer", `environment_factory`) calls tools by messages with `tool_calls`, and needs a chat template
that writes these. Here a policy acts by what it writes (see `backend.environments`), whatever its template: a text that
acts is handed to TRL as a call of the one tool `act`, and what the environment answers is written as the user's turn.
"""

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backend.environments import ACTION, Environment, World, task
from backend.values import Message
from backend.values.episodes import ASSISTANT

if TYPE_CHECKING:
    from backend.trainers._inputs import Row

TOOL = "act"
AS_CHAT = (
    "{%- set tools = none -%}{%- set chat = namespace(messages=[]) -%}{%- for one in messages -%}"
    "{%- set chat.messages = chat.messages + [{'role': 'user', 'content': one.content} if one.role == 'tool' else ("
    "{'role': 'assistant', 'content': (one.content or '') ~ (one.tool_calls | tojson)} if one.tool_calls else one)] -%}"
    "{%- endfor -%}{%- set messages = chat.messages %}"
)
"""Stands before a chat template. In an episode texts that act keep their tokens; only TRL's checks write calls out."""


class Played:
    """One world at a time, as TRL's environment: `reset` begins a task, `act` is its tool."""

    def __init__(self, environment: Environment, rows: Mapping[int, "Row"]) -> None:
        self._environment, self._rows = environment, rows
        self._world: World = environment.make()
        self._begun: list[Message] = []

    def reset(self, *, row: int, **_: Any) -> str | None:
        """Begin the task of a row of the dataset; return what is said at the end of its prompt."""
        self._world, first_text = begin(self._environment, self._rows[row])
        self._begun = [] if first_text is None else [{"role": "user", "content": first_text}]
        return None if first_text is None else f"\n\n{first_text}"

    def act(self, text: str) -> str:
        """Does what a text of the policy asks for.

        Args:
            text: What the policy wrote.

        Returns:
            What the environment answers.
        """
        return self._environment.reply(self._world, text) or ""


def begin(environment: Environment, row: "Row") -> tuple[World, str | None]:
    """A world at the start of a row's task, and what it says before the policy's first turn."""
    answer, metadata = row.notes.get("answer"), row.notes.get("metadata") or {}
    world = environment.make()
    return world, world.reset(**task(metadata, row.columns["prompt"], answer))


def begun(played: Played) -> list[Message]:
    """What was said before the policy's first turn."""
    return played._begun


def reward_of(played: Played) -> float | None:
    """What the world gives at the end of the episode; None where it gives nothing."""
    reward = getattr(played._world, "get_reward", None)
    return None if reward is None else float(reward())


def acts(text: str) -> bool:
    """Whether a text calls a tool, so that the episode goes on."""
    return ACTION.fullmatch(text.rstrip().rpartition("\n")[2]) is not None


def reader(tokenizer: Any, ends: set[int]) -> Callable[..., dict[str, Any]]:
    """What reads a text of the policy for TRL; one that was cut off does not act. ends: the model's end tokens."""

    def parse_response(ids: Any, **_: Any) -> dict[str, Any]:
        text = tokenizer.decode(ids, skip_special_tokens=True)
        message: dict[str, Any] = {"role": ASSISTANT, "content": text}
        if len(ids) and int(ids[-1]) in ends and acts(text):
            message["tool_calls"] = [{"type": "function", "function": {"name": TOOL, "arguments": {"text": text}}}]
        return message

    return parse_response


def tokenizer_for(tokenizer: Any, ends: set[int]) -> Any:
    """A copy of the tokenizer for TRL's trainer; what is saved with the weights is the tokenizer itself."""
    own = copy.deepcopy(tokenizer)
    own.chat_template = AS_CHAT + own.chat_template
    own.response_template = {}  # TRL asks whether there is one
    own.parse_response = reader(tokenizer, ends)
    return own


def turns_of(messages: list[dict[str, Any]]) -> list[Message]:
    """The turns of an episode as TRL kept them: the policy's, and the environment's as the user's."""
    return [
        {"role": ASSISTANT if message["role"] == ASSISTANT else "user", "content": str(message["content"] or "")}
        for message in messages
    ]
