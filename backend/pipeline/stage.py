"""What every stage gets: a frozen view of its round, fenced transactions, and the way to report progress."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Cancelled, NotFound
from backend.jobs import JobProgress, fenced
from backend.jobs.helping import HeldBatch
from backend.jobs.transitions import locked
from backend.mixers import Mixer
from backend.pipeline import spending
from backend.prompt_sources import PromptSource
from backend.recipes import STAGES, Recipe, StepPlace
from backend.selectors import Selector
from backend.values import SetUse, Stage

Finish = Callable[[Session], None]
"""What a stage still has to write in the transaction that ends its job."""


def nothing_more(_db: Session) -> None:
    """What a helper has to write at its end: the job's own process does all of it."""


@dataclass(frozen=True)
class Helping:
    """A process that does batches of another one's job: its helper's row, and the batch it has claimed already."""

    id: int
    first: int


@dataclass(frozen=True)
class StageContext:
    """One attempt of one job. No row object crosses a transaction: parts see values, stages see this."""

    job_id: int
    attempt: int
    round: tables.Round
    recipe: Recipe
    progress: JobProgress
    stage: Stage = Stage.generate
    """The job's; a job that tries again what was left out does not move the round."""
    kind: str = ""
    number: int | None = None
    """The job's step; None: the first of its stage."""
    meter: spending.Meter = field(default_factory=spending.Meter)
    helper: Helping | None = None
    """Set where this process helps with a job that another one runs."""
    batch: HeldBatch | None = None
    """Of a shared stage, the batch that `writing` settles."""
    home_id: int | None = None
    """Of a preview, whose round stands in a hidden project: the project that it is a preview for."""

    @property
    def project_id(self) -> int:
        """The project whose other rows count beside the round's own: its gold items, its held-out prompts."""
        return self.home_id or self.round.project_id

    @property
    def places(self) -> tuple[StepPlace, ...]:
        """The steps of the round's phase."""
        return self.recipe.places(self.round.phase)

    @property
    def step(self) -> int:
        """The number of the job's step; behind the last one for measuring."""
        return step_of(self.places, self.stage, self.number)

    @property
    def place(self) -> StepPlace:
        """The job's step, with what it works on; measuring has none."""
        return self.places[self.step]

    @property
    def is_first(self) -> bool:
        """Whether it is the first step of its stage: its seeds and rows are those of a recipe of slots."""
        return self.step == step_of(self.places, self.stage, None)

    @property
    def next_step(self) -> int:
        """The next step that has a job; behind the last one for measuring."""
        later = [place.index for place in self.places[self.step + 1 :] if place.step.kind in STAGES]
        return later[0] if later else len(self.places)

    @property
    def is_before_people(self) -> bool:
        """Whether people decide between this step and the next one that has a job, if they do at all."""
        gate = self.recipe.gate(self.round.phase)
        return gate is not None and self.step < gate <= self.next_step

    def seed(self, *path: object) -> int:
        """The seed for one place of this step."""
        where = path if self.is_first else (path[0], self.step, *path[1:])
        return derive_seed(self.round.seed, *where)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that only an attempt that still owns its job may make; raises `Cancelled` otherwise.

        What endpoints were asked until its end is written with it. Raises `BatchLost` where the batch is another's.
        """
        with session() as db:
            fenced(db, self.job_id, self.attempt)
            if self.batch is not None:
                self.batch.settle(db)
            yield db
            self.spend(db)

    @contextmanager
    def spending_on_failure(self) -> Iterator[None]:
        """Where what is inside fails, write what endpoints were asked since the last batch; raises what it raised."""
        try:
            yield
        except Cancelled:
            raise
        except Exception:
            # An attempt that lost its job meanwhile writes nothing: another one counts.
            with suppress(Cancelled), self.writing():
                pass
            raise

    def spend_rest(self) -> None:
        """Write what endpoints were asked since the last batch, also where that batch is another's by now."""
        # The job's row keeps two from adding the same row; where it is gone, so are the rows of what was spent.
        with suppress(NotFound), session() as db:
            locked(db, self.job_id)
            self.spend(db)

    def spend(self, db: Session) -> None:
        """Write what endpoints were asked since this was last called."""
        spending.write(db, self.meter.taken(), round_id=self.round.id, stage=self.stage, step=self.step)

    def set_ids(self, use: SetUse) -> list[int]:
        """Ids of the round's prompt sets of that use, in order of id."""
        with reading() as db:
            query = select(tables.RoundPromptSet.prompt_set_id).where(
                tables.RoundPromptSet.round_id == self.round.id, tables.RoundPromptSet.use == use
            )
            return sorted(db.scalars(query))


def open_stage(job_id: int, attempt: int, progress: JobProgress) -> StageContext:
    """Read the job's round and its recipe; raises `NotFound` when the round was deleted."""
    with reading() as db:
        job = db.get(tables.Job, job_id)
        round_ = db.get(tables.Round, job.round_id) if job and job.round_id else None
    if job is None or round_ is None:
        raise NotFound(f"The round of job {job_id} is gone. There is nothing left to do for it.")
    return StageContext(
        job_id,
        attempt,
        round_,
        recipes.read(round_.recipe),
        progress,
        job.stage,
        str(job.spec.get("kind", "")),
        job.step,
    )


def step_of(places: Sequence[StepPlace], stage: Stage, number: int | None) -> int:
    """The step that a job of this stage runs: the one it names, if that is of its stage, else the stage's first."""
    of_stage = [place.index for place in places if STAGES.get(place.step.kind) is stage]
    if number in of_stage:
        return int(number or 0)
    return of_stage[0] if of_stage else len(places)


def derive_seed(seed: int, *path: object) -> int:
    """A 31-bit seed for one place in a round: the same for the same path, whatever ran before it."""
    digest = hashlib.sha256(repr((seed, *path)).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def only_selectors_since_gate(places: Sequence[StepPlace], step: int) -> bool:
    """Whether from the step before which people decide to this one only rows and groups are chosen, nothing is made."""
    gate = next((place.index for place in places if place.reads_labels), None)
    if gate is None or step < gate:
        return False
    parts = [place.step.part for place in places[gate : step + 1]]
    choices = (Selector, Mixer)
    return all(isinstance(part, choices) or (isinstance(part, PromptSource) and part.narrows) for part in parts)
