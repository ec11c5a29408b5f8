"""Which batches of a stage this process does: all of them alone, or what it claims beside other workers."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from backend.db import session
from backend.jobs import fenced, helping, orders
from backend.pipeline.stage import StageContext
from backend.values import Stage

log = logging.getLogger("rondo.pipeline")

SHARED_FROM_SECONDS = 5.0
"""What is left has to take so long for a helper's start to be worth it."""
LOOK_SECONDS = 2.0
"""How often it is looked whether there are workers that could help."""
LONG_SECONDS = 30.0
"""How often it is looked at most, each time that helpers were asked for."""
MOST_IN_VAIN = 24
"""After so many helpers of an attempt that did nothing none is asked for any more."""
WAIT_SECONDS = 0.1
MOST_WAIT_SECONDS = 1.0
HELD_SECONDS = 60.0
HELD_TIMES = 5.0
"""Where nothing else is left, a batch that a helper holds for so long, and so many times as long as one takes, is taken
from it."""
SHARED = (Stage.generate, Stage.judge)


@dataclass(frozen=True)
class SharedBatch:
    """One batch that this process does; holder: under whose name it was claimed, None where nobody else does any."""

    stage: StageContext
    number: int
    holder: int | None = None

    def written(self, units: int) -> StageContext:
        """The stage whose next transaction writes this batch, which brings the job forward by so much."""
        if self.holder is None:
            return self.stage
        return replace(self.stage, batch=helping.HeldBatch(self.stage.job_id, self.number, self.holder, units))

    def settle(self, units: int) -> None:
        """Say that nothing of this batch is to be written."""
        if self.holder is not None:
            self.unless_lost(lambda: self._settle(units))()

    def unless_lost(self, write: Callable[[], None]) -> Callable[[], None]:
        """Write the batch unless it is another worker's by now.

        A helper that lost one has lost all, since it was given up: `BatchLost` ends it.
        """

        def attempt() -> None:
            try:
                write()
            except helping.BatchLost as lost:
                if self.stage.helper is not None:
                    raise
                log.info("%s", lost.message)

        return attempt

    def _settle(self, units: int) -> None:
        with self.written(units).writing():
            pass


class Parts:
    """The batches that this process does, one after the other.

    The job's own process begins alone. Once other workers are idle and it is worth it, it writes down what is left,
    asks for helpers, and claims its batches like them; in the end it waits for theirs, and does those that come back.
    """

    def __init__(
        self, stage: StageContext, due: Sequence[int], *, may_share: bool, is_served: Callable[[], bool]
    ) -> None:
        """is_served: whether this process has made anything yet.

        Before, nothing is shared: it tells by its own batches alone whether a server is bad.
        """
        self.stage, self.due, self.is_served = stage, due, is_served
        self.may_share = may_share and stage.stage in SHARED and not stage.kind and stage.home_id is None
        self.may_overlap = False
        """Whether the next batch may be begun before the one before it is `finished`."""
        self._seconds = self._longest = 0.0
        """What one batch takes while this process is alone, and the longest, whole."""
        self._begun: dict[int, float] = {}
        self._first_began, self._num_alone = 0.0, 0
        self._finished_at = 0.0
        self._is_shared = stage.helper is not None
        self._look_at, self._look_seconds = 0.0, LOOK_SECONDS
        self._seen: dict[tuple[int, int], float] = {}
        """Since when helpers are seen to hold their batches."""

    def __iter__(self) -> Iterator[SharedBatch | None]:
        """None: there is none to be begun now, but one may come back; those under way are to be finished first."""
        if self.stage.helper is not None:
            yield from self._helped(self.stage.helper.id, self.stage.helper.first)
            return
        left = deque(self.due)
        while left:
            if self._share(left):
                yield from self._own()
                return
            yield from self._begin(SharedBatch(self.stage, left.popleft()))

    @property
    def spares(self) -> bool:
        """Whether batches are to be left for others: they do some, or are idle while none is finished here yet."""
        return self._is_shared or (not self._finished_at and self._has_idle)

    @cached_property
    def _has_idle(self) -> bool:
        return self.may_share and len(self.due) > 1 and bool(helping.idle(self.stage.job_id))

    def finished(self, part: SharedBatch) -> None:
        """Say that a batch is written. To be called for each where several may be under way."""
        at, began = time.monotonic(), self._begun.pop(part.number)
        longest = at - began
        if part.holder is None:
            self._num_alone += 1
            # Several under way together take their time together.
            self._seconds = (at - self._first_began) / self._num_alone if self.may_overlap else longest
            self._longest = longest
        else:
            self._longest = max(self._longest, longest)
        self._finished_at = at

    def _begin(self, part: SharedBatch) -> Iterator[SharedBatch]:
        self._begun[part.number] = time.monotonic()
        self._first_began = self._first_began or self._begun[part.number]
        yield part
        if not self.may_overlap:
            self.finished(part)

    def _share(self, left: deque[int]) -> bool:
        if not self._pays_off(len(left)) or time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + LOOK_SECONDS
        idle = helping.idle(self.stage.job_id)
        if not idle:
            return False
        with session() as db:
            job = fenced(db, self.stage.job_id, self.stage.attempt)
            helping.share(db, job, left)
            helping.ask(db, job, min(len(idle), len(left) - 1))
        self._is_shared = True
        return True

    def _pays_off(self, left: int) -> bool:
        is_timed = self.is_served() and self._seconds > 0.0
        return self.may_share and left > 1 and is_timed and left * self._seconds >= SHARED_FROM_SECONDS

    def _own(self) -> Iterator[SharedBatch | None]:
        job_id, attempt, wait = self.stage.job_id, self.stage.attempt, WAIT_SECONDS
        while True:
            now = helping.standing(job_id, attempt)
            self.stage.progress.helped(now.done)
            number = helping.claim(job_id, attempt, helping.OWN) if now.free else None
            if number is not None:
                wait = WAIT_SECONDS
                self._ask(now)
                yield from self._begin(SharedBatch(self.stage, number, helping.OWN))
            elif self._begun:
                yield None
            elif not now.free and not now.held:
                self.stage.progress.flush()  # raises `Cancelled` where it is the job that is over, not the stage
                return
            else:
                self._take_back(now)
                time.sleep(wait)
                wait = min(2 * wait, MOST_WAIT_SECONDS)

    def _take_back(self, now: helping.StageStanding) -> None:
        """Give up helpers that have held a batch for too long: their process hangs, or their server does."""
        at = time.monotonic()
        self._seen = {held: self._seen.get(held, at) for held in now.held.items()}
        most = max(HELD_SECONDS, HELD_TIMES * self._longest)
        for holder in {holder for (_, holder), since in self._seen.items() if at - since > most}:
            log.warning("Helper %s holds a batch for more than %.0f seconds and is given up.", holder, most)
            helping.leave(holder, error=f"It held a batch for more than {most:.0f} seconds.")

    def _ask(self, now: helping.StageStanding) -> None:
        """Ask for more helpers where batches are free, and workers that do not help."""
        if not now.free or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + self._look_seconds
        more = min(len(helping.idle(self.stage.job_id)), now.free) - now.coming
        if more > 0 and now.in_vain < MOST_IN_VAIN:
            self._look_seconds = min(2 * self._look_seconds, LONG_SECONDS)
            with session() as db:
                helping.ask(db, fenced(db, self.stage.job_id, self.stage.attempt), more)

    def _helped(self, holder: int, first: int) -> Iterator[SharedBatch]:
        job_id, attempt = self.stage.job_id, self.stage.attempt
        number: int | None = first
        while number is not None:
            yield from self._begin(SharedBatch(self.stage, number, holder))
            if orders.is_sent_home(holder) or helping.is_wanted_elsewhere(job_id, holder):
                return
            number = helping.claim(job_id, attempt, holder)
