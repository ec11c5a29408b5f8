"""What each step of a recipe works on, and what is refused before a round is launched."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.prompt_sources import PromptSource
from backend.recipes import _heads
from backend.recipes._steps import BUILT_IN, KINDS, STAGES, Step
from backend.selectors import Selector
from backend.trainers import LIVE, Trainer


@dataclass(frozen=True)
class Place:
    """One step, with what it works on. Steps are numbered from 0 here and from 1 where people read them.

    source: the step that asked the questions of the groups it works on; None for a source that reads the pool.
    narrowed: the step that chose among these groups; None where all are seen.
    texts: the generators whose samples stand in these groups so far.
    rows: of a trainer the selectors and mixers since the last one, whose rows it reads; of these those before it.
    """

    index: int
    step: Step
    source: int | None = None
    narrowed: int | None = None
    texts: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def reads_labels(self) -> bool:
        """Whether what it does depends on labels, so that people have to decide before it."""
        part = self.step.part
        is_selector = isinstance(part, Selector) and part.needs_texts
        return is_selector or (isinstance(part, PromptSource) and part.reads_labels)

    def __str__(self) -> str:
        return named(self.index, self.step)


@dataclass
class _State:
    """Which groups the next step sees."""

    source: int | None = None
    narrowed: int | None = None


@dataclass
class _Walk:
    """What is known after the steps so far."""

    steps: Sequence[Step]
    places: list[Place] = field(default_factory=list)
    newest: _State = field(default_factory=_State)
    named: dict[str, _State] = field(default_factory=dict)
    texts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    rows: tuple[int, ...] = ()


def named(index: int, step: Step) -> str:
    """`Step 3 (judge read_score)`, as errors name it."""
    called = f", named {step.name}" if step.name else ""
    return f"Step {index + 1} ({step.kind.replace('_', ' ')} {step.part.name}{called})"


def wire(steps: Sequence[Step]) -> tuple[Place, ...]:
    """Return the place of each step; raises `ValueError` that names the step, the reason and the way out."""
    _check_names(steps)
    walk = _Walk(steps)
    for index, step in enumerate(steps):
        _take(walk, index, step)
    _check_questions(walk)
    _heads.check(steps, [str(place) for place in walk.places])
    if walk.rows:
        raise ValueError(
            f"{named(walk.rows[0], steps[walk.rows[0]])} keeps rows that no trainer reads. Add a trainer after it, or "
            "remove it."
        )
    return tuple(walk.places)


def _check_names(steps: Sequence[Step]) -> None:
    seen: dict[str, int] = {}
    for index, step in enumerate(steps):
        if not step.name:
            continue
        if step.name in (*KINDS, LIVE) or (step.name in BUILT_IN and step.kind != "trainer"):
            raise ValueError(f"{named(index, step)} has a name that means something else. Choose another one.")
        if step.name in seen:
            raise ValueError(
                f"{named(index, step)} has the name of step {seen[step.name] + 1}. Give each step a name of its own."
            )
        seen[step.name] = index


def _take(walk: _Walk, index: int, step: Step) -> None:
    """Add one step."""
    part, state = step.part, _state_of(walk, index, step)
    texts = walk.texts.get(state.source, ()) if state.source is not None else ()
    rows = walk.rows if isinstance(part, Trainer | Selector | Mixer) else ()
    place = Place(index, step, state.source, state.narrowed, texts, rows)
    _check_fields(place, part)
    if isinstance(part, PromptSource):
        if not part.reads_groups:
            place = Place(index, step)
        elif state.source is None:
            raise ValueError(f"{place} reads groups, but no step before it asks anything. Begin with prompt_set.")
        walk.newest = _State(state.source, index) if part.narrows else _State(index)
    elif isinstance(part, Trainer):
        _check_trainer(walk, place, part)
        walk.rows = ()
    elif isinstance(part, Mixer):
        _check_mixer(walk, place, part)
        walk.rows = (*walk.rows, index)
    else:
        _check_groups(walk, place)
        if step.kind == "generator" and state.source is not None:
            walk.texts[state.source] = (*texts, index)
        if isinstance(part, Selector):
            walk.rows = (*walk.rows, index)
    walk.places.append(place)
    if step.name:
        walk.named[step.name] = walk.newest if isinstance(part, PromptSource) else state


def _check_fields(place: Place, part: object) -> None:
    """What a step says beside its part has to mean something there."""
    of_pool = isinstance(part, PromptSource) and not part.reads_groups
    of_rows = isinstance(part, Trainer) or (isinstance(part, Mixer) and not part.reads_groups)
    if place.step.of and (of_pool or of_rows):
        reads = "the round's prompt sets" if of_pool else "the rows of the selectors before it"
        raise ValueError(f"{place} reads {reads}, so `of` means nothing there. Leave it out.")
    if place.step.roles and (of_pool or of_rows):
        raise ValueError(f"{place} looks at no samples, so `roles` means nothing there. Leave it out.")


def _check_roles(walk: _Walk, place: Place) -> None:
    """Samples of the named roles have to be there."""
    writers, part = [walk.steps[n].by for n in place.texts], place.step.part
    for role in (*place.step.roles, *(part.roles if isinstance(part, Selector) else ())):
        if role not in writers:
            way_out = "leave `roles` out" if role in place.step.roles else "put a generator that acts as it before"
            raise ValueError(
                f"{place} looks at samples by {role!r}, but in its groups only {_and(sorted(set(writers)))} wrote so "
                f"far. Name one that did, or {way_out}."
            )


def _state_of(walk: _Walk, index: int, step: Step) -> _State:
    if not step.of:
        return walk.newest
    if step.of not in walk.named:
        known = ", ".join(walk.named) or "none has a name yet"
        raise ValueError(
            f"{named(index, step)} works on {step.of!r}, but no step before it has that name. Named so far: {known}."
        )
    return walk.named[step.of]


def _check_groups(walk: _Walk, place: Place) -> None:
    """A generator needs questions, a judge and a selector texts that answer them."""
    kind, part = place.step.kind, place.step.part
    if place.source is None:
        raise ValueError(f"{place} has no questions to work on. Put a prompt source before it, such as prompt_set.")
    asked = walk.steps[place.source].part
    if not (isinstance(asked, PromptSource) and asked.knows_answers) and (
        (isinstance(part, Judge) and part.needs_answer) or (isinstance(part, Generator) and part.takes_answers)
    ):
        raise ValueError(
            f"{place} needs known answers, but there are none to what step {place.source + 1} ({asked.name}) asks. "
            "Choose a part that needs none."
        )
    if kind == "generator":
        return
    if isinstance(part, Selector) and not part.needs_texts:
        if place.step.roles:
            raise ValueError(f"{place} looks at no samples, so `roles` means nothing there. Leave it out.")
        return
    if not place.texts:
        raise ValueError(
            f"{place} has no texts to work on: nobody answers the questions of step {place.source + 1}. Put a "
            "generator before it, or say with `of` which step's groups it works on."
        )
    _check_roles(walk, place)
    _check_origins(walk, place)
    _check_parents(walk, place)
    _check_beside(walk, place)


def _check_origins(walk: _Walk, place: Place) -> None:
    """Who judges texts by their origin has to name conditions or roles that there are."""
    part = place.step.part
    if not isinstance(part, Judge):
        return
    makers = [walk.steps[n] for n in place.texts]
    known = {step.by for step in makers}
    known |= {name for step in makers if isinstance(step.part, Generator) for name in step.part.origins}
    for name in part.origins:
        if name not in known:
            raise ValueError(
                f"{place} judges texts by their origin {name!r}, but in its groups there are only those of "
                f"{_and(sorted(known))}. Name one of these, or put a generator with that condition or role before it."
            )


def _check_beside(walk: _Walk, place: Place) -> None:
    """Who compares with the texts of a step needs a generator of that name before it."""
    name = place.step.part.reads_beside if isinstance(place.step.part, Judge) else ""
    made = [step.name for step in walk.steps[: place.index] if step.kind == "generator" and step.name]
    if name and name not in made:
        known = _and(made) if made else "none has a name"
        raise ValueError(
            f"{place} compares with the texts of {name!r}, but no generator before it has that name: {known}. Name one "
            "of those that there are."
        )


def _check_parents(walk: _Walk, place: Place) -> None:
    """Who looks at the texts that questions are about needs questions about texts."""
    part, asked = place.step.part, walk.steps[place.source or 0].part
    assert isinstance(asked, PromptSource)
    about = f"those of step {(place.source or 0) + 1} ({asked.name})"
    if isinstance(part, Judge) and part.judges_parents and not asked.has_parents:
        raise ValueError(
            f"{place} judges the texts that questions are about, but {about} are about no text. Put a source before it "
            "that asks about each text, such as ask."
        )
    if isinstance(part, Judge | Selector) and part.reads_parents and not asked.has_parents:
        raise ValueError(
            f"{place} compares texts with those that questions are about, but {about} are about no text. Put a source "
            "before it that asks about each text, such as ask."
        )
    if isinstance(part, Selector) and part.needs_stripped and not asked.is_stripped:
        raise ValueError(
            f"{place} puts a text and its draft into one row, but they answer different questions: {about} stay in "
            "training rows. Turn its knob strip on."
        )


def _check_trainer(walk: _Walk, place: Place, part: Trainer) -> None:
    if not place.rows:
        raise ValueError(f"{place} has nothing to train on. Put a selector before it.")
    for index in place.rows:
        before = walk.steps[index].part
        if isinstance(before, Selector) and before.makes is not part.trains_on:
            raise ValueError(
                f"{named(index, walk.steps[index])} makes {before.makes} examples, but {place} trains on "
                f"{part.trains_on}. Choose a pair that fits, or train twice."
            )
        source = walk.places[index].source or 0
        asked = walk.steps[source].part
        if not (isinstance(asked, PromptSource) and asked.knows_answers) and part.needs_answer:
            raise ValueError(
                f"{place} rewards by known answers, but there are none to what step {source + 1} ({asked.name}) asks. "
                "Choose a reward that needs none."
            )
        if isinstance(before, Mixer) and part.trains_on not in before.mixes:
            raise ValueError(
                f"{named(index, walk.steps[index])} mixes {_and(before.mixes)} examples only, but {place} trains on "
                f"{part.trains_on}. Remove the mixer, or choose another trainer."
            )
        writes = before.writes if isinstance(before, Selector) else part.reads
        if missing := [column for column in part.reads if column not in writes]:
            raise ValueError(
                f"{place} reads the column {missing[0]}, which {named(index, walk.steps[index])} does not write. "
                "Choose a selector that does, such as signed_examples."
            )


def _check_mixer(walk: _Walk, place: Place, part: Mixer) -> None:
    if not place.rows:
        raise ValueError(f"{place} has no rows to work on. Put a selector before it.")
    if part.reads_groups:
        _check_groups(walk, place)


def _check_questions(walk: _Walk) -> None:
    """What a source asks has to be answered, and what it narrows to has to be used."""
    for place in walk.places:
        part, index = place.step.part, place.index
        if not isinstance(part, PromptSource):
            continue
        after = walk.places[index + 1 :]
        if part.narrows:
            if not any(index == other.narrowed for other in after):
                raise ValueError(f"{place} chooses among groups that no later step works on. Move or remove it.")
        elif not any(other.source == index and _uses_questions(other) for other in after):
            raise ValueError(f"{place} asks what nobody answers. Put a generator after it, or remove it.")


def _uses_questions(place: Place) -> bool:
    """Whether a step answers questions, or hands them to a trainer that answers them itself."""
    part = place.step.part
    return place.step.kind == "generator" or (isinstance(part, Selector) and not part.needs_texts)


def gate(places: Sequence[Place]) -> int | None:
    """The first step that reads labels: people decide before it. None where no step does."""
    return next((place.index for place in places if place.reads_labels), None)


def pilot(places: Sequence[Place]) -> tuple[Place, ...]:
    """The steps that a schedule tries out: all up to the first selector; raises `ValueError` where it cannot.

    They are tried out in memory, so that they may ask the prompts alone: there are no rows of texts to ask about.
    """
    end = next((place.index for place in places if isinstance(place.step.part, Selector)), None)
    if end is None:
        raise ValueError("A schedule that tries changes out needs a selector. Add one, or take the schedule constant.")
    for place in places[1:end]:
        if isinstance(place.step.part, PromptSource):
            raise ValueError(
                f"{place} stands before the first selector, and a schedule that tries changes out works on answers "
                "to the prompts alone. Put a selector before it, or take the schedule constant."
            )
    return tuple(places[: end + 1])


def jobs(places: Sequence[Place]) -> list[int]:
    """The steps that have a job of their own, in order."""
    return [place.index for place in places if place.step.kind in STAGES]


def line(places: Sequence[Place], index: int) -> str:
    """One line for people: `3. judge: read_score, works on: answers (step 2), by: judge`."""
    place = places[index]
    step, part = place.step, place.step.part
    said = [f"{index + 1}. {step.kind.replace('_', ' ')}: {part.name}"]
    if isinstance(part, Trainer):
        said.append(f"works on: the rows of {_and([f'step {n + 1}' for n in place.rows])}")
        said += [f"starts from: {part.start}", f"makes: {step.makes}"]
        said += [f"rewarded by: {judge.name}" for judge in part.rewards]
        said += [f"judged by: {role}" for role in part.asked_roles]
    elif isinstance(part, Mixer):
        said.append(f"works on: the rows of {_and([f'step {n + 1}' for n in place.rows])}")
        said += [f"looks at: {_groups(places, place)}"] if part.reads_groups else []
    elif place.source is None:
        said.append("works on: the round's prompt sets")
    else:
        said.append(f"works on: {_groups(places, place)}")
    if step.kind == "generator" or (isinstance(part, Judge) and part.needs_engine):
        said.append(f"by: {step.by}")
    return ", ".join(said)


def _groups(places: Sequence[Place], place: Place) -> str:
    """The texts, or where there are none yet the questions, that a step works on."""
    assert place.source is not None
    shown = [places[n] for n in (place.texts or (place.source,))]
    said = _and([f"{one.step.name or one.step.part.name} (step {one.index + 1})" for one in shown])
    if place.narrowed is not None:
        said += f", chosen by {places[place.narrowed].step.part.name} (step {place.narrowed + 1})"
    return said


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))
