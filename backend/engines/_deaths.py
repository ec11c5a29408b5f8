"""Asking a server that may die while it is asked: what it answered is kept, and one deadly prompt fails alone."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from backend.engines._server import Server
from backend.errors import EngineError
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


@dataclass
class Deaths:
    """What is remembered between calls of one stage."""

    has_answered: bool = False

    def outlive(
        self,
        positions: Sequence[int],
        ask: Callable[[Sequence[int]], Answers[T]],
        server: Callable[[], Server],
        start_again: Callable[[], None],
    ) -> dict[int, T | Failure]:
        """Return what is answered at each position, or why nothing is. Raises `EngineError`."""
        results: dict[int, T | Failure] = {}
        deaths = alone = 0
        while left := [position for position in positions if position not in results]:
            asked = left if deaths < TOGETHER else left[:1]
            answers = ask(asked)
            server().follow()
            good = {n: answer for n, answer in answers.items() if not _is_trouble(answer)}
            results |= {n: answer for n, answer in good.items() if not isinstance(answer, EngineError)}
            if good:
                alone, self.has_answered = 0, True
            if len(good) == len(asked):
                continue
            errors = [answer for answer in answers.values() if isinstance(answer, EngineError)]
            if not server().is_down():
                if errors:
                    raise errors[0]
                results |= {n: answer for n, answer in answers.items() if not isinstance(answer, EngineError)}
                continue
            deaths += 1
            tail = server().last_lines()
            server().follow()
            if deaths > TOGETHER:
                alone += 1
                reason = f"vLLM ended each time it was asked this, {deaths} times in all."
                results[asked[0]] = Failure(FailureKind.server, reason)
                if alone == IN_A_ROW or not (self.has_answered or left[1:]):
                    raise EngineError(
                        f"The vLLM server ended {deaths} times while it was asked.{tail}\nWhat it said before is in "
                        "the job's log. Give it less at once (RONDO_VLLM_OPTIONS, such as --max-num-seqs 16), or "
                        "launch the round with the engine transformers."
                    ) from next(iter(errors), None)
            log.warning("The vLLM server ended while it was asked. It is started again.")
            start_again()
        return results


def _is_trouble(answer: object) -> bool:
    return isinstance(answer, EngineError) or (isinstance(answer, Failure) and answer.kind in TROUBLE)
