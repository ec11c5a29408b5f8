"""Held-out answers for tests: groups, a text for each prompt and checkpoint, and the row that says what was right."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from backend.db import session, tables
from backend.services.access import Actor
from backend.services.held_out import listing
from backend.services.held_out.filtering import HeldOutFilters, ShownPrompts
from backend.values import RoundStatus, Split, Stage
from tests import rows

NUMBER = 40


def make_held_out(project: tables.Project, number: int, *, name: str = "") -> tables.PromptSet:
    """A held-out set whose prompts have a level of 1 to 3, a number of their own and a known answer."""
    texts = [f"How much is {n} and {n}?" for n in range(number)]
    prompt_set = rows.make_prompt_set(
        project, name, prompts=texts, answers=[str(2 * n) for n in range(number)], split=Split.held_out
    )
    with session() as db:
        for n, prompt in enumerate(
            db.scalars(
                select(tables.Prompt).where(tables.Prompt.prompt_set_id == prompt_set.id).order_by(tables.Prompt.id)
            )
        ):
            prompt.extra = {"level": n % 3 + 1, "kind": "even" if n % 2 == 0 else "odd", "row": n}
    return prompt_set


def make_done_round(
    project: tables.Project,
    policy: tables.Checkpoint,
    held_out: Sequence[tables.PromptSet],
    *,
    makes: bool = True,
    **columns: object,
) -> tuple[tables.Round, tables.Checkpoint | None]:
    """A round that is done, and the checkpoint it made."""
    checkpoint = rows.make_checkpoint(project, parent=policy) if makes else None
    done = {"status": RoundStatus.done, "stage": Stage.evaluate, "checkpoint_id": checkpoint.id if checkpoint else None}
    return rows.make_round(project, policy, held_out=held_out, **done | columns), checkpoint


def measure(
    round_: tables.Round,
    checkpoint: tables.Checkpoint,
    held_out: Sequence[tables.PromptSet],
    right: Collection[int],
    *,
    unknown: Collection[int] = (),
    texts: Sequence[str] = (),
) -> None:
    """The checkpoint's answers to all prompts; those at the places `right` are right, and all but `unknown` wrong."""
    with session() as db:
        prompt, group = tables.Prompt, tables.Group
        ids = list(
            db.scalars(
                select(prompt.id)
                .where(prompt.prompt_set_id.in_([prompt_set.id for prompt_set in held_out]))
                .order_by(prompt.id)
            )
        )
        there = {
            row.prompt_id: row.id
            for row in db.scalars(select(group).where(group.round_id == round_.id, group.split == Split.held_out))
        }
        for place, prompt_id in enumerate(ids):
            if prompt_id not in there:
                result = tables.Group(
                    round_id=round_.id, prompt_id=prompt_id, split=Split.held_out, position=len(there)
                )
                db.add(result)
                db.flush()
                there[prompt_id] = result.id
            text = texts[place] if texts else f"I think it is {2 * place if place in right else 'seven'}."
            db.add(
                tables.Sample(
                    project_id=round_.project_id,
                    round_id=round_.id,
                    group_id=there[prompt_id],
                    prompt_id=prompt_id,
                    checkpoint_id=checkpoint.id,
                    split=Split.held_out,
                    position=0,
                    text=text,
                    finish_reason="stop",
                    num_tokens=len(text.split()),
                    seed=0,
                )
            )
        good = [id_ for place, id_ in enumerate(ids) if place in right]
        bad = [id_ for place, id_ in enumerate(ids) if place not in right and place not in unknown]
        n = len(good) + len(bad)
        by = {"metrics": [{"name": "held_out_accuracy", "verifier": {"name": "exact_match"}}]}
        db.add(
            tables.Metric(
                project_id=round_.project_id,
                round_id=round_.id,
                checkpoint_id=checkpoint.id,
                name="held_out_accuracy",
                value=len(good) / n if n else None,
                low=None,
                high=None,
                n=n,
                details={"right": good, "wrong": bad, "measured_by": by},
            )
        )


@dataclass
class Line:
    """Base, round 1 and round 2 on the same 40 prompts. The base is right on 0 to 19, round 1 on 0 to 29 and unknown on
    39, round 2 on 5 to 29."""

    actor: Actor
    project: tables.Project
    held_out: tables.PromptSet
    checkpoints: list[tables.Checkpoint]
    rounds: list[tables.Round]
    prompt_ids: list[int]

    def places(self, show: str, *chosen: int, **filters: object) -> list[int]:
        """The places of the prompts that the table shows of these checkpoints."""
        ids = [self.checkpoints[n].id for n in chosen]
        held_out_page = listing.page(self.actor, self.project.id, ids, HeldOutFilters(ShownPrompts(show), **filters))  # type: ignore[arg-type]
        return [self.prompt_ids.index(row.prompt_id) for row in held_out_page.rows]


def make_line(texts: Sequence[str] = (), **recipe: object) -> Line:
    """The line; `texts`: what the base and round 2 answer, one after the other."""
    project = rows.make_project()
    held_out = make_held_out(project, NUMBER)
    base = rows.make_checkpoint(project, "base model")
    first, checkpoint = make_done_round(project, base, [held_out])
    assert checkpoint
    measure(first, base, [held_out], range(20), texts=texts[:NUMBER])
    measure(first, checkpoint, [held_out], range(30), unknown=[39])
    second, two = make_done_round(project, checkpoint, [held_out], parent_id=first.id, recipe=rows.RECIPE | recipe)
    assert two
    measure(second, two, [held_out], range(5, 30), texts=texts[NUMBER:])
    ids = [prompt.id for prompt in rows.prompts_of(held_out)]
    return Line(rows.make_actor(project), project, held_out, [base, checkpoint, two], [first, second], ids)
