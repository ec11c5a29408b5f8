"""Chatting with checkpoints: pieces come, stop stops, and no process outlives the page or the web process."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.config import reread
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services.access import Actor
from backend.services.checkpoints import chat_process, chat_turns, chats
from backend.services.checkpoints.chat_turns import Chat, ChatTurn, ChatView, TurnState
from backend.values import Role, Sampling
from tests import chatting, rows
from tests.tiny import make_tiny_model
from tests.waiting import until

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]
PAGE = "page"
SAMPLING = Sampling(temperature=0.0, max_tokens=30, seed=1)
SLOW = {"name": "scripted", "replies": ["word " * 1000], "delay_seconds": 300.0}
"""Three words a second, where a thousand are asked for."""
REAL = chat_process.MODULE


@pytest.fixture(autouse=True)
def left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However slow the machine, a model is let go for what the test is about alone."""
    monkeypatch.setattr(chat_process, "MODULE", "tests.chat_stand_in")
    monkeypatch.setattr(chat_process, "STOP_SECONDS", 30.0)
    monkeypatch.setenv("RONDO_CHAT_IDLE_SECONDS", "3600")
    reread()
    yield
    chatting.leave_all()
    until(lambda: not chat_process.running(), "the end of the models' processes")


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch, left: None) -> None:
    monkeypatch.setattr(chat_process, "MODULE", REAL)


def is_running(pid: int) -> bool:
    """A process that nobody has waited for yet is over all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def chat_view(actor: Actor) -> ChatView:
    view = chats.look(actor, PAGE)
    assert view is not None
    return view


def last(actor: Actor, side: int = 0) -> ChatTurn:
    return chat_view(actor).sides[side].turns[-1]


def say(actor: Actor, ids: list[int], text: str, sampling: Sampling = SAMPLING, **more: Any) -> None:
    """Say something, and wait for the answers."""
    chats.send(actor, PAGE, ids, text, sampling, **more)
    until(lambda: not chat_view(actor).is_answering, "an answer")


def curator(**engine: Any) -> tuple[Actor, tables.Project, int]:
    project = rows.make_project()
    row = rows.make_checkpoint(project, "one", **({"engine": engine} if engine else {}))
    return rows.make_actor(project, Role.curator), project, row.id


def without_end(folder: Path) -> Path:
    """Let the model never end a text: the special tokens' logits are 0, and greedily some other is always higher."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"][AutoTokenizer.from_pretrained(folder).all_special_ids] = 0.0
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.large_library
@pytest.mark.usefixtures("real")
def test_a_real_model_answers_in_pieces_knows_what_was_said_and_stops(tmp_path: Path) -> None:
    folder = without_end(make_tiny_model(tmp_path / "tiny", context=100_000))
    actor, _, checkpoint = curator(name="transformers", model=str(folder))
    hears, lengths = Chat.hear, []

    def hear(chat: Any, side: Any, reply: Any) -> None:
        hears(chat, side, reply)
        lengths.append(len(side.turns[-1].answer) if side.turns else 0)

    Chat.hear = hear  # type: ignore[method-assign]
    try:
        say(actor, [checkpoint], "3 5 7 =26?")
    finally:
        Chat.hear = hears  # type: ignore[method-assign]
    first = last(actor)
    assert first.state is TurnState.done
    assert len(set(lengths)) > 5, "its text grew in pieces"
    assert lengths == sorted(lengths)
    [pid] = chatting.pids()

    chats.send(actor, PAGE, [checkpoint], "1 2 3 =6?", Sampling(temperature=0.0, max_tokens=8000, seed=1))
    until(lambda: last(actor).answer or not last(actor).state.is_open, "the first piece")
    chats.stop(actor, PAGE)
    stopped = last(actor)
    assert stopped.state is TurnState.stopped
    assert 0 < len(stopped.answer) < 8000
    say(actor, [checkpoint], "3 5 7 =26?")
    assert chatting.pids() == [pid], "the model stays loaded"
    assert (last(actor).state, last(actor).note) == (TurnState.done, "30 tokens, length")
    with reading() as db:
        assert db.query(tables.Job).count() == db.query(tables.Sample).count() == 0, "nothing is kept"
    chats.leave(actor.user_id, PAGE)
    until(lambda: not is_running(pid), "its end")
    assert chats.look(actor, PAGE) is None


@pytest.mark.usefixtures("real")
def test_one_that_cannot_be_loaded_says_why() -> None:
    actor, _, missing = curator(name="no_such_engine")
    say(actor, [missing], "x")
    assert last(actor).state is TurnState.failed
    assert "no_such_engine" in last(actor).note


def test_two_answer_side_by_side_each_after_its_own_words() -> None:
    actor, project, number = curator()
    two = rows.make_checkpoint(project, "two").id
    say(actor, [number], "first", system="sys")
    say(actor, [number, two], "second", system="sys")
    ours, theirs = chat_view(actor).sides
    assert (ours.checkpoint, ours.turns[-1].answer) == ("one", "sys | first | sys | first | second")
    assert (theirs.turns[-1].answer, theirs.turns[-1].note) == ("sys | second", "3 tokens, stop")
    say(actor, [number], "fail")
    assert (last(actor).state, last(actor).note) == (TurnState.failed, "it does not fit. Shorten it.")
    assert len(chat_view(actor).sides) == 1
    version = chat_view(actor).version
    assert chats.look(actor, PAGE, than=version) == ChatView(version, (), False), "nothing is sent twice"
    chats.clear(actor, PAGE)
    say(actor, [number], "again")
    assert [turn.answer for turn in chat_view(actor).sides[0].turns] == ["again"], "what was said is forgotten"


def test_a_model_that_was_stopped_amid_many_pieces_stays_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_turns, "LONGEST_ANSWER", 10**9)
    actor, _, checkpoint = curator()
    chats.send(actor, PAGE, [checkpoint], "flood", SAMPLING)
    [pid] = chatting.pids()
    for _ in range(3):
        until(lambda: last(actor).answer, "the first piece")
        stopping = threading.Thread(target=chats.stop, args=(actor, PAGE))
        stopping.start()
        until(lambda: last(actor).state is TurnState.stopped, "the stop")
        chats.send(actor, PAGE, [checkpoint], "flood", SAMPLING)
        stopping.join()
        assert chatting.pids() == [pid]
        assert "after" not in chat_view(actor).sides[0].turns[-2].answer


def test_a_model_is_let_go_when_nobody_writes_and_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_CHAT_IDLE_SECONDS", "0.01")
    reread()
    actor, _, checkpoint = curator()
    say(actor, [checkpoint], "x")
    until(lambda: not chatting.pids(), "letting go of an idle model")
    say(actor, [checkpoint], "y")
    assert [turn.answer for turn in chat_view(actor).sides[0].turns] == ["x", "x | x | y"]


def test_no_more_models_than_are_allowed_and_a_refusal_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_CHAT_MODELS", "1")
    reread()
    actor, project, checkpoint = curator()
    second = rows.make_checkpoint(project, "two").id
    chats.send(actor, PAGE, [checkpoint], "deaf", SAMPLING)
    with pytest.raises(Conflict, match="still being answered"):
        chats.send(actor, PAGE, [checkpoint], "x", SAMPLING)
    other = rows.make_actor(project, Role.curator)
    with pytest.raises(Conflict, match="1 model is being chatted with here, and at most 1"):
        chats.send(other, PAGE, [checkpoint], "x", SAMPLING)
    assert not chat_view(other).is_answering
    chats.leave(actor.user_id, PAGE)
    say(other, [checkpoint], "x")
    pids = chatting.pids()
    with pytest.raises(Conflict, match="at most 1"):
        chats.send(other, PAGE, [checkpoint, second], "y", SAMPLING)
    assert chatting.pids() == pids
    say(other, [second], "z")
    assert last(other).answer == "z"
    assert len(chat_process.running()) == 1, "one was gone before the other was loaded"
    monkeypatch.setenv("RONDO_CHAT_MODELS", "0")
    reread()
    with pytest.raises(Conflict, match="Nobody chats on this machine"):
        chats.send(actor, PAGE, [checkpoint], "x", SAMPLING)


def test_one_that_dies_or_says_nonsense_says_why() -> None:
    actor, _, checkpoint = curator()
    say(actor, [checkpoint], "die")
    assert "its last words" in last(actor).note
    say(actor, [checkpoint], "nonsense")
    assert "said what is no answer" in last(actor).note
    until(lambda: not chat_process.running(), "their end")


def test_one_that_does_not_let_go_is_ended_by_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_process, "STOP_SECONDS", 0.1)
    actor, _, checkpoint = curator()
    chats.send(actor, PAGE, [checkpoint], "deaf", SAMPLING)
    until(lambda: last(actor).answer, "its first word")
    chats.stop(actor, PAGE)
    until(lambda: not chat_process.running(), "its end")
    assert last(actor).state is TurnState.stopped


def test_nobody_waits_for_one_that_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_process, "STOP_SECONDS", 0.1)
    actor, _, checkpoint = curator()
    say(actor, [checkpoint], "x")
    [pid] = chatting.pids()
    os.kill(pid, signal.SIGSTOP)
    chats.send(actor, PAGE, [checkpoint], "ф" * 50_000, SAMPLING)
    chats.stop(actor, PAGE)
    until(lambda: not chat_process.running(), "its end")
    assert last(actor).state is TurnState.stopped
    until(lambda: all(thread.name != "chat-requests" for thread in threading.enumerate()), "the end of what sends")


@pytest.mark.parametrize(
    ("where", "name", "how", "note"),
    [
        (chat_process, "UNSEEN_SECONDS", "deaf", "Nobody looked"),
        (chat_process, "TURN_SECONDS", "endless", "took longer"),
        (chat_turns, "LONGEST_ANSWER", "flood", "was cut there"),
    ],
)
def test_no_answer_goes_on_for_ever(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, how: str, note: str
) -> None:
    monkeypatch.setattr(where, name, 1)
    actor, _, checkpoint = curator()
    chats.send(actor, PAGE, [checkpoint], how, SAMPLING)
    until(lambda: not chat_process.running(), "its end")
    assert note in last(actor).note
    assert last(actor).state is TurnState.failed


def test_nobody_touches_the_chat_of_another_and_who_signed_out_leaves_all_the_same() -> None:
    actor, project, checkpoint = curator()
    other = rows.make_actor(project, Role.curator)
    chats.send(actor, PAGE, [checkpoint], "deaf", SAMPLING)
    chats.stop(other, PAGE)
    chats.clear(other, PAGE)
    chats.leave(other.user_id, PAGE)
    chats.leave(None, "another page")
    assert chat_view(actor).is_answering
    chats.leave(None, PAGE)
    assert chats.look(actor, PAGE) is None
    until(lambda: not chat_process.running(), "its end")


def test_a_page_that_is_left_while_it_sends_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    actor, _, checkpoint = curator()
    monkeypatch.setattr(chats, "_make_room", lambda *_: chats.leave(actor.user_id, PAGE))
    with pytest.raises(Conflict, match="was left"):
        chats.send(actor, PAGE, [checkpoint], "x", SAMPLING)
    assert chat_process.running() == []


def test_one_thread_sweeps_however_often_pages_come_and_go() -> None:
    actor = rows.make_actor()
    for page in ("one", "two", "three"):
        chats._opened(actor, page)
        chats.leave(actor.user_id, page)
    assert sum(thread.name == "chats" for thread in threading.enumerate()) == 1


def test_a_model_that_is_let_go_while_a_message_is_sent_is_not_loaded_without_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor, _, checkpoint = curator()
    say(actor, [checkpoint], "x")

    def let_go(result: Any) -> Any:
        for process in chat_process.running():
            process.end()
        return result

    make_room, load = chats._make_room, chats._load
    monkeypatch.setattr(chats, "_make_room", lambda *given: let_go(make_room(*given)))
    with pytest.raises(Conflict, match="let go just now"):
        chats.send(actor, PAGE, [checkpoint], "y", SAMPLING)
    monkeypatch.setattr(chats, "_make_room", make_room)
    monkeypatch.setattr(chats, "_load", lambda *given: let_go(load(*given)))
    say(actor, [checkpoint], "z")
    assert [turn.question for turn in chat_view(actor).sides[0].turns] == ["x", "z"], "a refusal adds nothing"
    assert (last(actor).state, last(actor).note[:22]) == (TurnState.failed, "The model was let go. ")
    until(lambda: not chat_process.running(), "its end")


def test_one_that_cannot_be_heard_is_not_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    actor, _, checkpoint = curator()
    begun: list[subprocess.Popen[bytes]] = []
    popen, start = subprocess.Popen, threading.Thread.start

    def keep(*given: Any, **more: Any) -> subprocess.Popen[bytes]:
        begun.append(popen(*given, **more))
        return begun[-1]

    def start_few(thread: threading.Thread) -> None:
        if thread.name == "chat":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(subprocess, "Popen", keep)
    monkeypatch.setattr(threading.Thread, "start", start_few)
    with pytest.raises(RuntimeError, match="new thread"):
        chats.send(actor, PAGE, [checkpoint], "x", SAMPLING)
    assert [process.returncode for process in begun] == [-signal.SIGKILL]
    assert chat_process.running() == []
    assert not chat_view(actor).is_answering


def test_who_may_not_try_prompts_may_not_chat() -> None:
    _, project, checkpoint = curator()
    theirs = rows.make_checkpoint(rows.make_project()).id
    reviewer, owner = rows.make_actor(project, Role.reviewer), rows.make_actor(project)
    with pytest.raises(PermissionDenied):
        chats.send(reviewer, PAGE, [checkpoint], "x", SAMPLING)
    with pytest.raises(NotFound):
        chats.send(rows.make_actor(), PAGE, [checkpoint], "x", SAMPLING)
    with pytest.raises(NotFound):
        chats.send(owner, PAGE, [checkpoint, theirs], "x", SAMPLING)
    for ids, text, message in (
        ([], "x", "one or two"),
        ([checkpoint], " ", "empty"),
        ([checkpoint], "x" * 50_001, "50,000"),
    ):
        with pytest.raises(InvalidInput, match=message):
            chats.send(owner, PAGE, ids, text, SAMPLING)
    with session() as db:
        db.get_one(tables.Checkpoint, checkpoint).kind = "scorer"
    with pytest.raises(InvalidInput, match="scorer"):
        chats.send(owner, PAGE, [checkpoint], "x", SAMPLING)
    assert chatting.pids() == []


WEB = """
import sys, time
from backend.services.access import Actor
from backend.services.checkpoints import chat_process, chats
from backend.values import Sampling
actor = Actor(int(sys.argv[1]), "x")
chats.send(actor, "page", [int(sys.argv[2])], "x", Sampling(max_tokens=900))
while not chats.look(actor, "page").sides[0].turns[-1].answer:
    time.sleep(0.05)
assert "torch" not in sys.modules
print(*(process.pid for process in chat_process.running()), flush=True)
time.sleep(600)
"""


def test_no_process_outlives_the_web_process() -> None:
    actor, _, checkpoint = curator(**SLOW)
    command = [sys.executable, "-c", WEB, str(actor.user_id), str(checkpoint)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as web:
        try:
            assert web.stdout is not None
            pid = int(web.stdout.readline())
            assert is_running(pid)
        finally:
            web.kill()
    until(lambda: not is_running(pid), "the end of the model's process")


def test_what_is_kept_as_a_prompt_leaves_out_questions_without_an_answer() -> None:
    turns = [
        ChatTurn(1, "1+1?", state=TurnState.failed, system="short"),
        ChatTurn(2, "2+2?", "4", TurnState.done, system="short"),
        ChatTurn(3, "3+3?", "hal", TurnState.answering, system="short"),
        ChatTurn(4, "4+4?", state=TurnState.failed, system="short"),
    ]
    assert [(message["role"], message["content"]) for message in chats.asked_with(turns)] == [
        ("system", "short"),
        ("user", "2+2?"),
        ("assistant", "4"),
        ("user", "4+4?"),
    ]
