"""A project of a million samples that several steps made: answers, and criticisms and revisions of them in turn.

Beside the texts of the steps stand all other kinds: imported answers, edits by people, and roll-outs of a training,
which no list has but which are searched past. Each step's samples follow those of the step before, as a round makes
them; all but the first criticisms are judged. To be made quickly, texts are short, and some thousand texts
and labels are used again and again.
"""

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from backend.db import now, session, tables
from backend.db.bulk import insert_rows
from backend.recipes import Recipe, Step
from backend.recipes import _parts as parts
from backend.services.access import Actor
from backend.values import LabelSource, Role, RoundStatus, Split, Stage, Verdict
from tests import rows
from tests.bench.samples_project import PER_PROMPT, in_chunks, label, prompt, some_words, vocabulary

IMPORTED, EDITED, ROLLED_OUT = 50, 200, 20
"""Every so manieth answer is imported, every so manieth text edited; for so many texts there is one roll-out."""

Row = dict[str, Any]
Columns = dict[str, Sequence[Any]]
UNJUDGED: Row = dict.fromkeys(("score", "verdict", "machine_score", "machine_verdict", "machine_spread"))
UNJUDGED |= {"source": LabelSource.none, "is_overridden": False, "is_unparsed": False}
SELDOM = {77: " unicorn"}
CHANCE, WORDS = random.Random(1), vocabulary()
TEXTS = [some_words(CHANCE, WORDS, 12) for _ in range(3_001)]
LABELS = [label(0, 0, CHANCE) for _ in range(20_011)]
MADE_UP = [name for name in LABELS[0] if name not in ("sample_id", "round_id", "updated_at", "kind")]


def recipe(steps: int) -> Recipe:
    """Answers, then texts about them, each about the text before, which are judged, selected and trained on."""
    answers = Step(part=parts.Sample(n=PER_PROMPT), kind="generator", name="answers")
    about = parts.Ask(about="last", follow=True, strip=True)
    later = [entry for _ in range(steps - 1) for entry in (about, parts.Sample(n=PER_PROMPT))]
    judged = (parts.AdditiveRubric(), parts.AboveThreshold(), parts.SFT())
    return Recipe(name="bench", title="Bench", steps=(parts.PromptSet(), answers, *later, *judged))


def build(number: int, steps: int) -> tuple[Actor, tables.Round]:
    """Write the project, about `number` samples in its lists; some minutes for a million."""
    per_step = number // steps
    num_prompts = per_step // PER_PROMPT
    project = rows.make_project("bench", guidelines="Accept what answers the question.")
    round_ = rows.make_round(
        project,
        status=RoundStatus.review,
        stage=Stage.review,
        is_reviewed=True,
        num_prompts=num_prompts,
        recipe=recipe(steps).model_dump(mode="json"),
        step=2 * steps + 1,
    )
    prompts = tables.PromptSet(project_id=project.id, name="bench", split=Split.train, num_prompts=num_prompts)
    with session() as db:
        db.add(prompts)
        db.flush()
        db.execute(insert(tables.Prompt), [prompt(prompts.id, n, CHANCE, WORDS) for n in range(num_prompts)])
    maker = Maker(round_, num_prompts, steps)
    for step in range(steps):
        with session() as db:
            maker.ask(db, step)
        for some in in_chunks(iter(range(step * maker.per_step, (step + 1) * maker.per_step))):
            with session() as db:
                maker.write(db, some)
    for write, number in ((maker.edit, maker.edits), (maker.roll_out, maker.texts // ROLLED_OUT)):
        for some in in_chunks(iter(range(number))):
            with session() as db:
                write(db, some)
    with session() as db:
        db.connection().exec_driver_sql("ANALYZE")
    return rows.make_actor(project, Role.admin), round_


class Maker:
    """Writes the rows, which are the same every time. The nth text of all is the nth sample."""

    def __init__(self, round_: tables.Round, num_prompts: int, steps: int) -> None:
        self.round, self.num_prompts, self.steps = round_, num_prompts, steps
        self.per_step = num_prompts * PER_PROMPT
        self.texts = steps * self.per_step
        self.edits = self.texts // EDITED

    def ask(self, db: Session, step: int) -> None:
        """The prompts; of a later step a question about the last text of each group of the step before."""
        asked = [{"role": "user", "content": "Say what is wrong with it and how it could be better."}]
        common = {"round_id": self.round.id, "split": Split.train, "step": 2 * step, "created_at": now()}
        common |= {"is_stripped": step > 0, "messages": asked if step else None}
        numbers = range(self.num_prompts)
        last = (step - 1) * self.per_step + PER_PROMPT
        columns: Columns = {
            "id": [step * self.num_prompts + n + 1 for n in numbers],
            "prompt_id": [n + 1 for n in numbers],
            "position": numbers,
            "parent_id": [last + n * PER_PROMPT if step else None for n in numbers],
        }
        insert_rows(db, tables.Group, common, columns)

    def write(self, db: Session, numbers: Sequence[int]) -> None:
        """Texts of the steps, one step's after another's, and their labels."""
        kinds = ["import" if n < self.per_step and n % IMPORTED == 1 else "completion" for n in numbers]
        self.samples(db, numbers, numbers, {"kind": kinds})
        records = [UNJUDGED if self.step(n) == 3 else {} for n in numbers]
        self.labels(db, numbers, numbers, {"kind": kinds}, records)

    def edit(self, db: Session, edits: Sequence[int]) -> None:
        """What people made of texts: without a score, two of three accepted."""
        originals, kinds = [n * EDITED for n in edits], ["edit"] * len(edits)
        numbers = [self.texts + n for n in edits]
        self.samples(db, numbers, originals, {"kind": kinds, "edited_from_id": [n + 1 for n in originals]})
        accepted = {"verdict": Verdict.accept, "source": LabelSource.person}
        records = [UNJUDGED | (accepted if n % 3 else {}) for n in edits]
        self.labels(db, numbers, originals, {"kind": kinds}, records)

    def roll_out(self, db: Session, numbers: Sequence[int]) -> None:
        """What the training wrote, which has no labels."""
        extra = [{"reward": 1.0, "optimizer_step": n // 100} for n in numbers]
        columns = {"kind": ["rollout"] * len(numbers), "extra": extra, "step": [2 * self.steps + 2] * len(numbers)}
        self.samples(db, [self.texts + self.edits + n for n in numbers], numbers, columns)

    def step(self, n: int) -> int:
        """The place in the recipe of the step that wrote the nth text."""
        return 2 * (n // self.per_step) + 1

    def samples(self, db: Session, numbers: Sequence[int], of: Sequence[int], more: Columns) -> None:
        """Samples in the groups of the texts `of`."""
        common = {
            "project_id": self.round.project_id,
            "round_id": self.round.id,
            "split": Split.train,
            "seed": 0,
            "finish_reason": "stop",
            "score_like": False,
            "created_at": now(),
        }
        columns = {
            "id": [n + 1 for n in numbers],
            "group_id": [n // PER_PROMPT + 1 for n in of],
            "prompt_id": [n % self.per_step // PER_PROMPT + 1 for n in of],
            "position": [n % PER_PROMPT for n in of],
            "checkpoint_id": [None if kind == "import" else self.round.policy_id for kind in more["kind"]],
            "text": [TEXTS[n % len(TEXTS)] + SELDOM.get(n % 500_000, " seldom" * (n % 1000 == 13)) for n in numbers],
            "num_tokens": [12] * len(numbers),
            "extra": [{}] * len(numbers),
            "step": [self.step(n) for n in of],
        }
        insert_rows(db, tables.Sample, common, columns | more)

    def labels(
        self, db: Session, numbers: Sequence[int], of: Sequence[int], more: Columns, lines: Sequence[Row]
    ) -> None:
        """The labels of these texts, with what is `said` of each instead."""
        rows = [LABELS[n % len(LABELS)] | other for n, other in zip(numbers, lines, strict=True)]
        columns = {name: [row[name] for row in rows] for name in MADE_UP}
        columns |= {"sample_id": [n + 1 for n in numbers], "step": [self.step(n) for n in of]}
        insert_rows(db, tables.Label, {"round_id": self.round.id, "updated_at": now()}, columns | more)
