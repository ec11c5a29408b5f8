"""Asking a server that may die while it is asked: what it answered is kept, and one deadly prompt fails alone."""

import logging
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from backend.engines._in_flight import RequestGivenUp
from backend.engines._server import Server
from backend.errors import EngineError, RondoError
from backend.values import Failure, FailureKind

T = TypeVar("T")
Answers = Mapping[int, T | Failure | EngineError]
"""Of those that were asked, by position; one that was given up has none."""
log = logging.getLogger("rondo.engines")

TOGETHER = 2
"""After so many deaths the rest is asked one by one."""
IN_A_ROW = 3
"""A server that dies of so many prompts one after the other dies of something else."""
TROUBLE = (FailureKind.server, FailureKind.error, FailureKind.timeout)
"""Failures after which the server is looked at."""


class Deaths:
    """Calls of several threads that ask one server: all at a time, and after a death one after the other.

    Of several calls under way nobody knows of whose prompt a server died. So each that had something under way is asked
    the rest of it alone, and further calls wait until these are over.
    """

    def __init__(self) -> None:
        self.has_answered = False
        self._starts = 0
        """How often the server was started again."""
        self._failure: Exception | None = None
        """Why it could not be, or is not any more: every call ends with it."""
        self._calls, self._is_dead_for_now = 0, False
        """How many are made, and whether these end since the server died of everything."""
        self._in_a_row = 0
        """Prompts that were left out since one was answered."""
        self._looking = threading.Lock()
        """Held by whoever looks whether the server is dead, or starts it again."""
        self._turn = threading.Lock()
        """Held by a call that asks alone."""
        self._changed = threading.Condition()
        self._under_way = self._waiting = 0
        """Calls that ask together with others, and those that ask alone or wait for their turn to."""

    def outlive(
        self,
        positions: Sequence[int],
        ask: Callable[[Sequence[int], bool], Answers[T]],
        server: Callable[[], Server],
        start_again: Callable[[], None],
    ) -> dict[int, T | Failure]:
        """Return what is answered at each position, or why nothing is.

        ask: given positions, and whether nobody else may ask the server meanwhile; then nothing is answered by one that
        was dead before. Raises `EngineError`, and what `start_again` does.
        """
        results: dict[int, T | Failure] = {}
        deaths = 0
        with self._call(), ExitStack() as turn:
            while left := [position for position in positions if position not in results]:
                by_itself = deaths >= TOGETHER
                asked = left[:1] if by_itself else left
                with self._among_others() if not deaths else self._known() as start:
                    answers = ask(asked, by_itself)
                    server().follow()
                good = {n: answer for n, answer in answers.items() if not _is_trouble(answer)}
                results |= {n: answer for n, answer in good.items() if not isinstance(answer, EngineError)}
                if good:
                    self._in_a_row, self.has_answered = 0, True
                if len(good) == len(asked):
                    continue
                errors = [answer for answer in answers.values() if isinstance(answer, EngineError)]
                if not self._has_died(start, server):
                    if errors or len(answers) < len(asked):
                        raise next(iter(errors), RequestGivenUp())
                    results |= {n: answer for n, answer in answers.items() if not isinstance(answer, EngineError)}
                    continue
                # One that was dead before this was asked died of what another job or engine asked.
                is_own = bool(answers) or not by_itself
                deaths += is_own
                if deaths == 1:
                    turn.enter_context(self._alone())
                if deaths > TOGETHER and is_own:
                    self._in_a_row += 1
                    reason = f"vLLM ended each time it was asked this, {deaths} times in all."
                    results[asked[0]] = Failure(FailureKind.server, reason)
                    if self._in_a_row >= IN_A_ROW or not (self.has_answered or left[1:]):
                        raise self._given_up(server(), deaths) from next(iter(errors), None)
                self._start_again(start, server, start_again)
        return results

    def _given_up(self, server: Server, deaths: int) -> EngineError:
        """Why the server is not started any more, for the calls of all threads."""
        tail = server.last_lines()
        server.follow()
        failure = EngineError(
            f"The vLLM server ended {deaths} times while it was asked.{tail}\nWhat it said before is in the job's log. "
            "Give it less at once (RONDO_VLLM_OPTIONS, such as --max-num-seqs 16), or launch the round with the engine "
            "transformers."
        )
        with self._looking:
            self._failure, self._is_dead_for_now = failure, True
        return failure

    @contextmanager
    def _call(self) -> Iterator[None]:
        """Once all calls have ended that a server kept dying of, a further one may start it again: a chat goes on."""
        with self._looking:
            self._calls += 1
        try:
            yield
        finally:
            with self._looking:
                self._calls -= 1
                if self._is_dead_for_now and not self._calls:
                    self._failure, self._is_dead_for_now, self._in_a_row = None, False, 0

    @contextmanager
    def _known(self) -> Iterator[int]:
        """How often the server was started again so far; raises why it could not be."""
        with self._looking:
            if self._failure is not None:
                raise self._failure
            start = self._starts
        yield start

    @contextmanager
    def _among_others(self) -> Iterator[int]:
        """As `_known`, once no call asks alone."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)
            self._under_way += 1
        try:
            with self._known() as start:
                yield start
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Once no other call is under way. Those that ask a dead server end soon."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self._under_way)
        try:
            with self._turn:
                yield
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()

    def _has_died(self, start: int, server: Callable[[], Server]) -> bool:
        """Whether the server that was asked is dead: perhaps somebody has started it again meanwhile."""
        with self._looking:
            if self._failure is not None:
                raise self._failure
            return start != self._starts or server().is_down()

    def _start_again(self, start: int, server: Callable[[], Server], start_again: Callable[[], None]) -> None:
        """Start it again, unless another call that it died of has."""
        with self._looking:
            if self._failure is not None:
                raise self._failure
            if start != self._starts:
                return
            server().follow()
            log.warning("The vLLM server ended while it was asked. It is started again.")
            try:
                start_again()
            except (RondoError, OSError, subprocess.SubprocessError) as error:
                self._failure = error
                raise
            self._starts += 1


def _is_trouble(answer: object) -> bool:
    return isinstance(answer, EngineError) or (isinstance(answer, Failure) and answer.kind in TROUBLE)
