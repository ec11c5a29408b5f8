"""Chatting with one or two checkpoints: what is said is in memory alone, for as long as a page is open."""

import itertools
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack

from backend import boundary
from backend.config import settings
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services.access import Actor, require
from backend.services.checkpoints import chat_process
from backend.services.checkpoints.chat_process import ModelProcess
from backend.services.checkpoints.chat_turns import Chat, Side
from backend.services.checkpoints.chat_turns import ChatTurn as ChatTurn
from backend.services.checkpoints.chat_turns import ChatView as ChatView
from backend.services.checkpoints.chat_turns import TurnState as TurnState
from backend.services.checkpoints.chat_turns import asked_with as asked_with
from backend.services.checkpoints.trials import MAX_CHARACTERS, check_sampling
from backend.values import JSON, SCORER, Role, Sampling

MOST_TURNS = 200
FORGOTTEN_SECONDS = 3600.0
"""What was said on a page that never said it was left is forgotten after so long."""
SWEEP_SECONDS = 60.0
GONE_SECONDS = 10.0
"""So long a model that was let go may take to free its memory before another is loaded."""

_numbers = itertools.count(1)
_chats: dict[tuple[int, str], Chat] = {}
_lock = threading.Lock()
"""Of the list. Nothing is waited for while it is held."""
_swept = threading.Event()
"""Set while a thread sweeps the list; changed with `_lock` held."""
_starting = threading.Lock()
"""Of the number of processes."""


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
    with chat.sending:
        with chat.lock:
            _refuse(chat)
            kept = [side.process for side in chat.sides if side.checkpoint_id in names]
        for process in kept:
            if process is not None:
                process.stop()  # what it was stopped in
        with _starting:
            num_new = _make_room(chat, ids)
            with chat.lock:
                if chat.is_left:
                    raise Conflict("This page was left, and its chat with it. Send the message again.")
                known = {side.checkpoint_id: side for side in chat.sides}
                chat.sides = [known.get(id_) or Side(id_, names[id_]) for id_ in ids]
                new = _load(chat, num_new)
                number = next(_numbers)
                for side in chat.sides:
                    state = TurnState.loading if side in new else TurnState.answering
                    side.turns.append(ChatTurn(number, text, state=state, system=system))
                    if side.process is not None:  # where that ends just now, the turn fails as it does
                        side.process.ask(number, asked_with(side.turns), _knobs(sampling))
                chat.change()
                return chat.view()


def look(actor: Actor, page: str, *, than: int | None = None) -> ChatView | None:
    """The chat of the actor's page; None where nothing was said on it. Who does not look for long is taken to be gone.

    than: the version that was seen; where it is that still, only its state is returned, without what was said.
    """
    chat = _known(actor, page)
    if chat is None:
        return None
    chat.see()
    return chat.view(than)


def stop(actor: Actor, page: str) -> None:
    """Stop what is being answered: what there is of it stays, and counts as the answer."""
    chat = _known(actor, page)
    if chat is None:
        return
    with chat.lock:
        processes = []
        for side in chat.sides:
            if (turn := side.open_turn()) is not None:
                turn.state, turn.note = TurnState.stopped, "stopped"
                processes.append(side.process)
        chat.change()
    for process in processes:
        if process is not None:
            process.stop()


def clear(actor: Actor, page: str) -> None:
    """Forget what was said, and keep the models: the next message begins anew."""
    stop(actor, page)
    chat = _known(actor, page)
    if chat is not None:
        with chat.lock:
            for side in chat.sides:
                side.turns.clear()
            chat.change()


def leave(user_id: int | None, page: str) -> None:
    """Forget the chat of a page that is left, and let its models go.

    user_id: None for somebody whose session is over by now; the page's name, which is drawn by chance, is enough then.
    """
    with _lock:
        keys = [key for key in _chats if key[1] == page and user_id in (None, key[0])]
        left = [_chats.pop(key) for key in keys]
    for chat in left:
        chat.end()


def is_off() -> bool:
    """Whether nobody chats here."""
    return settings().chat_models == 0


def _known(actor: Actor, page: str) -> Chat | None:
    with _lock:
        return _chats.get((actor.user_id, page))


def _refuse(chat: Chat) -> None:
    """Raise `Conflict` where nothing more can be said now."""
    if chat.is_answering:
        raise Conflict("The last message is still being answered. Wait for it, or stop it.")
    if any(len(side.turns) >= MOST_TURNS for side in chat.sides):
        raise Conflict(f"A chat has {MOST_TURNS} messages at most. Clear it to begin anew.")


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


def _opened(actor: Actor, page: str) -> Chat:
    with _lock:
        if not _swept.is_set():
            threading.Thread(target=_sweep, name="chats", daemon=True).start()
            _swept.set()
        return _chats.setdefault((actor.user_id, page), Chat())


def _sweep() -> None:
    """Forget what nobody was said to have left, for as long as there is anything."""
    while True:
        time.sleep(SWEEP_SECONDS)
        with _lock:
            for key, chat in list(_chats.items()):
                if time.monotonic() - chat.used > FORGOTTEN_SECONDS and not any(side.is_loaded for side in chat.sides):
                    del _chats[key]
            if not _chats:
                _swept.clear()
                return


def _make_room(chat: Chat, ids: Sequence[int]) -> int:
    """Let models go that are not asked any more, and wait until their memory is free; return how many are to be loaded.

    Raises `Conflict`, and changes nothing, where those are too many.
    """
    with chat.lock:
        gone = [side for side in chat.sides if side.checkpoint_id not in ids]
        num_new = len(ids) - sum(side.is_loaded for side in chat.sides if side not in gone)
        going = {side.process for side in gone}
    if not num_new and not gone:
        return 0
    most = settings().chat_models
    now = sum(process.is_alive and process not in going for process in chat_process.running())
    if num_new and most == 0:
        raise Conflict("Nobody chats on this machine: RONDO_CHAT_MODELS is 0. Have it raised.")
    if num_new and now + num_new > most:
        raise Conflict(
            f"{now} {'model is' if now == 1 else 'models are'} being chatted with here, and at most {most} may be at "
            "once. Wait until somebody leaves their chat, or have RONDO_CHAT_MODELS raised."
        )
    with chat.lock:
        for side in gone:
            side.end()
    for process in chat_process.running() if num_new else ():
        if not process.is_alive:
            process.wait_gone(GONE_SECONDS)
    return num_new


def _load(chat: Chat, num_new: int) -> list[Side]:
    """Start a process for each side that has none, all of them or none, and return these; raises `Conflict` where they
    are more than room was made for."""
    wanted = [side for side in chat.sides if not side.is_loaded]
    if len(wanted) > num_new:
        raise Conflict("A model was let go just now. Send the message again.")
    with ExitStack() as undone:
        for side in wanted:
            side.process = _started(chat, side)
            undone.callback(side.end)
        undone.pop_all()
    return wanted


def _started(chat: Chat, side: Side) -> ModelProcess:
    return ModelProcess(
        side.checkpoint_id,
        lambda message: chat.hear(side, message),
        lambda process, why: chat.over(side, process, why),
    )


def _knobs(sampling: Sampling) -> JSON:
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
