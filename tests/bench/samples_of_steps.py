"""A project of a million samples that several steps made: answers, and criticisms and revisions of them in turn.

Beside the texts of the steps stand all other kinds: imported answers, edits by people, and roll-outs of a training,
which no list has but which are searched past. Each step's samples follow those of the step before, as a round makes
them, and five of six have been judged.
"""

import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert

from backend.db import now, session, tables
from backend.recipes import Recipe, Step
from backend.recipes import _parts as parts
from backend.services.access import Actor
from backend.values import LabelSource, Role, RoundStatus, Split, Stage, Verdict
from tests import rows
from tests.bench.samples_project import PER_PROMPT, in_chunks, label, prompt, sample, vocabulary

IMPORTED, EDITED, ROLLED_OUT = 50, 200, 10
"""Every so manieth answer is imported, every so manieth text edited; for so many texts there is one roll-out."""

Row = dict[str, Any]


def recipe(steps: int) -> Recipe:
    """Answers, then texts about them, each about the text before, which are judged, selected and trained on."""
    answers = Step(part=parts.Sample(n=PER_PROMPT), kind="generator", name="answers")
    later = [one for _ in range(steps - 1) for one in (parts.Ask(follow=True, strip=True), parts.Sample(n=1))]
    judged = (parts.AdditiveRubric(), parts.AboveThreshold(), parts.SFT())
    return Recipe(name="bench", title="Bench", steps=(parts.PromptSet(), answers, *later, *judged))


def build(number: int, steps: int) -> tuple[Actor, tables.Round]:
    """Write the project, about `number` samples in its lists; some minutes for a million."""
    per_step = number // steps
    num_prompts = per_step // PER_PROMPT
    project = rows.make_project("bench", guidelines="Accept what answers the question.")
    round_ = rows.make_round(
        project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True, num_prompts=num_prompts,
        recipe=recipe(steps).model_dump(mode="json"), step=2 * steps + 1,
    )  # fmt: skip
    prompts = tables.PromptSet(project_id=project.id, name="bench", split=Split.train, num_prompts=num_prompts)
    with session() as db:
        db.add(prompts)
    for table, made in Maker(round_, prompts.id, num_prompts, steps).everything():
        for chunk in in_chunks(made):
            with session() as db:
                db.execute(insert(table), [row for row, _ in chunk])
                if labels := [labelled for _, labelled in chunk if labelled]:
                    db.execute(insert(tables.Label), labels)
    with session() as db:
        db.connection().exec_driver_sql("ANALYZE")
    return rows.make_actor(project, Role.admin), round_


class Maker:
    """Makes the rows, which are the same every time. Texts of step k follow those of step k - 1, as do their ids."""

    def __init__(self, round_: tables.Round, prompt_set_id: int, num_prompts: int, steps: int) -> None:
        self.round, self.prompt_set_id, self.steps = round_, prompt_set_id, steps
        self.num_prompts, self.per_step = num_prompts, num_prompts * PER_PROMPT
        self.texts = steps * self.per_step
        self.chance, self.words = random.Random(1), vocabulary()

    def everything(self) -> Iterator[tuple[Any, Iterator[tuple[Row, Row | None]]]]:
        """Tables, and the rows of each with the label of a sample."""
        prompts = (prompt(self.prompt_set_id, n, self.chance, self.words) for n in range(self.num_prompts))
        yield tables.Prompt, ((row, None) for row in prompts)
        for step in range(self.steps):
            yield tables.Group, ((row, None) for row in self.groups(step))
            yield tables.Sample, self.samples(step)
        edits = self.texts // EDITED
        yield tables.Sample, (self.edit(n, n * EDITED) for n in range(edits))
        rollouts = range(self.texts // ROLLED_OUT)
        yield tables.Sample, ((self.rolled_out(self.texts + edits + n, n), None) for n in rollouts)

    def groups(self, step: int) -> Iterator[Row]:
        """Of answers the prompts; of later steps a question about each text of the step before."""
        common = {"round_id": self.round.id, "split": Split.train, "step": 2 * step, "created_at": now()}
        asked = [{"role": "user", "content": "Say what is wrong with it and how it could be better."}]
        for n in range(self.per_step if step else self.num_prompts):
            prompt_id = n // PER_PROMPT + 1 if step else n + 1
            about = {"parent_id": (step - 1) * self.per_step + n + 1, "messages": asked} if step else {}
            yield common | about | {"id": self.group(step, n), "prompt_id": prompt_id, "position": n}

    def group(self, step: int, n: int) -> int:
        return (self.num_prompts + (step - 1) * self.per_step if step else 0) + n + 1

    def samples(self, step: int) -> Iterator[tuple[Row, Row | None]]:
        for n in range(self.per_step):
            group_id = self.group(step, n if step else n // PER_PROMPT)
            kind = "import" if step == 0 and n % IMPORTED == 1 else "completion"
            yield self.written(step * self.per_step + n, n, group_id, 2 * step + 1, kind)

    def written(self, number: int, n: int, group_id: int, step: int, kind: str) -> tuple[Row, Row]:
        """A sample of a step, the `number`th of all, and its label. Criticisms, each second step's, are not judged."""
        place = {"step": step, "kind": kind}
        row = sample(self.round, n, self.chance, self.words) | place | {"id": number + 1, "group_id": group_id}
        row |= {"position": n % PER_PROMPT if step == 1 else 0}
        row |= {"checkpoint_id": None} if kind == "import" else {}
        labelled = label(self.round.id, number, self.chance) | place
        return row, unjudged(labelled) if step == 3 else labelled

    def edit(self, n: int, of: int) -> tuple[Row, Row]:
        """What a person made of a text: without a score, some of it accepted by a person."""
        step, place = divmod(of, self.per_step)
        group_id = self.group(step, place if step else place // PER_PROMPT)
        row, labelled = self.written(self.texts + n, place, group_id, 2 * step + 1, "edit")
        row |= {"edited_from_id": of + 1, "position": place % PER_PROMPT}
        labelled = unjudged(labelled)
        return row, labelled | ({"verdict": Verdict.accept, "source": LabelSource.person} if n % 3 else {})

    def rolled_out(self, number: int, n: int) -> Row:
        row, _ = self.written(number, n, self.group(0, n // PER_PROMPT), 2 * self.steps + 2, "rollout")
        return row | {"extra": {"reward": 1.0, "optimizer_step": n // 100}, "position": n % PER_PROMPT}


def unjudged(labelled: Row) -> Row:
    machine = dict.fromkeys(("score", "verdict", "machine_score", "machine_verdict", "machine_spread"))
    return labelled | machine | {"source": LabelSource.none, "is_overridden": False, "is_unparsed": False}
