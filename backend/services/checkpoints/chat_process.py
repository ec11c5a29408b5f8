"""The process of a model that people chat with, as the web process sees it: started, asked, ended."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from queue import SimpleQueue

from backend import lifeline
from backend.config import settings
from backend.jobs.child import PARENT_PIPE, describe_exit
from backend.jobs.logs import last_lines
from backend.jobs.process import child_environment
from backend.values import JSON, Messages

MODULE = "backend.pipeline.chat"
LOOK_SECONDS = 60.0
"""How often a process that has had no turn yet, or was ended, is checked."""
STOP_SECONDS = 3.0
"""A process that has not let go of a turn by then, as one that waits for a whole text, is ended."""
TURN_SECONDS = 1800.0
"""What loading the model and one answer may take together."""
UNSEEN_SECONDS = 180.0
"""A page looks twice a second while an answer is on its way; a browser lets a hidden one look once a minute."""


class ModelProcess:
    """Ends when it is told to, when it has had nothing to do for a while, when an answer takes too long or nobody looks
    at it any more, and with this process, however that dies."""

    def __init__(
        self, checkpoint_id: int, hear: Callable[[JSON], None], over: Callable[["ModelProcess", str], None]
    ) -> None:
        """hear: gets what it says, in a thread. over: gets it and why it ended, nothing where it was ended."""
        self._hear, self._over = hear, over
        self._free = threading.Condition()
        self._turn: int | None = None
        self._used: float | None = None  # not idle before it was asked anything
        self._asked = self._seen = time.monotonic()
        self._is_ended, self._why = False, ""
        self._gone = threading.Event()
        self._requests: SimpleQueue[JSON | None] = SimpleQueue()
        environment = child_environment()
        del environment[PARENT_PIPE]  # its standard input brings requests
        with ExitStack() as undone:
            self._said = undone.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(checkpoint_id)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=environment,
                pass_fds=[lifeline.pipe()],
                start_new_session=True,
            )
            undone.enter_context(self._process)
            undone.callback(self._process.kill)
            threading.Thread(target=self._write, name="chat-requests", daemon=True).start()
            undone.callback(self._requests.put, None)
            with _lock:
                threading.Thread(target=self._follow, name="chat", daemon=True).start()
                _running.add(self)
            undone.pop_all()  # `_follow` ends and closes all of it

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self._is_ended

    def ask(self, turn: int, messages: Messages, sampling: JSON) -> None:
        """Have a turn answered, where it has nothing else to do; where it is ended, `over` is called of it."""
        with self._free:
            if self._is_ended:
                return
            self._turn = turn
            self._asked = self._seen = time.monotonic()
            self._requests.put({"turn": turn, "messages": messages, "sampling": sampling})

    def see(self) -> None:
        """Somebody looks at what it writes."""
        self._seen = time.monotonic()

    def stop(self) -> None:
        """Return once it writes no more: it lets go of its turn, or is ended.

        Whoever calls must hold nothing that `hear` waits for: what is on its way is heard first.
        """
        with self._free:
            turn = self._turn
            if turn is None:
                return
            self._requests.put({"stop": turn})
            if self._free.wait_for(lambda: self._turn != turn, STOP_SECONDS):
                return
        self.end()

    def end(self, why: str = "") -> None:
        """End it, whatever it does. why: what is told of it."""
        with self._free:
            if not self._is_ended:
                self._is_ended, self._why = True, why
            with suppress(OSError):
                self._process.kill()

    def wait_gone(self, seconds: float) -> bool:
        """Wait until its memory is free, where it was ended; False where it takes longer."""
        return self._gone.wait(seconds)

    def _write(self) -> None:
        """Send requests, in a thread: what it has not read yet may fill the pipe, and whoever asks is not to wait."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError), self._process.stdin as requests:  # it has died: `_follow` says why
            while (request := self._requests.get()) is not None:
                requests.write(json.dumps(request).encode() + b"\n")
                requests.flush()

    def _follow(self) -> None:
        """Read what it writes until it ends. On any error here it is ended, since nobody would read it any more."""
        try:
            self._read()
        except (ValueError, LookupError, TypeError) as error:
            self.end(f"The model's process said what is no answer ({type(error).__name__}). Send the message again.")
        finally:
            with suppress(OSError):
                self._process.kill()
            self._requests.put(None)
            code = self._process.wait()
            with self._free:
                was_ended, self._is_ended, self._turn = self._is_ended, True, None
                self._free.notify_all()
            try:
                with self._said:
                    why = self._why if was_ended else f"The model's process {describe_exit(code)}{self._last_words()}"
                self._over(self, why)
            finally:  # set last, so that a caller who waits for the end finds the reason
                with _lock:
                    _running.discard(self)
                self._gone.set()

    def _read(self) -> None:
        assert self._process.stdout is not None
        rest = b""
        with self._process.stdout as out, selectors.DefaultSelector() as readable:
            readable.register(out, selectors.EVENT_READ)
            while True:
                is_heard = bool(readable.select(self._seconds_left()))
                self._end_if_over()
                if not is_heard:
                    continue
                content = os.read(out.fileno(), 2**16)
                if not content:
                    return
                *lines, rest = (rest + content).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))

    def _take(self, message: JSON) -> None:
        if message.get("is_over"):
            with self._free:
                if message.get("turn") == self._turn:
                    self._turn, self._used = None, time.monotonic()
                    self._free.notify_all()
        self._hear(message)

    def _seconds_left(self) -> float:
        with self._free:
            if self._is_ended:
                return LOOK_SECONDS
            if self._turn is not None:
                until = min(self._asked + TURN_SECONDS, self._seen + UNSEEN_SECONDS)
            elif self._used is not None:
                until = self._used + settings().chat_idle_seconds
            else:
                return LOOK_SECONDS
            return max(0.0, until - time.monotonic())

    def _end_if_over(self) -> None:
        with self._free:
            if self._seconds_left() > 0:
                return
            if self._turn is None:
                self.end()
            elif time.monotonic() >= self._asked + TURN_SECONDS:
                self.end(f"The answer took longer than {TURN_SECONDS / 60:g} minutes. Ask for fewer tokens.")
            else:
                self.end("Nobody looked at this page for a while, so the model was let go. Send the message again.")

    def _last_words(self) -> str:
        self._said.seek(0)
        return f" Its last lines:\n{last_lines(self._said.read().decode(errors='replace'))}"


_running: set[ModelProcess] = set()
_lock = threading.Lock()


def running() -> list[ModelProcess]:
    """All that hold memory still, also those that were ended a moment ago."""
    with _lock:
        return list(_running)
