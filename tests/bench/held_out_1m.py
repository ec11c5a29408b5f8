"""Held-out answers where there are a million of them: 10,000 prompts asked of 100 checkpoints, pages and comparisons.

`python -m tests.bench.held_out_1m [--checkpoints N]`: the best of five calls of each, in milliseconds.
"""

import argparse
import random
import time
from collections.abc import Callable

from sqlalchemy import insert, select

from backend.db import now, session, tables
from backend.db.bulk import insert_rows
from backend.services.access import Actor
from backend.services.held_out import answers, compared, listing
from backend.services.held_out.filtering import HeldOutFilters, ShownPrompts
from backend.values import JSON, Split
from tests import rows
from tests.bench.place import data_folder
from tests.integration.held_out import make_done_round, make_held_out

PROMPTS, BUDGET_MS = 10_000, 100.0
TEXT = "Let us see. Twice the number is what is asked for, so we add it to itself, step by step. " * 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoints", type=int, default=100)
    args = parser.parse_args()
    with data_folder():
        actor, project_id, checkpoint_ids, round_ids, prompt_ids = make(args.checkpoints)
        print(f"{len(prompt_ids) * len(checkpoint_ids):,} held-out answers")
        slow = measure(actor, project_id, checkpoint_ids, round_ids, prompt_ids)
    if slow:
        raise SystemExit(f"Over {BUDGET_MS:g} ms: {', '.join(slow)}")


def make(number: int) -> tuple[Actor, int, list[int], list[int], list[int]]:
    """A line of so many rounds, each right where the one before was but for one prompt in twenty."""
    project, draw = rows.make_project(), random.Random(0)
    held_out = make_held_out(project, PROMPTS)
    prompt_ids = [prompt.id for prompt in rows.prompts_of(held_out)]
    policy, checkpoint_ids, round_ids = rows.make_checkpoint(project), [], []
    right = {n for n in prompt_ids if draw.random() < 0.5}
    for place in range(number):
        round_, checkpoint = make_done_round(project, policy, [held_out])
        assert checkpoint
        right ^= set(draw.sample(prompt_ids, PROMPTS // 20))
        write(round_, checkpoint.id, prompt_ids, right, place)
        policy = checkpoint
        checkpoint_ids.append(checkpoint.id)
        round_ids.append(round_.id)
    return rows.make_actor(project), project.id, checkpoint_ids, round_ids, prompt_ids


def write(round_: tables.Round, checkpoint_id: int, prompt_ids: list[int], right: set[int], place: int) -> None:
    with session() as db:
        same: JSON = {"round_id": round_.id, "split": Split.held_out, "created_at": now()}
        groups = [same | {"prompt_id": n, "position": position} for position, n in enumerate(prompt_ids)]
        db.execute(insert(tables.Group), groups)
        group_ids = db.scalars(
            select(tables.Group.id).where(tables.Group.round_id == round_.id).order_by(tables.Group.position)
        ).all()
        common: JSON = {
            "project_id": round_.project_id,
            "round_id": round_.id,
            "checkpoint_id": checkpoint_id,
            "split": Split.held_out,
            "kind": "completion",
            "position": 0,
            "finish_reason": "stop",
            "num_tokens": 90,
            "seed": 0,
            "score_like": False,
            "step": 1,
            "role": "policy",
            "extra": {},
            "created_at": now(),
        }
        texts = [f"{TEXT} The answer is {'right' if n in right else f'wrong {place}'}." for n in prompt_ids]
        insert_rows(db, tables.Sample, common, {"group_id": group_ids, "prompt_id": prompt_ids, "text": texts})
        details = {"right": [n for n in prompt_ids if n in right], "wrong": [n for n in prompt_ids if n not in right]}
        db.add(
            tables.Metric(
                project_id=round_.project_id,
                round_id=round_.id,
                checkpoint_id=checkpoint_id,
                name="held_out_accuracy",
                value=len(right) / PROMPTS,
                n=PROMPTS,
                details=details,
            )
        )


def measure(
    actor: Actor, project_id: int, checkpoint_ids: list[int], round_ids: list[int], prompt_ids: list[int]
) -> list[str]:
    """Print each figure; return the names of those over the budget."""
    pair, six = [checkpoint_ids[0], checkpoint_ids[-1]], [*checkpoint_ids[:5], checkpoint_ids[-1]]

    def listed(ids: list[int], filters: HeldOutFilters, **place: int) -> Callable[[], object]:
        return lambda: listing.page(actor, project_id, ids, filters, **place)  # type: ignore[arg-type]

    asked: dict[str, Callable[[], object]] = {
        "all": listed(pair, HeldOutFilters()),
        "all, six checkpoints": listed(six, HeldOutFilters()),
        "all, from the middle": listed(pair, HeldOutFilters(), after=PROMPTS // 2),
        "all, back from the end": listed(pair, HeldOutFilters(), before=PROMPTS),
        **{str(show): listed(pair, HeldOutFilters(show)) for show in ShownPrompts if show is not ShownPrompts.all},
        "never right, six checkpoints": listed(six, HeldOutFilters(ShownPrompts.never_right)),
        "category": listed(pair, HeldOutFilters(category=("level", 2))),
        "newly wrong in a category": listed(pair, HeldOutFilters(ShownPrompts.newly_wrong, ("level", 2))),
        "search, all prompts": listed(pair, HeldOutFilters(search="much")),
        "search, one prompt": listed(pair, HeldOutFilters(search="9321")),
        "search, none": listed(pair, HeldOutFilters(ShownPrompts.newly_right, search="nowhere")),
        "one prompt": lambda: answers.detail(actor, project_id, prompt_ids[-1], six),
        "categories": lambda: listing.categories(actor, project_id, checkpoint_ids[-1]),
        "two rounds": lambda: compared.compare(actor, project_id, f"r{round_ids[0]}", f"r{round_ids[-1]}"),
    }
    slow = []
    for name, call in asked.items():
        times = []
        for _ in range(5):
            start = time.process_time()
            call()
            times.append((time.process_time() - start) * 1000)
        print(f"{name:32} {min(times):7.1f} ms")
        if min(times) > BUDGET_MS:
            slow.append(name)
    return slow


if __name__ == "__main__":
    main()
