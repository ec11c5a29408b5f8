"""Which batches of a stage this process does: all of them alone, or what it claims beside other workers."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from backend.db import session
from backend.jobs import fenced, helpers
from backend.pipeline.stage import StageContext
from backend.values import Stage

log = logging.getLogger("rondo.pipeline")

MANY = 8
"""So many batches are shared at once; of fewer it is first seen how long one takes."""
WORTH_SECONDS = 5.0
"""What is left has to take so long for a helper's start to be worth it."""
LOOK_SECONDS = 2.0
"""How often it is looked whether there are workers that could help."""
WAIT_SECONDS = 0.1
SHARED = (Stage.generate, Stage.judge)


@dataclass(frozen=True)
class Part:
    """One batch that this process does; holder: under whose name it was claimed, None where nobody else does any."""

    stage: StageContext
    number: int
    holder: int | None = None

    def written(self, units: int) -> StageContext:
        """The stage whose next transaction writes this batch, which brings the job forward by so much."""
        if self.holder is None:
            return self.stage
        return replace(self.stage, batch=helpers.Held(self.stage.job_id, self.number, self.holder, units))

    def settle(self, units: int) -> None:
        """Say that nothing of this batch is to be written."""
        if self.holder is not None:
            self.unless_lost(lambda: self._settle(units))()

    def unless_lost(self, write: Callable[[], None]) -> Callable[[], None]:
        """Write the batch unless it is another worker's by now."""

        def attempt() -> None:
            try:
                write()
            except helpers.BatchLost as lost:
                log.info("%s", lost.message)

        return attempt

    def _settle(self, units: int) -> None:
        with self.written(units).writing():
            pass


class Parts:
    """The batches that this process does, one after the other.

    The job's own process begins alone. Once other workers live and it is worth it, it writes down what is left, asks
    for helpers, and claims its batches like them; in the end it waits for theirs, and does those that come back.
    """

    def __init__(self, stage: StageContext, due: Sequence[int], *, may_share: bool, is_long: bool) -> None:
        """is_long: a batch takes long enough to share many at once, as where a model is asked."""
        self.stage, self.due, self.is_long = stage, due, is_long
        self.may_share = may_share and stage.stage in SHARED and not stage.kind and stage.home_id is None
        self.is_shared = stage.helper is not None
        self._seconds: float | None = None
        self._look_at = 0.0

    def __iter__(self) -> Iterator[Part]:
        if self.stage.helper is not None:
            yield from self._helped(self.stage.helper.id, self.stage.helper.first)
            return
        left = deque(self.due)
        while left:
            if self._share(left):
                yield from self._own()
                return
            began = time.monotonic()
            yield Part(self.stage, left.popleft())
            self._seconds = time.monotonic() - began

    def _share(self, left: deque[int]) -> bool:
        if not self._is_worth(len(left)) or time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + LOOK_SECONDS
        others = helpers.others(self.stage.job_id)
        if not others:
            return False
        with session() as db:
            job = fenced(db, self.stage.job_id, self.stage.attempt)
            helpers.share(db, job, left)
            helpers.ask(db, job, min(others, len(left) - 1))
        self.is_shared = True
        return True

    def _is_worth(self, left: int) -> bool:
        if not self.may_share or left < 2:
            return False
        return (self.is_long and left >= MANY) or (self._seconds is not None and left * self._seconds >= WORTH_SECONDS)

    def _own(self) -> Iterator[Part]:
        job_id, attempt = self.stage.job_id, self.stage.attempt
        while True:
            number = helpers.claim(job_id, attempt, helpers.OWN)
            now = helpers.standing(job_id, attempt)
            self.stage.progress.helped(now.done)
            if number is not None:
                self._ask(now)
                yield Part(self.stage, number, helpers.OWN)
            elif not now.free and not now.away:
                self.stage.progress.flush()  # raises `Cancelled` where it is the job that is over, not the stage
                return
            else:
                time.sleep(WAIT_SECONDS)

    def _ask(self, now: helpers.Standing) -> None:
        """Ask for more helpers where batches are free, and workers that do not help."""
        if not now.free or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        more = min(helpers.others(self.stage.job_id), now.free) - now.helpers
        if more > 0:
            with session() as db:
                helpers.ask(db, fenced(db, self.stage.job_id, self.stage.attempt), more)

    def _helped(self, holder: int, first: int) -> Iterator[Part]:
        job_id, attempt = self.stage.job_id, self.stage.attempt
        number: int | None = first
        while number is not None:
            yield Part(self.stage, number, holder)
            if helpers.is_wanted_elsewhere(job_id):
                return
            number = helpers.claim(job_id, attempt, holder)
