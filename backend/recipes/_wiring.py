"""What each step of a recipe works on, and what is refused before a round is launched."""

from collections.abc import Sequence

from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.prompt_sources import PromptSource
from backend.recipes import _checks, _heads, _row_checks, _rows_and_questions
from backend.recipes._steps import STAGES, Step
from backend.recipes._walk import StepPlace, StepScope, Walk, named
from backend.selectors import Selector
from backend.trainers import Trainer


def wire(steps: Sequence[Step]) -> tuple[StepPlace, ...]:
    """Return the place of each step; raises `ValueError` that names the step, the reason and the way out."""
    _checks.check_names(steps)
    walk = Walk(steps)
    for index, step in enumerate(steps):
        _take(walk, index, step)
    _checks.check_questions(walk)
    _heads.check(steps, [str(place) for place in walk.places])
    if walk.rows:
        raise ValueError(
            f"{named(walk.rows[0], steps[walk.rows[0]])} keeps rows that no trainer reads. Add a trainer after it, or "
            "remove it."
        )
    return tuple(walk.places)


def _take(walk: Walk, index: int, step: Step) -> None:
    """Add one step."""
    part, state = step.part, _state_of(walk, index, step)
    texts = walk.texts.get(state.source, ()) if state.source is not None else ()
    reads_rows = isinstance(part, Selector | Mixer) or (isinstance(part, Trainer) and bool(part.takes))
    rows = walk.rows if reads_rows else ()
    place = StepPlace(index, step, state.source, state.narrowed, texts, rows)
    _checks.check_fields(place, part)
    if isinstance(part, PromptSource):
        if not part.reads_groups:
            place = StepPlace(index, step)
        elif state.source is None:
            raise ValueError(f"{place} reads groups, but no step before it asks anything. Begin with prompt_set.")
        else:
            _rows_and_questions.check_source(walk.places, place, part)
            _checks.check_targets(walk, place, part)
        walk.newest = StepScope(state.source, index) if part.narrows else StepScope(index)
    elif isinstance(part, Trainer):
        _row_checks.check_trainer(walk, place, part)
        walk.rows = () if reads_rows else walk.rows
    elif isinstance(part, Mixer):
        _row_checks.check_mixer(walk, place, part)
        walk.rows = (*walk.rows, index)
    else:
        _checks.check_groups(walk, place)
        if isinstance(part, Generator) and part.makes_groups:
            walk.newest = state = StepScope(index)
            walk.texts[index] = (index,)
        elif isinstance(part, Generator) and state.source is not None:
            walk.texts[state.source] = (*texts, index)
        if isinstance(part, Selector):
            walk.rows = (*walk.rows, index)
    walk.places.append(place)
    if step.name:
        walk.named[step.name] = walk.newest if isinstance(part, PromptSource) else state


def _state_of(walk: Walk, index: int, step: Step) -> StepScope:
    if not step.of:
        return walk.newest
    if step.of not in walk.named:
        known = ", ".join(walk.named) or "none has a name yet"
        raise ValueError(
            f"{named(index, step)} works on {step.of!r}, but no step before it has that name. Named so far: {known}."
        )
    return walk.named[step.of]


def pilot(places: Sequence[StepPlace]) -> tuple[StepPlace, ...]:
    """The steps that a schedule tries out: all up to the first selector; raises `ValueError` where it cannot.

    They are tried out in memory, so that they may ask the prompts alone: there are no rows of texts to ask about.
    """
    end = next((place.index for place in places if isinstance(place.step.part, Selector)), None)
    if end is None:
        raise ValueError("A schedule that tries changes out needs a selector. Add one, or take the schedule constant.")
    for place in places[1:end]:
        part = place.step.part
        if isinstance(part, PromptSource) or (isinstance(part, Generator) and part.makes_groups):
            raise ValueError(
                f"{place} stands before the first selector, and a schedule that tries changes out works on answers "
                "to the prompts alone. Put a selector before it, or take the schedule constant."
            )
        if isinstance(part, Judge) and part.reads_beside:
            raise ValueError(
                f"{place} compares with the texts of another step, and a schedule that tries changes out judges each "
                "text by its group alone. Choose another judge, or take the schedule constant."
            )
    return tuple(places[: end + 1])


def jobs(places: Sequence[StepPlace]) -> list[int]:
    """The steps that have a job of their own, in order."""
    return [place.index for place in places if place.step.kind in STAGES]
