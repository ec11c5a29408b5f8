"""What is refused of a step before a round is launched, with the step, the reason and the way out."""

from collections.abc import Sequence

from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.prompt_sources import PromptSource
from backend.recipes import _rows_and_questions
from backend.recipes._steps import BUILT_IN, KINDS, STAGES, Step
from backend.recipes._walk import StepPlace, Walk, listed, named
from backend.selectors import Selector
from backend.trainers import LIVE, Trainer


def check_names(steps: Sequence[Step]) -> None:
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


def check_fields(place: StepPlace, part: object) -> None:
    """What a step says beside its part has to mean something there."""
    of_pool = isinstance(part, PromptSource) and not part.reads_groups
    of_rows = isinstance(part, Trainer) or (isinstance(part, Mixer) and not part.reads_groups)
    if place.step.of and (of_pool or of_rows):
        reads = "the round's prompt sets" if of_pool else "the rows of the selectors before it"
        raise ValueError(f"{place} reads {reads}, so `of` means nothing there. Leave it out.")
    if place.step.roles and (of_pool or of_rows):
        raise ValueError(f"{place} looks at no samples, so `roles` means nothing there. Leave it out.")


def check_targets(walk: Walk, place: StepPlace, part: PromptSource) -> None:
    """Who takes the texts over that inputs were written for needs groups that have them."""
    asked = walk.steps[place.source or 0].part
    if part.needs_targets and not (isinstance(asked, PromptSource) and asked.has_targets):
        raise ValueError(
            f"{place} keeps the text for which a prompt was written, but step {(place.source or 0) + 1} "
            f"({asked.name}) asks for no inputs to texts. Turn its knob keep_answer off, or ask by inverse_prompts."
        )


def check_roles(walk: Walk, place: StepPlace) -> None:
    """Samples of the named roles have to be there."""
    writers, part = [walk.steps[n].by for n in place.texts], place.step.part
    for role in (*place.step.roles, *(part.roles if isinstance(part, Selector) else ())):
        if role not in writers:
            way_out = "leave `roles` out" if role in place.step.roles else "put a generator that acts as it before"
            raise ValueError(
                f"{place} looks at samples by {role!r}, but in its groups only {listed(sorted(set(writers)))} wrote so "
                f"far. Name one that did, or {way_out}."
            )


def check_groups(walk: Walk, place: StepPlace) -> None:
    """A generator needs questions, a judge and a selector texts that answer them."""
    kind, part = place.step.kind, place.step.part
    if place.source is None:
        raise ValueError(f"{place} has no questions to work on. Put a prompt source before it, such as prompt_set.")
    asked = asked_by(walk, place.source)
    leads = asked.has_targets and isinstance(part, Judge) and part.takes_targets
    if not (leads or _rows_and_questions.knows_answers(walk.places, place.source)) and (
        (isinstance(part, Judge) and part.needs_answer) or (isinstance(part, Generator) and part.takes_answers)
    ):
        raise ValueError(
            f"{place} needs known answers, but there are none to what step {place.source + 1} ({asked.name}) asks. "
            "Choose a part that needs none."
        )
    if kind == "generator":
        is_of_texts = asked.has_parents or isinstance(walk.steps[place.source].part, Generator)
        if isinstance(part, Generator) and part.makes_groups and is_of_texts:
            raise ValueError(f"{place} begins with prompts, not with texts. Say with `of` which step asks the prompts.")
        if isinstance(part, Generator) and part.takes_critiques and not asked.has_parents:
            raise ValueError(
                f"{place} takes what people wrote of texts, but step {place.source + 1} ({asked.name}) asks about no "
                "text. Put a source before it that does, such as ask."
            )
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
    check_roles(walk, place)
    check_origins(walk, place)
    check_parents(walk, place)
    check_beside(walk, place)
    check_principles(walk, place)


def check_principles(walk: Walk, place: StepPlace) -> None:
    """Who writes a principle into rows has to know which one the judge before it went by."""
    part = place.step.part
    if not isinstance(part, Selector) or not part.written_principles:
        return
    before = [
        place_before.step.part
        for place_before in walk.places
        if isinstance(place_before.step.part, Judge)
        and not place_before.step.part.gives_answers
        and place_before.source == place.source
    ]
    last = before[-1] if before else None
    if last is None or last.fixed_principles != part.written_principles:
        raise ValueError(
            f"{place} writes into each row the principle that its sides were compared by, but the judge before it does "
            "not choose by these principles. Put pairwise_swapped before it, with the same principles and with draw_by "
            "prompt."
        )


def check_origins(walk: Walk, place: StepPlace) -> None:
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
                f"{listed(sorted(known))}. Name one of these, or put a generator with that condition or role before it."
            )


def check_beside(walk: Walk, place: StepPlace) -> None:
    """Who compares with the texts of a step needs a generator of that name before it."""
    name = place.step.part.reads_beside if isinstance(place.step.part, Judge) else ""
    names = [step.name for step in walk.steps[: place.index] if step.kind == "generator" and step.name]
    if name and name not in names:
        known = listed(names) if names else "none has a name"
        raise ValueError(
            f"{place} compares with the texts of {name!r}, but no generator before it has that name: {known}. Name one "
            "of those that there are."
        )


def check_parents(walk: Walk, place: StepPlace) -> None:
    """Who looks at the texts that questions are about needs questions about texts."""
    part, asked = place.step.part, walk.steps[place.source or 0].part
    if isinstance(asked, Generator):
        if (isinstance(part, Judge) and part.judges_parents) or (
            isinstance(part, Judge | Selector) and part.reads_parents
        ):
            raise ValueError(
                f"{place} looks at the texts that questions are about, but those of step {(place.source or 0) + 1} "
                f"({asked.name}) go on from a text. Say with `of` which step's groups it works on."
            )
        return
    assert isinstance(asked, PromptSource)
    about = f"those of step {(place.source or 0) + 1} ({asked.name})"
    shown = walk.steps[place.source or 0].roles
    if isinstance(part, Judge) and part.judges_siblings and shown:
        raise ValueError(
            f"{place} judges all texts that stand together, but step {(place.source or 0) + 1} ({asked.name}) shows "
            f"only those by {listed(shown)}. Leave `roles` out there."
        )
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


def asked_by(walk: Walk, source: int) -> PromptSource:
    """The prompt source that the questions of some groups go back to: a generator may have made the groups."""
    part = walk.steps[source].part
    while not isinstance(part, PromptSource):
        source = walk.places[source].source or 0
        part = walk.steps[source].part
    return part


def check_questions(walk: Walk) -> None:
    """What a source asks has to be answered, or kept for later rounds, and what it narrows to has to be used."""
    draws = any(isinstance(step.part, PromptSource) and step.part.reads_own for step in walk.steps)
    for place in walk.places:
        part, index = place.step.part, place.index
        if not isinstance(part, PromptSource):
            continue
        after = walk.places[index + 1 :]
        if part.narrows:
            if not any(index == other.narrowed for other in after):
                raise ValueError(f"{place} chooses among groups that no later step works on. Move or remove it.")
        elif not (part.adopts and draws and any(other.step.kind in STAGES for other in after)) and not any(
            other.source == index and _uses_questions(other) for other in after
        ):
            raise ValueError(f"{place} asks what nobody answers. Put a generator after it, or remove it.")


def _uses_questions(place: StepPlace) -> bool:
    """Whether a step answers questions, asks them once more, or hands them to a trainer that answers them itself."""
    part = place.step.part
    if isinstance(part, PromptSource):
        return part.asks_again
    return place.step.kind == "generator" or (isinstance(part, Selector) and not part.needs_texts)
