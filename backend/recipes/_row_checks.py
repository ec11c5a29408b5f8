"""What is refused of trainers and mixers, which read training rows, with the step, the reason and the way out."""

from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.recipes import _rows_and_questions
from backend.recipes._checks import asked_by, check_groups
from backend.recipes._walk import StepPlace, Walk, gate_of, labeller, listed, named
from backend.selectors import Selector
from backend.trainers import Trainer


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
        asked = asked_by(walk, source)
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
