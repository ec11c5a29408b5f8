"""A judged round's samples as arrays, loaded once for each opening of the page and kept for a few openings."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.errors import Conflict
from backend.jobs import JobProgress
from backend.pipeline import candidates
from backend.pipeline.stage import StageContext
from backend.recipes import STEPS
from backend.selectors._margins import Candidates, Numbers
from backend.selectors.margin_pairs import MarginPairs
from backend.services.access import Actor
from backend.services.plans import branches
from backend.services.recipes.parts import validate
from backend.services.rounds import get_row, reselect
from backend.services.samples import visibility
from backend.trainers import Trainer
from backend.trainers.dpo import DPO
from backend.values import JSON, DatasetType, Role, RoundStatus, Stage

MOST_KEPT = 4
"""Openings whose arrays stay in memory: some 10 MB at 100,000 samples."""
MOST_NOTES, MOST_VALUES = 40, 200
NAME = str(MarginPairs.name)
TRAINER = STEPS.index("trainer")
"""The trainer's step in a recipe of slots."""


class Way(StrEnum):
    """What making knobs the round's selector comes to."""

    after_review = "after_review"
    """It selects once people are done."""
    again = "again"
    """The round stopped, and selects again."""
    branch = "branch"
    """The round has its checkpoint, so that a branch of it selects."""
    form = "form"
    """The round's trainer reads no pairs: a branch is set up in the form, with a trainer that does."""
    none = "none"
    """The round is under way, or selects nothing any more; or its trainer reads no pairs, and no branch can begin."""


@dataclass(frozen=True)
class PairOpening:
    """The samples of one opening. `notes`: notes of the prompts that have few enough values to be categories.

    `unfit`: the round's trainer, where it reads no pairs; else empty. `is_blind`: people are to decide on the texts
    before they know what the judge said, so that no example is shown.
    """

    token: str
    way: Way
    round_id: int
    number: int
    user_id: int
    candidates: Candidates
    notes: tuple[str, ...]
    knobs: MarginPairs
    unfit: str = ""
    is_blind: bool = False
    _codes: dict[str, tuple[Numbers, tuple[str, ...]]] = field(default_factory=dict)

    def categories(self, note: str) -> tuple[Numbers, tuple[str, ...]]:
        """Return the category of each group by a note, and the categories' names."""
        codes = self._codes.get(note)
        if codes is None:
            codes = self.candidates.categories(note)
            # Of one note alone: each array is as long as the round has prompts.
            self._codes.clear()
            self._codes[note] = codes
        return codes


_kept: OrderedDict[str, PairOpening] = OrderedDict()
_lock = threading.Lock()


def open_round(actor: Actor, round_id: int) -> PairOpening:
    """Read a round as `read_round` does, and keep what was read for `opened`."""
    opening = read_round(actor, round_id)
    with _lock:
        _kept[opening.token] = opening
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return opening


def read_round(actor: Actor, round_id: int) -> PairOpening:
    """Read a judged round's samples, those that its selector would see, with the labels that stand now.

    Raises `Conflict` where the round has no scores, or its selector's groups are not there yet, `InvalidInput` where
    its recipe of steps has a trainer that reads no pairs.
    """
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        stage, knobs, unfit = _stage(db, row)
        way, is_blind = _way(db, row, unfit), visibility.awaits_blind(row)
        _check_groups(stage)
        pool = candidates.load(db, stage, seed=stage.seed("select", 0))
    if not ((pool.score == pool.score) | (pool.standing != 0)).any():
        raise Conflict(f"No sample of round {row.number} has a score yet. Open this page once the round is judged.")
    token, notes = secrets.token_hex(8), _notes(pool)
    return PairOpening(token, way, round_id, row.number, actor.user_id, pool, notes, knobs, unfit, is_blind)


def opened(actor: Actor, round_id: int, token: str) -> PairOpening:
    """Return what was loaded when the page was opened; loaded again where others' openings took its place."""
    with reading() as db:
        get_row(db, actor, round_id, Role.curator)
    with _lock:
        opening = _kept.get(token)
        if opening is not None and (opening.round_id, opening.user_id) == (round_id, actor.user_id):
            _kept.move_to_end(token)
            return opening
    return open_round(actor, round_id)


def with_pairs(row: tables.Round, step: int, selector: JSON) -> tuple[JSON, str]:
    """The round's recipe with this selector, and the name of its trainer where that reads no pairs, else nothing.

    `dpo` stands in its place then, without seed rows and rows of earlier rounds, which are of the other trainer's type.
    Raises `InvalidInput` for a trainer of a recipe of steps, whose place is to be chosen in the form.
    """
    recipe = reselect.holder(row, step)[1](selector)
    if "selector" not in recipe:
        return validate(recipe), ""
    trainer = recipes.read(row.recipe).places(0)[TRAINER].step.part
    if not isinstance(trainer, Trainer) or DatasetType.preference in trainer.takes:
        return validate(recipe), ""
    return validate(recipe | {"trainer": DPO().dump(), "mix_share": 0.0, "earlier_rounds": False}), str(trainer.name)


def with_selector(row: tables.Round, step: int, selector: JSON) -> JSON:
    """The round's recipe with this selector; raises `InvalidInput` where its trainer does not read pairs."""
    return validate(reselect.holder(row, step)[1](selector))


def selector_step(db: Session, row: tables.Round) -> int:
    """The step of the selector that would be replaced: the one that `reselect` replaces, in review the first one that
    runs once people are done, else the last one. Raises `Conflict` where there is none."""
    if "selector" in row.recipe:
        return reselect.SELECTOR
    step = reselect.replaced_step(db, row)
    if step is not None:
        return step
    recipe = recipes.read(row.recipe)
    numbers = [place.index for place in recipe.places(row.phase) if place.step.kind == "selector"]
    if not numbers:
        raise Conflict(f"The recipe of round {row.number} has no selector, so it makes no pairs.")
    if row.status is RoundStatus.review:
        gate = recipe.gate(row.phase) or 0
        return next((number for number in numbers if number >= gate), numbers[-1])
    return numbers[-1]


def _way(db: Session, row: tables.Round, unfit: str) -> Way:
    if unfit:
        return Way.form if branches.is_offered(db, row, "select") else Way.none
    if row.status is RoundStatus.review and row.error is None:
        return Way.after_review
    if reselect.branches_off(db, row):
        return Way.branch
    return Way.again if reselect.selector_step(db, row) is not None else Way.none


def _stage(db: Session, row: tables.Round) -> tuple[StageContext, MarginPairs, str]:
    """The round's select stage as it would run with this selector, the knobs to begin with, and the trainer that reads
    no pairs, as `with_pairs` returns it."""
    step = selector_step(db, row)
    before = reselect.holder(row, step)[0]
    known = {name: before[name] for name in MarginPairs.model_fields if before.get("name") == NAME and name in before}
    if not known and isinstance(before.get("min_gap"), int | float):
        known = {"min_margin": before["min_gap"], "drop_truncated": bool(before.get("drop_truncated", True))}
    knobs = MarginPairs(**known)
    changed, unfit = with_pairs(row, step, knobs.dump())
    number = None if "selector" in row.recipe else step
    stage = StageContext(0, 0, row, recipes.read(changed), JobProgress(0, 0), Stage.select, "", number)
    return stage, knobs, unfit


def _check_groups(stage: StageContext) -> None:
    narrowed = stage.place.narrowed
    if narrowed is not None and stage.round.steps.get(str(narrowed), {}).get("groups") is None:
        raise Conflict(
            f"{stage.place} of round {stage.round.number} works on what {stage.places[narrowed]} chooses, which has "
            "not run yet. Open this page once it has."
        )


def _notes(pool: Candidates) -> tuple[str, ...]:
    """Notes with few values: others tell prompts apart and are no categories."""
    seen: dict[str, set[str]] = {}
    for notes in pool.notes:
        for name, value in notes.items():
            if isinstance(value, str | int | float) and len(seen.setdefault(name, set())) <= MOST_VALUES:
                seen[name].add(str(value))
    kept = [name for name in sorted(seen) if len(seen[name]) <= MOST_VALUES and len(seen[name]) < max(2, pool.groups)]
    return tuple(kept[:MOST_NOTES])
