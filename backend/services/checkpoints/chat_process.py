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

from backend import lifeline
from backend.config import settings
from backend.jobs.child import PARENT_PIPE, describe_exit
from backend.jobs.logs import last_lines
from backend.jobs.process import child_environment
from backend.values import JSON, Messages

MODULE = "backend.pipeline.chat"
FOREVER = 3600.0
STOP_SECONDS = 3.0
"""A process that has not let go of a turn by then, as one that waits for a whole text, is ended."""


class ModelProcess:
    """Ends when it is told to, when it has had nothing to do for a while, and with this process, however that dies."""

    def __init__(
        self, checkpoint_id: int, hear: Callable[[JSON], None], over: Callable[["ModelProcess", str], None]
    ) -> None:
        """hear: gets what it says, in a thread. over: gets it and why it ended, nothing where it was ended."""
        self._hear, self._over = hear, over
        self._free = threading.Condition()
        self._turn: int | None = None
        self._used: float | None = None  # not idle before it was asked anything
        self._is_ended = False
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
            undone.pop_all()  # `_follow` closes it
        threading.Thread(target=self._follow, name="chat", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self._is_ended

    def ask(self, turn: int, messages: Messages, sampling: JSON) -> bool:
        """Have a turn answered, where it has nothing else to do; False where it is ended."""
        with self._free:
            if self._is_ended:
                return False
            self._turn = turn
            self._send({"turn": turn, "messages": messages, "sampling": sampling})
            return True

    def stop(self) -> None:
        """Return once it writes no more: it lets go of its turn, or is ended."""
        with self._free:
            turn = self._turn
            if turn is None:
                return
            self._send({"stop": turn})
            if self._free.wait_for(lambda: self._turn != turn, STOP_SECONDS):
                return
        self.end()

    def end(self) -> None:
        """End it, whatever it does."""
        with self._free:
            self._is_ended = True
            with suppress(OSError):
                self._process.kill()

    def _send(self, request: JSON) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # it has died: `_follow` says why
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        rest = b""
        with self._process.stdout as out, selectors.DefaultSelector() as readable:
            readable.register(out, selectors.EVENT_READ)
            while True:
                if not readable.select(self._seconds_left()):
                    self._end_if_idle()
                    continue
                content = os.read(out.fileno(), 2**16)
                if not content:
                    break
                *lines, rest = (rest + content).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
        with suppress(OSError):
            self._process.stdin.close()
        code = self._process.wait()
        with self._free:
            was_ended, self._is_ended, self._turn = self._is_ended, True, None
            self._free.notify_all()
        with self._said:
            why = "" if was_ended else f"The model's process {describe_exit(code)}{self._last_words()}"
        self._over(self, why)

    def _take(self, said: JSON) -> None:
        if said.get("is_over"):
            with self._free:
                if said.get("turn") == self._turn:
                    self._turn, self._used = None, time.monotonic()
                    self._free.notify_all()
        self._hear(said)

    def _seconds_left(self) -> float:
        with self._free:
            if self._used is None or self._turn is not None or self._is_ended:
                return FOREVER
            return max(0.0, self._used + settings().chat_idle_seconds - time.monotonic())

    def _end_if_idle(self) -> None:
        with self._free:
            if self._seconds_left() == 0:
                self.end()

    def _last_words(self) -> str:
        self._said.seek(0)
        return f" Its last lines:\n{last_lines(self._said.read().decode(errors='replace'))}"
