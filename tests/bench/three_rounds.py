"""A project with three rounds, for somebody who has never seen Rondo.

`python -m tests.bench.three_rounds FOLDER`: the demo's model goes through three rounds. The first and the third learn from
their own judged answers; the second nearly only from solved problems that need a product, so it gets much better at
these and worse at the others. The second and the third go on from the first. Afterwards `rondo up --data-dir FOLDER` opens the project, and the question is:

    Which of these three rounds is best, and what got worse in it?

Counted are seconds, clicks and pages from the overview to the right answer, which stands in FOLDER/answer.txt and is not
printed.
"""

import argparse
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.place import run_stage

NOTE = "needs"
SUMS, PRODUCTS = "only + and -", "a product"
"""What a problem can be solved with, as its note says it."""
PROMPTS, STEPS = 300, 120
SOLVED_SHARE = 0.9
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a new folder for the project")
    asked = parser.parse_args()
    if (asked.folder / "rondo.db").exists():
        raise SystemExit(f"{asked.folder} has a project. Name another folder, or open it: rondo up --data-dir ...")
    prepare(asked.folder.resolve())
    print(f"rondo up --data-dir {asked.folder}")
    print("Which of these three rounds is best, and what got worse in it?")


def prepare(folder: Path) -> None:
    """Make the installation, run the rounds, and write down what is right."""
    os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = str(folder), ""
    import migrations
    from backend import jobs
    from backend.services import demo
    from backend.services.people import accounts

    folder.mkdir(parents=True, exist_ok=True)
    migrations.upgrade()
    jobs.prepare()
    owner = accounts.local_owner()
    project_id = demo.create(owner)
    name_kinds(project_id)
    solved = import_solved(owner, project_id, PRODUCTS, folder)
    first = run_round(owner, project_id, None, ())
    run_round(owner, project_id, first, (solved,))
    run_round(owner, project_id, first, ())
    (folder / "answer.txt").write_text(answer(owner, project_id), encoding="utf-8")


def kind_of(problem: Any) -> str:
    """Whether it can be solved without a product."""
    from backend.demo import countdown

    return SUMS if any("*" not in text for text in countdown.solutions(problem)) else PRODUCTS


def name_kinds(project_id: int) -> None:
    """Give every held-out prompt the note by which it belongs to a category."""
    from sqlalchemy import select

    from backend.db import session, tables
    from backend.demo import countdown
    from backend.values import Split

    prompt, prompt_set = tables.Prompt, tables.PromptSet
    query = select(prompt).join(prompt_set, prompt_set.id == prompt.prompt_set_id)
    with session() as db:
        for row in db.scalars(query.where(prompt_set.project_id == project_id, prompt_set.split == Split.held_out)):
            row.extra = row.extra | {NOTE: kind_of(countdown.parse_prompt(row.text))}


def import_solved(owner: Any, project_id: int, kind: str, folder: Path) -> int:
    """Import solved problems of one kind; return the id of their set."""
    from backend.demo import countdown, make_prompts
    from backend.services import prompts

    chance = random.Random(SEED)
    _, _, train = make_prompts.split(make_prompts.SEED)
    rows = [
        {"prompt": countdown.prompt(entry), "answer": chance.choice(countdown.solutions(entry))}
        for entry in train
        if kind_of(entry) == kind
    ]
    file = folder / "solved.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = prompts.import_file(owner, project_id, f"Solved, {kind}", file)
    file.unlink()
    return result.sets[0].id


def run_round(owner: Any, project_id: int, parent_id: int | None, mixed: tuple[int, ...]) -> int:
    """Run one round to its end; return its id."""
    from backend.services import rounds
    from backend.values import RoundStatus

    plan = rounds.defaults(owner, project_id, parent_id)
    recipe = plan.recipe | {"trainer": plan.recipe["trainer"] | {"max_steps": STEPS}}
    changes: dict[str, Any] = {"num_prompts": PROMPTS, "is_reviewed": False}
    if mixed:
        recipe |= {"mix_share": SOLVED_SHARE, "earlier_rounds": False}
        changes["mix_set_ids"] = mixed
    round_id = rounds.launch(owner, project_id, replace(plan, recipe=recipe, **changes))
    while (round_view := rounds.get(owner, round_id)).status is RoundStatus.running:
        run_stage(round_id)
    if round_view.status is not RoundStatus.done:
        raise SystemExit(f"Round {round_view.number} is {round_view.status}: {round_view.error}")
    return round_id


def answer(owner: Any, project_id: int) -> str:
    """Which round is best, and each round's categories against the round that it went on from."""
    from backend.services.held_out import compared
    from backend.services.projects import overview

    loop = overview.loop(owner, project_id)
    measured = [entry for entry in loop.lines if entry.round_id and entry.accuracy]
    assert loop.best is not None, "three rounds were measured on the same prompts"
    texts = [f"best: round {loop.best.line.number}{'' if loop.best.is_above_base else ', not above the base'}"]
    for line in measured:
        old, new = compared.default(owner, project_id, f"r{line.round_id}") or ("", "")
        result = compared.compare(owner, project_id, old, new)
        accuracy = line.accuracy.value if line.accuracy else None
        texts.append(f"round {line.number}: {accuracy:.1%}, against {result.old.name}:")
        for category in result.categories:
            gap = category.difference
            is_sure = "beyond chance" if category.is_changed else "may be chance"
            texts.append(
                f"  {category.key} {category.value}: {gap.old:.1%} to {gap.new:.1%} ({gap.n} prompts, {is_sure})"
            )
    return "\n".join(texts) + "\n"


if __name__ == "__main__":
    main()
