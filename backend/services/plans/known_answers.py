"""Whether the chosen prompts have the answers that a round's judge and metrics compare with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.judges import Judge
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe, StepPlace
from backend.registry import Part
from backend.trainers import Trainer


def comparing(recipe: Recipe, phase: int = 0) -> str:
    """The name of the judge of a phase that compares with the prompts' known answers; empty where none does."""
    parts = _of_prompts(recipe, phase)
    return next((str(part.name) for part in parts if isinstance(part, Judge) and part.needs_answer), "")


def taking(recipe: Recipe, phase: int = 0) -> str:
    """The generator or source of a phase that takes the prompts' known answers as texts; empty where none does."""
    parts = _of_prompts(recipe, phase)
    takes = (part for part in parts if isinstance(part, Generator | PromptSource) and part.takes_answers)
    return next((f"{take.kind} {take.name}" for take in takes), "")


def _of_prompts(recipe: Recipe, phase: int) -> Iterator[Part]:
    """The parts of a phase that work on questions without known answers of their own."""
    places = recipe.places(phase)
    for place in places:
        if not _have_answers(places, place.source):
            yield place.step.part
            # The judges that reward what a trainer writes are asked about prompts, too.
            yield from place.step.part.rewards if isinstance(place.step.part, Trainer) else ()


def _have_answers(places: Sequence[StepPlace], source: int | None) -> bool:
    """Whether what a source asks, or what the texts that it asks about answer, has a known answer of its own."""
    while source is not None:
        asked = places[source].step.part
        # A generator that makes groups of its own texts asks how the answers go on: those of the source before it.
        if isinstance(asked, PromptSource) and (asked.makes_answers or not asked.knows_answers):
            return asked.makes_answers
        source = places[source].source
    return False


@dataclass(frozen=True)
class Answers:
    """How many prompts there are, and how many of them have no known answer."""

    prompts: int
    missing: int

    @property
    def is_none_known(self) -> bool:
        return 0 < self.prompts == self.missing

    def would_fail(self, recipe: Recipe) -> bool:
        """Whether the recipe's judge would leave more samples without a verdict than its limit allows."""
        return bool(comparing(recipe)) and self.missing > recipe.unparsed_limit * self.prompts


def count(db: Session, project_id: int, set_ids: Iterable[int]) -> Answers:
    """Count the prompts of these sets of the project."""
    prompt, prompt_set = tables.Prompt, tables.PromptSet
    query = (
        select(func.count(), func.count().filter(prompt.answer.is_(None)))
        .select_from(prompt)
        .join(prompt_set, prompt_set.id == prompt.prompt_set_id)
        .where(prompt_set.project_id == project_id, prompt_set.id.in_(set_ids))
    )
    return Answers(*db.execute(query).one())


def check(db: Session, project_id: int, recipe: Recipe, set_ids: Iterable[int], phase: int = 0) -> None:
    """Raise `InvalidInput` where the judge could not give a single verdict, or a generator not a single text."""
    if (judge := comparing(recipe, phase)) and (answers := count(db, project_id, set_ids)).is_none_known:
        raise InvalidInput(_none_known(judge, answers))
    if (taker := taking(recipe, phase)) and (answers := count(db, project_id, set_ids)).is_none_known:
        raise InvalidInput(_of_taker(taker, answers))


def warnings(
    db: Session, project_id: int, recipe: Recipe, *, sample: Iterable[int], held_out: Iterable[int], phase: int = 0
) -> list[str]:
    """What a person should know before the launch."""
    messages = []
    if (judge := comparing(recipe, phase)) and (answers := count(db, project_id, sample)).missing:
        messages.append(_of_judge(judge, recipe, answers))
    if (taker := taking(recipe, phase)) and (answers := count(db, project_id, sample)).missing:
        messages.append(_of_taker(taker, answers))
    measures = [metric.name for metric in recipe.metrics if metric.needs_answer]
    if measures and (answers := count(db, project_id, held_out)).missing:
        messages.append(_of_metrics(", ".join(map(str, measures)), answers))
    return messages


def _none_known(judge: str, answers: Answers) -> str:
    return (
        f"None of the {answers.prompts:,} prompts in the chosen sets has an answer, and the judge {judge} "
        "compares samples with it: no sample would get a verdict. Import prompts with an answer column, or choose a "
        "judge that needs none."
    )


def _of_judge(judge: str, recipe: Recipe, answers: Answers) -> str:
    if answers.is_none_known:
        return _none_known(judge, answers)
    message = (
        f"{answers.missing:,} of the {answers.prompts:,} prompts in the chosen sets have no answer, and the judge "
        f"{judge} gives their samples no verdict."
    )
    if answers.missing > recipe.unparsed_limit * answers.prompts:
        message += f" That is more than unparsed_limit ({recipe.unparsed_limit:.0%}), so judging would probably fail."
    return message


def _of_taker(taker: str, answers: Answers) -> str:
    kind = taker.rsplit(" ", 1)[0]
    if answers.is_none_known:
        return (
            f"None of the {answers.prompts:,} prompts in the chosen sets has an answer, and the {taker} takes nothing "
            f"else. Import prompts with an answer column, or choose another {kind}."
        )
    return (
        f"{answers.missing:,} of the {answers.prompts:,} prompts in the chosen sets have no answer: the {taker} makes "
        f"{'no sample' if kind == 'generator' else 'nothing'} of them."
    )


def _of_metrics(names: str, answers: Answers) -> str:
    if answers.is_none_known:
        return (
            f"None of the {answers.prompts:,} held-out prompts has an answer, so this cannot be measured: {names}. "
            "Import held-out prompts with an answer column, or set the metric's verifier to a judge that computes "
            "without one, as `verifier: countdown` does for the demo's puzzles and `verifier: run_tests` for programs."
        )
    return (
        f"{answers.missing:,} of the {answers.prompts:,} held-out prompts have no answer and are left out of what "
        "compares "
        f"with it: {names}."
    )
