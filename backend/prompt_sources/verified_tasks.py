"""Ask for tasks about programs, of which a run can say whether an answer is right."""

import random
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from backend.code_tasks import ZERO, Kind, Task
from backend.code_tasks.questions import proposal
from backend.prompt_sources._for_prompts import AsksBesideExamples
from backend.values import Group, Prompt


class VerifiedTasks(AsksBesideExamples):
    """Ask for a new task as often as the round takes prompts, of each kind in turn, unlike some that there are.

    Absolute Zero's proposer (Zhao et al. 2025, arXiv 2505.03335): deduction and abduction are asked for as a program
    with an input, induction as inputs and a message for a program of the tasks before. Shown are tasks of the same kind
    that the rounds above adopted or whose prompts hold a `task` in their metadata; where there is none, the identity.
    No prompt is shown otherwise: a question counts as one of a prompt of the round's sets, whatever that asks.
    """

    kinds: tuple[Kind, ...] = Field(
        ("deduction", "abduction", "induction"), min_length=1, description="kinds of tasks, in turn"
    )
    references: int = Field(6, ge=1, le=100, description="tasks of the same kind that are shown")
    inputs: int = Field(10, ge=2, le=50, description="inputs that are asked for in an induction")

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        known = [task for prompt in pool if (task := Task.of(prompt.metadata)) is not None]
        roots = [prompt for prompt in pool if not prompt.is_own] or list(pool)
        questions = []
        for number in range(limit if roots else 0):
            kind, chance = self.kinds[number % len(self.kinds)], random.Random(f"{seed} {number}")
            same = [task for task in known if task.kind == kind]
            shown = chance.sample(same, min(self.references, len(same))) or [ZERO]
            programs = [task.program for task in known if task.kind != "induction"] or [ZERO.program]
            program = chance.choice(programs)
            asked = proposal(kind, shown, program=program, inputs=self.inputs, number=number + 1, of=limit)
            questions.append(Group(replace(roots[number % len(roots)], messages=asked)))
        return questions
