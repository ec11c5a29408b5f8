"""What was said on one page, in memory: the turns of each side, and the process that answers it."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from backend.services.checkpoints.chat_process import ModelProcess
from backend.values import JSON, Message, Messages

LONGEST_ANSWER = 500_000
"""Characters. A server may write on after max_tokens."""


class TurnState(StrEnum):
    """How far an answer is."""

    loading = "loading"
    answering = "answering"
    done = "done"
    stopped = "stopped"
    failed = "failed"

    @property
    def is_open(self) -> bool:
        return self in (TurnState.loading, TurnState.answering)


@dataclass
class ChatTurn:
    """A message, and what one checkpoint answers to it and the system message. `note`: how it ended, or why there is no
    answer."""

    number: int
    question: str
    answer: str = ""
    state: TurnState = TurnState.loading
    note: str = ""
    system: str = ""


def asked_with(turns: Sequence[ChatTurn]) -> Messages:
    """The last question, after all that was said before: turns without an answer are left out."""
    *before, last = turns
    conversation: Messages = [Message(role="system", content=last.system)] if last.system.strip() else []
    for turn in before:
        if turn.answer and not turn.state.is_open:
            conversation += [
                Message(role="user", content=turn.question),
                Message(role="assistant", content=turn.answer),
            ]
    return [*conversation, Message(role="user", content=last.question)]


@dataclass(frozen=True)
class ChatSide:
    """One checkpoint and its own conversation, as it is now."""

    checkpoint_id: int
    checkpoint: str
    turns: tuple[ChatTurn, ...]


@dataclass(frozen=True)
class ChatView:
    """A chat as it is now. `version` is another one whenever anything in it is."""

    version: int
    sides: tuple[ChatSide, ...]
    is_answering: bool


@dataclass(eq=False)
class Side:
    """One checkpoint, what it was told and said, and its process while it has one."""

    checkpoint_id: int
    checkpoint: str
    turns: list[ChatTurn] = field(default_factory=list)
    process: ModelProcess | None = None

    @property
    def is_loaded(self) -> bool:
        return self.process is not None and self.process.is_alive

    def open_turn(self, number: int | None = None) -> ChatTurn | None:
        """The turn that is being answered; None where it is not that one."""
        turn = self.turns[-1] if self.turns else None
        return turn if turn is not None and turn.state.is_open and number in (None, turn.number) else None

    def end(self) -> ModelProcess | None:
        """Let its model go; return the process that ends."""
        process, self.process = self.process, None
        if process is not None:
            process.end()
        return process


_versions = itertools.count(1)


class Chat:
    """Of one page that somebody has open."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Of what was said. Processes are never waited for while it is held: what they say waits for it."""
        self.sending = threading.Lock()
        """One message is sent at a time; taken before `lock`."""
        self.sides: list[Side] = []
        self.is_left = False
        self.used = time.monotonic()
        self.version = next(_versions)

    def view(self, than: int | None = None) -> ChatView:
        """The chat's current state, without its messages where its version is `than`."""
        with self.lock:
            sides = () if self.version == than else self.sides
            copied = tuple(
                ChatSide(side.checkpoint_id, side.checkpoint, tuple(ChatTurn(**vars(turn)) for turn in side.turns))
                for side in sides
            )
            return ChatView(self.version, copied, self.is_answering)

    @property
    def is_answering(self) -> bool:
        return any(side.open_turn() is not None for side in self.sides)

    def change(self) -> None:
        self.version, self.used = next(_versions), time.monotonic()

    def see(self) -> None:
        """Its page is open still."""
        with self.lock:
            processes = [side.process for side in self.sides]
        for process in processes:
            if process is not None:
                process.see()

    def hear(self, side: Side, message: JSON) -> None:
        """Take what the process of a side says; of a turn that is over nothing more is taken."""
        with self.lock:
            turn = side.open_turn(message.get("turn"))
            if turn is None:
                return
            if "error" in message:
                turn.state, turn.note = TurnState.failed, message["error"]
            elif "whole" in message:
                turn.state, turn.answer = TurnState.done, message["whole"]
                turn.note = f"{message['tokens']} tokens, {message['finish']}"
            elif message.get("is_over"):
                turn.state, turn.note = TurnState.stopped, "stopped"
            else:
                turn.state = TurnState.answering
                turn.answer += message.get("text", "")
            if len(turn.answer) > LONGEST_ANSWER:
                turn.answer, turn.state = turn.answer[:LONGEST_ANSWER], TurnState.failed
                turn.note = f"The answer is longer than {LONGEST_ANSWER:,} characters, and was cut there."
                side.end()
            self.change()

    def over(self, side: Side, process: ModelProcess, why: str) -> None:
        """Its process has ended."""
        with self.lock:
            if side.process is not process:
                return
            side.process = None
            turn = side.open_turn()
            if turn is not None:
                turn.state, turn.note = TurnState.failed, why or "The model was let go. Send the message again."
                self.change()

    def end(self) -> list[ModelProcess]:
        """Forget it, and let its models go, for good; return the processes that end."""
        with self.lock:
            self.is_left = True
            ended = [process for side in self.sides if (process := side.end()) is not None]
            self.sides = []
            return ended
