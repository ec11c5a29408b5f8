"""What is refused of a step before a round is launched, with the step, the reason and the way out."""

from collections.abc import Sequence

from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.prompt_sources import PromptSource
from backend.recipes import _rows_and_questions
from backend.recipes._steps import BUILT_IN, KINDS, STAGES, Step
from backend.recipes._walk import StepPlace, Walk, gate_of, labeller, listed, named
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
    asked = _asked(walk, place.source)
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


def _asked(walk: Walk, source: int) -> PromptSource:
    """The prompt source that the questions of some groups go back to: a generator may have made the groups."""
    part = walk.steps[source].part
    while not isinstance(part, PromptSource):
        source = walk.places[source].source or 0
        part = walk.steps[source].part
    return part


def check_trainer(walk: Walk, place: StepPlace, part: Trainer) -> None:
    if not part.takes:
        return  # it reads no rows
    if not place.rows:
        raise ValueError(f"{place} has nothing to train on. Put a selector before it.")
    check_wanted(walk, place, part)
    type_ = _rows_and_questions.type_of_rows(walk.places, place, part)
    for index in place.rows:
        before = walk.steps[index].part
        source = walk.places[index].source or 0
        asked = _asked(walk, source)
        if not _rows_and_questions.knows_answers(walk.places, source) and part.needs_answer:
            raise ValueError(
                f"{place} rewards by known answers, but there are none to what step {source + 1} ({asked.name}) asks. "
                "Choose a reward that needs none."
            )
        is_of_steps = isinstance(walk.steps[source].part, Generator)
        if is_of_steps and isinstance(before, Selector) and not (part.trains_steps or before.joins_steps):
            raise ValueError(
                f"{named(index, walk.steps[index])} keeps steps of longer texts, which {place} cannot train on. Put "
                "tree_traces there, which makes whole texts of them, or train by dpo."
            )
        check_turns(walk, index, place, part)
        if isinstance(before, Mixer) and type_ not in before.mixes:
            raise ValueError(
                f"{named(index, walk.steps[index])} mixes {listed(before.mixes)} examples only, but {place} trains on "
                f"{type_}. Remove the mixer, or choose another trainer."
            )
        writes = before.writes if isinstance(before, Selector) else part.reads
        if missing := [column for column in part.reads if column not in writes]:
            raise ValueError(
                f"{place} reads the column {missing[0]}, which {named(index, walk.steps[index])} does not write. "
                "Choose a selector that does, such as signed_examples."
            )


def check_turns(walk: Walk, index: int, place: StepPlace, part: Trainer) -> None:
    """Episodes are trained on only by who tells what the policy said from what its environment did."""
    before = walk.steps[index].part
    if part.trains_turns or not isinstance(before, Selector) or not before.needs_texts:
        return
    writers = [walk.steps[n] for n in walk.places[index].texts]
    roles = walk.steps[index].roles
    if any(
        isinstance(writer.part, Generator) and writer.part.plays and writer.by in (roles or (writer.by,))
        for writer in writers
    ):
        raise ValueError(
            f"{named(index, walk.steps[index])} keeps episodes, of which {place} would learn the last text alone. "
            "Train on them by sft, or ask for their steps by episode_steps and keep those."
        )


def check_wanted(walk: Walk, place: StepPlace, part: Trainer) -> None:
    """A column that a knob of the trainer asks for is written by what made the rows, or by a mixer after that."""
    last = max((n for n in place.rows if isinstance(walk.steps[n].part, Selector)), default=0)
    writers = [walk.steps[n].part for n in place.rows if n >= last]
    written = {name for writer in writers if isinstance(writer, Selector | Mixer) for name in writer.writes}
    if missing := [column for column in part.wants if column not in written]:
        raise ValueError(
            f"{place} reads the column {missing[0]}, which no step since the last selector writes. Put a mixer before "
            "it that does, such as uncertainty_weights, or switch off the knob that asks for it."
        )


def check_mixer(walk: Walk, place: StepPlace, part: Mixer) -> None:
    if not place.rows:
        raise ValueError(f"{place} has no rows to work on. Put a selector before it.")
    if part.reads_groups:
        check_groups(walk, place)
    if part.reads_decided:
        check_taught(walk, place)


def check_taught(walk: Walk, place: StepPlace) -> None:
    """Who makes rows of what a judge should have said needs to have been asked in words the judge that people see."""
    gate = gate_of(walk.places)
    judge = labeller(walk.places, gate) if gate is not None else None
    if judge is None or not (isinstance(judge.step.part, Judge) and judge.step.part.asks_in_words):
        who = "there is none" if judge is None else f"step {judge.index + 1} ({judge.step.part.name}) does not"
        raise ValueError(
            f"{place} makes rows of what a judge is asked and should reply. The last judge before people decide has to "
            f"ask a model about one text in words for that, and {who}. Put one there, such as written_verdict, or "
            "remove the mixer."
        )


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
