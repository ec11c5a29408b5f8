"""Loops with a fault on purpose: 40 tasks with known answers, a scripted policy and a scripted judge."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.db import reading, tables
from backend.judges.exact_match import ExactMatch
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.recipes import Recipe
from backend.recipes import _parts as parts
from backend.values import RoundStatus, Split, WarningLevel
from tests.integration.loop import TRAINING, Loop
from tests.rows import make_checkpoint, make_prompt_set

TASKS = range(100, 140)
HELD_OUT = range(200, 240)
TEMPLATE = "Judge: {prompt} || {response}"
RIGHT = r"(?s)Task (\d+):.*\|\| .*#### \1(?!\d)"
OPENINGS = (
    "Sum:",
    "By adding up one finds",
    "Let me see, both parts together make",
    "First the tens and then the ones, which gives",
    "I count on my fingers, one after the other, and get",
    "The first number and the second number taken together make what follows:",
    "There are many ways to do this, and the shortest of them leads me to",
    "Without any doubt, and after having looked at it twice from both ends, it is",
)


def question(task: int) -> str:
    return f"Task {task}: what is the number of this task, please?"


def answers(task: int, right: int, openings: Sequence[str] = OPENINGS) -> tuple[str, ...]:
    """As many answers as openings, `right` of eight of them right; which ones says nothing of their length."""
    return tuple(
        f"{opening} #### {task if (5 * place + 3 * task) % 8 < right else task + 500}"
        for place, opening in enumerate(openings)
    )


def long_answers(task: int, of: int) -> tuple[str, ...]:
    """What one says of a task in more than fifty words, which are words that another task has of its own."""
    words = [
        f"{reply} {' '.join(f'{word}{n}' for n in range(50))}" for reply, word in zip(OPENINGS, "abcdefgh", strict=True)
    ]
    own = [" ".join(f"{word}-{of}" for word in entry.split()) for entry in words]
    return tuple(text.replace("#### ", f"{of} {of} #### ") for text in answers(task, 5, own))


def policy(
    right: int = 4, openings: Sequence[str] = OPENINGS, *, more: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A scripted policy that answers `right` of eight answers right."""
    rules = [{"pattern": f"Task {task}:", "reply": answers(task, right, openings)} for task in (*TASKS, *HELD_OUT)]
    return {"name": "scripted", "rules": [*more, *rules]}


def judge(
    good: Sequence[int] = (5,), bad: Sequence[int] = (1,), *, more: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A scripted judge: one of these scores for right answers, one of those for wrong ones."""
    rules = [
        {"pattern": RIGHT, "reply": tuple(f"Score: {score}" for score in good)},
        {"pattern": "Judge: ", "reply": tuple(f"Score: {score}" for score in bad)},
    ]
    return {"name": "scripted", "rules": [*more, *rules]}


GOOD_JUDGE = judge((5,) * 19 + (2,), (1,) * 19 + (4,))


class Planted(Loop):
    """A project whose rounds follow each other; each with the policy and the judge that it is given."""

    def __init__(self, folder: Path, *, trains: bool = False, **steps: Any) -> None:
        super().__init__(recipe(trains=trains, **steps), policy(), folder)
        texts = [question(task) for task in TASKS]
        self.prompts = make_prompt_set(self.project, prompts=texts, answers=[f"#### {task}" for task in TASKS])
        held_out = [question(task) for task in HELD_OUT]
        self.held_out = make_prompt_set(
            self.project, prompts=held_out, answers=[f"#### {task}" for task in HELD_OUT], split=Split.held_out
        )
        self.last: int | None = None

    def next(self, policy: dict[str, Any], judge: dict[str, Any] = GOOD_JUDGE, **plan: Any) -> int:
        """Run one more round to its end; return its id."""
        self.policy = make_checkpoint(self.project, parent=self.base, engine=policy)
        by = make_checkpoint(self.project, role="judge", engine=judge)
        held_out = {"held_out_set_ids": (self.held_out.id,), "judge_id": by.id, "num_prompts": len(TASKS)}
        self.last = self.launch(parent_id=self.last, **held_out | plan)
        done = self.run(self.last, trains=True)
        assert done.status is RoundStatus.done, done.error
        return self.last


ON_ROWS = (parts.AboveThreshold(), parts.SFT(start="base", **TRAINING))
ON_PAIRS = (parts.BestVersusWorst(), parts.DPO(start="base", **TRAINING))


def recipe(*, trains: bool, judge: Any = None, n: int = 4, training: Sequence[Any] = ON_ROWS) -> Recipe:
    judging = judge or parts.AdditiveRubric(template=TEMPLATE, votes=1, temperature=0)
    steps = [parts.PromptSet(), parts.Sample(n=n), judging]
    if trains:
        steps += training
    # What two optimizer steps make of the tiny model answers nothing right, which is not the fault that is planted.
    measured = JudgeQuality(verifier=ExactMatch()) if trains else HeldOutAccuracy()
    return Recipe(name="x", title="X", steps=tuple(steps), metrics=(measured,), groups_per_batch=20)


def lights(round_id: int) -> dict[str, tables.RoundWarning]:
    with reading() as db:
        row = tables.RoundWarning
        return {entry.name: entry for entry in db.scalars(select(row).where(row.round_id == round_id))}


def named(round_id: int, level: WarningLevel) -> set[str]:
    return {name for name, round_warning in lights(round_id).items() if round_warning.level is level}
