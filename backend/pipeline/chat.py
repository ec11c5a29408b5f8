"""`python -m backend.pipeline.chat CHECKPOINT`: a model that people chat with, in a process of its own.

Each line of its standard input is a request as JSON: `{"turn", "messages", "sampling"}`, or `{"stop": TURN}`. It writes
lines: `{"is_ready"}` once the model is loaded, `{"turn", "text"}` for each piece, and one with `is_over` at a turn's
end. Nothing is stored. It ends with its standard input, which the kernel closes however the web process dies.
"""

import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Generator
from queue import SimpleQueue
from typing import TextIO

from backend import log, private
from backend.boundary import clean
from backend.errors import RondoError
from backend.values import JSON, Completion, Sampling


class Requests:
    """What the web process sends, read from the start on, also while a model is loaded or writes."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[JSON] = SimpleQueue()
        self._stopped = 0
        threading.Thread(target=self._read, name="chat-requests", daemon=True).start()

    def next(self) -> JSON:
        """Wait for the next one; the process ends where none can come any more."""
        return self._asked.get()

    def is_stopped(self, turn: int) -> bool:
        """Whether nothing more is wanted of that turn."""
        return turn <= self._stopped

    def _read(self) -> None:
        try:
            for line in sys.stdin.buffer:
                asked = json.loads(line)
                if "stop" in asked:
                    self._stopped = asked["stop"]
                else:
                    self._asked.put(asked)
        finally:
            os.killpg(os.getpgrp(), signal.SIGKILL)


class Voice:
    """The standard output, for nothing but lines: what libraries print goes to standard error."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, **fields: object) -> None:
        self._out.write(json.dumps(fields) + "\n")
        self._out.flush()


def main() -> int:
    """Load the checkpoint's engine, then answer until the process is ended."""
    private.keep()
    requests, voice = Requests(), Voice()  # before slow imports: the process may be ended while it loads
    log.setup(logging.WARNING)
    from backend.pipeline import bind  # noqa: PLC0415 - as above

    checkpoint_id = int(sys.argv[1])
    try:
        with bind.engine_for(checkpoint_id) as engine:
            voice.say(is_ready=True)
            while True:
                asked = requests.next()
                turn = asked["turn"]
                try:
                    answer(voice, requests, turn, engine.stream(asked["messages"], Sampling(**asked["sampling"])))
                except RondoError as error:
                    voice.say(turn=turn, is_over=True, error=error.message)
                bind.keep_notes(checkpoint_id, engine.notes())  # now: the process is ended by being killed
    except RondoError as error:
        voice.say(error=error.message)
    except (MemoryError, RuntimeError) as error:  # torch's, of memory or of the GPU: nothing works after it
        traceback.print_exc()
        first = str(error).strip().partition("\n")[0][:500]
        voice.say(error=clean(f"The model cannot go on: {first or 'no memory is left'}. Choose a smaller one."))
    return 1


def answer(voice: Voice, requests: Requests, turn: int, stream: Generator[str | Completion]) -> None:
    """Say a turn's text piece by piece, and at its end how it ended."""
    for piece in stream:
        if requests.is_stopped(turn):
            break
        if isinstance(piece, str):
            voice.say(turn=turn, text=clean(piece))
        elif piece.failure is not None:
            voice.say(turn=turn, is_over=True, error=clean(piece.failure.reason))
            return
        else:
            voice.say(
                turn=turn, is_over=True, whole=clean(piece.text), finish=piece.finish_reason, tokens=piece.num_tokens
            )
            return
    stream.close()
    voice.say(turn=turn, is_over=True)


if __name__ == "__main__":
    sys.exit(main())
