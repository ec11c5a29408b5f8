"""The first job of a round whose schedule tries changes out: pilot prompts through the steps up to the first selector.

Nothing of it becomes rows but what the schedule decided, in the transaction that ends the job. A job that was killed
tries everything again, with the same seeds.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Self

from sqlalchemy.orm import Session

from backend import values
from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.engines import Engine
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.judges import Judge
from backend.metrics import Evidence
from backend.pipeline import documents, few_shot
from backend.pipeline import groups as group_values
from backend.pipeline.ask import read_pool
from backend.pipeline.bind import acting, opened_for
from backend.pipeline.history import history_of
from backend.pipeline.serve import TUNE
from backend.pipeline.stage import Finish, StageContext, derive_seed
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe, StepPlace
from backend.schedules import Changes, PilotTrial
from backend.selectors import Selector
from backend.values import JSON, Group, LabelSource

KIND = TUNE
"""The kind of the job."""
PILOT_SEED = 0
"""Pilot prompts are drawn with it, whatever the round's seed: they stay the same from round to round."""


def run(stage: StageContext, *, most: int | None = None) -> Finish:
    """Ask the schedule what to change; the round's recipe is changed in the transaction that ends the job.

    most: try it on so many prompts only, fewer than the schedule asks for.
    """
    schedule = stage.recipe.schedule
    with reading() as db:
        history = history_of(db, stage.round.parent_id, stage.recipe)
    stage.progress.start(len(schedule.trials()), "trials")
    prompts = schedule.pilot_prompts if most is None else min(most, schedule.pilot_prompts)
    with Pilot(stage, prompts) as pilot:
        changes = schedule.changes(history, pilot.try_out)
    recipe = stage.recipe.with_changes(changes)

    def finish(db: Session) -> None:
        round_ = db.get_one(tables.Round, stage.round.id)
        round_.recipe = recipe.model_dump(mode="json")
        round_.tuned = {"changes": changes, "trials": pilot.trials}

    return finish


class Pilot:
    """Carries out trials. Where only the selector differs from the trial before, its texts and judgments are used."""

    def __init__(self, stage: StageContext, prompts: int) -> None:
        self.stage, self.limit = stage, prompts
        self.trials: list[JSON] = []
        """What was tried, with the metrics that came of it."""
        self.held = OpenEngine(stage)
        self.asked: dict[PromptSource, list[Group]] = {}
        self.judged: list[Group] = []
        self.judged_by = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.held.close()

    def try_out(self, changes: Changes) -> PilotTrial:
        """Return what the changed recipe makes of the pilot prompts."""
        recipe = self.stage.recipe.tried(changes)
        *before, last = recipe.pilot(self.stage.round.phase)
        key = json.dumps([place.step.model_dump(mode="json") for place in before])
        if key != self.judged_by:
            self.judged, self.judged_by = self._make(before, recipe), key
        kept = self._kept(last)
        trial = PilotTrial(self.judged, kept, _metrics(recipe, self.judged, kept))
        self.trials.append({"changes": changes, "metrics": trial.metrics})
        self.stage.progress.metrics(
            len(self.trials), {name: value for name, value in trial.metrics.items() if value is not None}
        )
        self.stage.progress.advance()
        return trial

    def _make(self, places: Sequence[StepPlace], recipe: Recipe) -> list[Group]:
        """The pilot prompts with samples and labels."""
        groups = self._ask(places[0])
        for place in places[1:]:
            part, number = place.step.part, recipe.groups_per_batch
            batches: Any = in_chunks(groups, number)
            if isinstance(part, Generator):
                groups = [group for n, batch in enumerate(batches) for group in self._answer(place, part, batch, n)]
                groups = _numbered(groups)
            elif isinstance(part, Judge) and not part.gives_answers:
                batches = [groups] if part.needs_all_groups else batches
                groups = [group for n, batch in enumerate(batches) for group in self._judge(place, part, batch, n)]
        return groups

    def _ask(self, place: StepPlace) -> list[Group]:
        """The pilot prompts, drawn once."""
        source = place.step.part
        assert isinstance(source, PromptSource)
        if source in self.asked:
            return self.asked[source]
        with reading() as db:
            pool = group_values.with_imported(db, read_pool(db, self.stage, place))
        asked = source.ask([], pool, limit=self.limit, seed=PILOT_SEED)
        if not asked:
            raise InvalidInput("The prompt sets of this round hold no prompts to try changes out on. Import some.")
        groups = [replace(group, id=number, position=number - 1) for number, group in enumerate(asked, start=1)]
        self.asked[source] = groups
        return groups

    def _answer(self, place: StepPlace, part: Generator, groups: Sequence[Group], number: int) -> Iterator[Group]:
        engine = self._engine(place) if part.needs_engine else None
        prompts = [group.prompt for group in groups]
        part = documents.ready(self.stage, part)
        if part.few_shot is not None:
            prompts = few_shot.shown_before(self.stage, place, part.few_shot, groups)
        answers = part.generate(engine, prompts, seed=self._seed(place, number))  # type: ignore[arg-type]
        for group, samples in zip(groups, answers, strict=True):
            new = [
                replace(sample, step=place.index, role=place.step.by) for sample in samples if sample.failure is None
            ]
            yield replace(group, samples=(*group.samples, *new))

    def _judge(self, place: StepPlace, part: Judge, groups: Sequence[Group], number: int) -> Iterator[Group]:
        roles = place.step.roles
        seen = [
            replace(group, samples=tuple(sample for sample in group.samples if not roles or sample.role in roles))
            for group in groups
        ]
        engine = self._engine(place) if part.needs_engine else None
        by_sample: dict[int, list[values.Judgment]] = {}
        for judgment in part.judge(engine, seen, seed=self._seed(place, number)):
            if judgment.failure is None:
                by_sample.setdefault(judgment.sample_id, []).append(judgment)
        for group in groups:
            yield replace(
                group, samples=tuple(_labelled(part, sample, by_sample.get(sample.id)) for sample in group.samples)
            )

    def _kept(self, place: StepPlace) -> frozenset[int]:
        selector, roles = place.step.part, place.step.roles
        assert isinstance(selector, Selector)
        groups = [
            replace(group, samples=tuple(sample for sample in group.samples if not roles or sample.role in roles))
            for group in self.judged
        ]
        chosen = selector.select([group for group in groups if group.samples], seed=self._seed(place, 0)).examples
        return frozenset(
            example.sample_id for example in chosen if example.sample_id is not None and example.label is not False
        )

    def _engine(self, place: StepPlace) -> Engine:
        return self.held.open(acting(self.stage.round, place.step.by, place.index))

    def _seed(self, place: StepPlace, number: int) -> int:
        return derive_seed(self.stage.round.seed, "pilot", place.index, number)


class OpenEngine:
    """One open engine at a time: trials by one model load it once, and two models are never in memory together."""

    def __init__(self, stage: StageContext) -> None:
        self.stage = stage
        self.checkpoint_id: int | None = None
        self.opened: AbstractContextManager[Any] = nullcontext()
        self.engine: Any = None

    def open(self, checkpoint_id: int) -> Engine:
        """The engine of a checkpoint, loaded."""
        if checkpoint_id != self.checkpoint_id:
            self.close()
            opened = opened_for(self.stage, checkpoint_id)
            self.engine = opened.__enter__()
            self.checkpoint_id, self.opened = checkpoint_id, opened
        return self.engine  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let go of it."""
        opened, self.opened, self.checkpoint_id = self.opened, nullcontext(), None
        opened.__exit__(None, None, None)


def _numbered(groups: Sequence[Group]) -> list[Group]:
    """The groups, their samples numbered from 1 in order: judgments and selectors name them by id."""
    groups_, last = [], 0
    for group in groups:
        samples = tuple(replace(sample, id=last + place) for place, sample in enumerate(group.samples, start=1))
        last += len(samples)
        groups_.append(replace(group, samples=samples))
    return groups_


def _labelled(judge: Judge, sample: values.Sample, judgments: list[values.Judgment] | None) -> values.Sample:
    """The sample with the label of what the judge said of it; as it was where it said nothing."""
    if judgments is None:
        return sample
    score, verdict = judge.label(judgments)
    has_score = any(judgment.score is not None for judgment in judgments)
    source = LabelSource.judge if has_score else LabelSource.none
    return replace(sample, score=score, verdict=verdict, source=source)


def _metrics(recipe: Recipe, groups: Sequence[Group], kept: frozenset[int]) -> dict[str, float | None]:
    """The recipe's metrics of a round's own data, on these groups."""
    machine = {sample.id: (sample.score, sample.verdict) for group in groups for sample in group.samples}
    evidence = Evidence(round_groups=groups, machine=machine, kept=kept)
    return {v.name: v.value for metric in recipe.metrics if metric.scope == "round" for v in metric.compute(evidence)}
