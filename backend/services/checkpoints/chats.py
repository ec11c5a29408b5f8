"""Chatting with one or two checkpoints: what is said is in memory alone, for as long as a page is open."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from backend import boundary
from backend.config import settings
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services.access import Actor, require
from backend.services.checkpoints.chat_process import ModelProcess
from backend.services.checkpoints.trials import MAX_CHARACTERS, check_sampling
from backend.values import JSON, SCORER, Message, Messages, Role, Sampling

MOST_TURNS = 200
FORGOTTEN_SECONDS = 3600.0
"""What was said on a page that never said it was left is forgotten after so long."""


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
class Turn:
    """A message, and what one checkpoint answers. `note`: how it ended, or why there is no answer."""

    number: int
    question: str
    answer: str = ""
    state: TurnState = TurnState.loading
    note: str = ""


@dataclass(frozen=True)
class ChatSide:
    """One checkpoint and its own conversation, as it is now."""

    checkpoint_id: int
    checkpoint: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class ChatView:
    """A chat as it is now. `version` is another one whenever anything in it is."""

    version: int
    sides: tuple[ChatSide, ...]
    is_answering: bool


@dataclass(eq=False)
class _Side:
    checkpoint_id: int
    checkpoint: str
    turns: list[Turn] = field(default_factory=list)
    process: ModelProcess | None = None

    @property
    def is_loaded(self) -> bool:
        return self.process is not None and self.process.is_alive

    def messages(self, system: str) -> Messages:
        """All that was said, turns without an answer left out but for the last, which is to be answered."""
        said: Messages = [Message(role="system", content=system)] if system.strip() else []
        for turn in self.turns:
            said.append(Message(role="user", content=turn.question))
            if turn.answer and not turn.state.is_open:
                said.append(Message(role="assistant", content=turn.answer))
            elif not turn.state.is_open:
                said.pop()
        return said

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.end()


_versions, _numbers = itertools.count(1), itertools.count(1)


class _Chat:
    """Of one page that somebody has open."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.sides: list[_Side] = []
        self.used = time.monotonic()
        self.version = next(_versions)

    def view(self) -> ChatView:
        with self.lock:
            sides = tuple(
                ChatSide(side.checkpoint_id, side.checkpoint, tuple(Turn(**vars(turn)) for turn in side.turns))
                for side in self.sides
            )
            return ChatView(self.version, sides, self.is_answering)

    @property
    def is_answering(self) -> bool:
        return any(turn.state.is_open for side in self.sides for turn in side.turns)

    def change(self) -> None:
        self.version, self.used = next(_versions), time.monotonic()

    def hear(self, side: _Side, said: JSON) -> None:
        """Take what the process of a side says; of a turn that is over nothing more is taken."""
        with self.lock:
            turn = _open_turn(side, said.get("turn"))
            if turn is None:
                return
            if "error" in said:
                turn.state, turn.note = TurnState.failed, said["error"]
            elif "whole" in said:
                turn.state, turn.answer = TurnState.done, said["whole"]
                turn.note = f"{said['tokens']} tokens, {said['finish']}"
            else:
                turn.state = TurnState.answering
                turn.answer += said.get("text", "")
            self.change()

    def over(self, side: _Side, process: ModelProcess, why: str) -> None:
        """Its process has ended."""
        with self.lock:
            if side.process is not process:
                return
            side.process = None
            turn = _open_turn(side, None)
            if turn is not None:
                turn.state, turn.note = TurnState.failed, why or "The model was let go. Send the message again."
                self.change()


def _open_turn(side: _Side, number: int | None) -> Turn | None:
    """The turn that is being answered; None where it is not that one."""
    turn = side.turns[-1] if side.turns else None
    return turn if turn is not None and turn.state.is_open and number in (None, turn.number) else None


_chats: dict[tuple[int, str], _Chat] = {}
_lock = threading.RLock()
"""Of the list, and of the number of processes."""


def send(
    actor: Actor, page: str, checkpoint_ids: Sequence[int], text: str, sampling: Sampling, *, system: str = ""
) -> ChatView:
    """Have one or two checkpoints of a project answer a message, each after what it was told before on this page.

    page: names the actor's open page. A checkpoint that was not asked before begins anew, and one that is not asked any
    more is let go. Raises `Conflict` while an answer is on its way, and where too many models are loaded.
    """
    ids = list(dict.fromkeys(checkpoint_ids))
    if not 1 <= len(ids) <= 2:
        raise InvalidInput("Choose one or two checkpoints to chat with.")
    if not text.strip():
        raise InvalidInput("The message is empty. Write what to say.")
    boundary.text(text, "The message", MAX_CHARACTERS)
    boundary.text(system, "The system message", MAX_CHARACTERS)
    check_sampling(sampling)
    names = _names(actor, ids)
    chat = _opened(actor, page)
    with chat.lock:
        if chat.is_answering:
            raise Conflict("The last message is still being answered. Wait for it, or stop it.")
        if any(len(side.turns) >= MOST_TURNS for side in chat.sides):
            raise Conflict(f"A chat has {MOST_TURNS} messages at most. Clear it to begin anew.")
        known = {side.checkpoint_id: side for side in chat.sides}
        for side in chat.sides:
            if side.checkpoint_id not in names:
                side.end()
            elif side.process is not None:
                side.process.stop()  # what it was stopped in
        chat.sides = [known.get(id_) or _Side(id_, names[id_]) for id_ in ids]
        new = _load(chat)
        number = next(_numbers)
        for side in chat.sides:
            side.turns.append(Turn(number, text, state=TurnState.loading if side in new else TurnState.answering))
            _ask(chat, side, number, side.messages(system), _knobs(sampling))
        chat.change()
        return chat.view()


def look(actor: Actor, page: str) -> ChatView | None:
    """The chat of the actor's page; None where nothing was said on it."""
    with _lock:
        chat = _chats.get((actor.user_id, page))
    if chat is None:
        return None
    return chat.view()


def stop(actor: Actor, page: str) -> None:
    """Stop what is being answered: what there is of it stays, and counts as the answer."""
    with _lock:
        chat = _chats.get((actor.user_id, page))
    if chat is None:
        return
    with chat.lock:
        processes = []
        for side in chat.sides:
            if (turn := _open_turn(side, None)) is not None:
                turn.state, turn.note = TurnState.stopped, "stopped"
                processes.append(side.process)
        chat.change()
    for process in processes:
        if process is not None:
            process.stop()


def clear(actor: Actor, page: str) -> None:
    """Forget what was said, and keep the models: the next message begins anew."""
    stop(actor, page)
    with _lock:
        chat = _chats.get((actor.user_id, page))
    if chat is not None:
        with chat.lock:
            for side in chat.sides:
                side.turns.clear()
            chat.change()


def leave(user_id: int, page: str) -> None:
    """Forget the chat of a page that is left, and let its models go."""
    with _lock:
        chat = _chats.pop((user_id, page), None)
    if chat is not None:
        _end(chat)


def leave_all() -> None:
    """Forget all chats of this process."""
    with _lock:
        chats = list(_chats.values())
        _chats.clear()
    for chat in chats:
        _end(chat)


def pids() -> list[int]:
    """The processes of all models that are chatted with here."""
    with _lock:
        return [side.process.pid for chat in _chats.values() for side in chat.sides if side.process and side.is_loaded]


def _end(chat: _Chat) -> None:
    with chat.lock:
        for side in chat.sides:
            side.end()
        chat.sides = []


def _names(actor: Actor, ids: Sequence[int]) -> dict[int, str]:
    """The checkpoints' names; raises where the actor may not try them, or where they write no text."""
    names = {}
    project_id = None
    with reading() as db:
        for id_ in ids:
            row = db.get(tables.Checkpoint, id_)
            if row is None or project_id not in (None, row.project_id):
                raise NotFound(f"There is no checkpoint {id_} in this project. Choose one from the list.")
            require(db, actor, row.project_id, Role.curator)
            if row.kind == SCORER:
                raise InvalidInput(f"{row.name} is a scorer, which writes no text. Choose a language model.")
            project_id, names[id_] = row.project_id, row.name
    return names


def _opened(actor: Actor, page: str) -> _Chat:
    with _lock:
        now = time.monotonic()
        for key, chat in list(_chats.items()):
            if now - chat.used > FORGOTTEN_SECONDS and not any(side.is_loaded for side in chat.sides):
                del _chats[key]
        return _chats.setdefault((actor.user_id, page), _Chat())


def _load(chat: _Chat) -> list[_Side]:
    """Start a process for each side that has none, and return these; raises `Conflict` where that is too many."""
    wanted = [side for side in chat.sides if not side.is_loaded]
    with _lock:
        most, now = settings().chat_models, len(pids())
        if wanted and now + len(wanted) > most:
            raise Conflict(
                f"{now} models are being chatted with here, and at most {most} may be at once. Wait until somebody "
                "leaves their chat, or have RONDO_CHAT_MODELS raised."
            )
        for side in wanted:
            side.process = _started(chat, side)
    return wanted


def _started(chat: _Chat, side: _Side) -> ModelProcess:
    return ModelProcess(
        side.checkpoint_id,
        lambda said: chat.hear(side, said),
        lambda process, why: chat.over(side, process, why),
    )


def _ask(chat: _Chat, side: _Side, number: int, messages: Messages, sampling: JSON) -> None:
    """Also where the model was let go a moment ago."""
    if side.process is None or not side.process.ask(number, messages, sampling):
        side.process = _started(chat, side)
        side.process.ask(number, messages, sampling)


def _knobs(sampling: Sampling) -> JSON:
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
