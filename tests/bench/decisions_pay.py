"""Whether a decision pays three times: as the label, as evidence for the judge's cut, and as a row that teaches it.

The demo's first round is judged by the model itself, and a share of its verdicts is turned round (`--noise`). A reviewer
who knows the truth decides on `--decisions` texts, as the queue gives them by informativeness or at random, or on none.
`label`: the decisions are labels and nothing else. `all`: they also move the cut (by accuracy) and are rows that teach
the judge, which is the policy. The next round is judged by the new checkpoint with the same noise, and reviewed by
nobody. Held-out accuracy stands after both rounds.

Each arm goes on from the same judged round. What is finished is added to the file of --out, a line an arm, and is not
run again; `--estimate` says how long what is missing takes, `--table` shows what is finished, and both run nothing.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.decisions_table import table
from tests.bench.place import data_folder, run_stage

OUT = Path(tempfile.gettempdir()) / "rondo-decisions-pay.jsonl"
ARMS: dict[str, tuple[str, bool, bool]] = {
    "none": ("", False, False),
    "queue, label": ("informativeness", False, False),
    "queue, all": ("informativeness", True, True),
    "random, label": ("random", False, False),
    "random, all": ("random", True, True),
}
"""The order in which the reviewer gets the texts, whether the cut moves, whether decisions teach the judge."""
EACH: dict[str, tuple[str, bool, bool]] = {
    "queue, label and cut": ("informativeness", True, False),
    "queue, label and rows": ("informativeness", False, True),
    "random, label and cut": ("random", True, False),
    "random, label and rows": ("random", False, True),
}
RANDOM_SHARE = 0.3
"""Of what the queue gives, so that a hundred decisions hold enough at random for the cut and the corrected share."""
RATE = 1e-4
"""Of the trainings: the one at which recipes are compared, since few steps do not recover from the demo's."""
FIRST_GUESS = 75.0
"""Seconds of an arm on two cores, before any is finished."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--noise", default="15,30", help="per cent of verdicts that are turned round, with commas")
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--prompts", type=int, default=400, help="prompts of a round, with 8 texts each")
    parser.add_argument("--steps", type=int, default=50, help="optimizer steps of a training")
    parser.add_argument("--votes", type=int, default=1, help="replies of the judge; above 1 at temperature 1")
    parser.add_argument("--each", action="store_true", help="the second and the third use one by one, too")
    parser.add_argument("--only", default="", help="arms, with semicolons between; empty: all")
    parser.add_argument("--out", type=Path, default=OUT, help=f"file of what is finished ({OUT})")
    parser.add_argument("--estimate", action="store_true", help="say how long it takes, and run nothing")
    parser.add_argument("--table", action="store_true", help="show the tables of what is finished, and run nothing")
    asked = parser.parse_args()
    size = {name: getattr(asked, name) for name in ("decisions", "prompts", "steps", "votes")}
    arms = ARMS | (EACH if asked.each else {})
    arms = {name: arm for name, arm in arms.items() if not asked.only or name in asked.only.split(";")}
    noises = [int(word) for word in asked.noise.split(",")]
    done = finished(asked.out, size)
    known = {(entry["noise"], entry["seed"], entry["arm"]) for entry in done}
    # The first seed of all arms, then the second: whoever stops early has a whole table.
    missing = [
        (n, s, arm) for s in range(1, asked.seeds + 1) for n in noises for arm in arms if (n, s, arm) not in known
    ]
    each = statistics.fmean([entry["seconds"] for entry in done] or [FIRST_GUESS])
    print(
        f"{len(missing)} of {len(noises) * asked.seeds * len(arms)} runs are missing, about {each:.0f} s each: "
        f"{len(missing) * each / 60:.0f} minutes.",
        flush=True,
    )
    if asked.estimate:
        return
    if asked.table:
        show(done, noises, arms, asked.seeds)
        return
    with asked.out.open("a", encoding="utf-8") as out:
        for noise, seed in dict.fromkeys((n, s) for n, s, _ in missing):
            wanted = {arm: arms[arm] for n, s, arm in missing if (n, s) == (noise, seed)}
            for line in run_seed(noise, seed, wanted, size):
                out.write(json.dumps(line | {"size": size}) + "\n")
                out.flush()
    show(finished(asked.out, size), noises, arms, asked.seeds)


def show(done: Sequence[dict[str, Any]], noises: Sequence[int], arms: dict[str, Any], seeds: int) -> None:
    """Print a table for each noise."""
    for noise in noises:
        lines = [entry for entry in done if entry["noise"] == noise and entry["seed"] <= seeds]
        print(f"\n{noise} % of the verdicts turned round\n\n{table(lines, arms)}")


def finished(file: Path, size: dict[str, int]) -> list[dict[str, Any]]:
    """The lines of runs of this size."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if line.get("size") == size]


def run_seed(noise: int, seed: int, arms: dict[str, Any], size: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Judge a round, then go on from it once for each arm; a line for each."""
    import tests.bench.flipped_verdict  # noqa: F401  # the part is registered
    from backend.db import dispose
    from backend.pipeline import train
    from backend.services import demo, judge_health, rounds
    from backend.services.people import accounts
    from tests import warm

    train.run_grandchild = warm.run_grandchild
    with data_folder() as folder, tempfile.TemporaryDirectory(prefix="rondo-judged-") as kept:
        actor = accounts.local_owner()
        project_id = demo.create(actor)
        judge_health.set_limits(actor, project_id, {"hold": False})
        plan = replace(
            rounds.defaults(actor, project_id),
            recipe=recipe(noise, size, teaches=True),
            num_prompts=size["prompts"],
            seed=seed,
            is_reviewed=True,
            review={"random_share": RANDOM_SHARE},
        )
        round_id = rounds.launch(actor, project_id, plan)
        run_stage(round_id)
        run_stage(round_id)
        dispose()
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        for name, arm in arms.items():
            dispose()
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
            started = time.monotonic()
            line = {"noise": noise, "seed": seed, "arm": name} | run_arm(actor, round_id, arm, noise, size)
            line["seconds"] = round(time.monotonic() - started, 1)
            text = ", ".join(f"{round_['accuracy']:.1%}" for round_ in line["rounds"])
            print(f"noise {noise} %, seed {seed}, {name}: {text} ({line['seconds']:.0f} s)", flush=True)
            yield line


def recipe(noise: int, size: dict[str, int], *, teaches: bool) -> dict[str, Any]:
    """The demo's recipe as steps, with the judge that errs, and with rows for the judge where it is to be taught."""
    from backend import demo
    from backend.recipes import Recipe

    changes = demo.RECIPE_CHANGES
    judge = changes["judge"] | {"name": "flipped_verdict", "noise": noise / 100, "votes": size["votes"]}
    parts = [
        ("prompt_source", {"name": "prompt_set"}),
        ("generator", {"name": "sample"} | changes["generator"]),
        ("judge", judge | ({"temperature": 1.0} if size["votes"] > 1 else {})),
        ("selector", {"name": "above_threshold", "threshold": 0.5, "max_per_prompt": 1}),
        ("mixer", {"name": "earlier_rounds"}),
        *([("mixer", {"name": "decided_verdicts", "rounds": 2})] if teaches else []),
        ("mixer", {"name": "seed_share", "share": changes["mix_share"]}),
        ("trainer", {"name": "sft"} | changes["trainer"] | {"max_steps": size["steps"], "learning_rate": RATE}),
    ]
    fields = {
        "name": "decisions_pay",
        "title": "Decisions that pay",
        "metrics": changes["metrics"][:1],
        "steps": [{"part": part, "kind": kind} for kind, part in parts],
    }
    return Recipe.model_validate(fields).model_dump(mode="json")


def run_arm(actor: Any, round_id: int, arm: tuple[str, bool, bool], noise: int, size: dict[str, int]) -> dict[str, Any]:
    """Review, train and measure the judged round in this way, then a round after it."""
    from backend.db import session, tables
    from backend.services import judge_health, reviews, rounds
    from backend.services.queue import Order
    from backend.services.reviews import settings_edit
    from tests.bench.informativeness import review

    order, moves, teaches = arm
    with session() as db:  # the steps behind the review, none of which has run
        db.get_one(tables.Round, round_id).recipe = recipe(noise, size, teaches=teaches)
    if moves:
        settings_edit.edit_review(actor, round_id, {"cut": "accuracy"})
    result = review(actor, round_id, Order[order], size["decisions"]) if order else []
    corrected = judge_health.of_round(actor, round_id).corrected
    line: dict[str, Any] = {"overridden": sum(entry for entry, _ in result)} | truth(round_id)
    if corrected is not None:
        line |= {
            "judge": corrected.judge,
            "corrected": [getattr(corrected.number, n) for n in ("value", "low", "high")],
        }
    reviews.close(actor, round_id)
    line["rounds"] = [ended(actor, round_id)]
    line["cut"] = cut_of(round_id)
    project_id = rounds.get(actor, round_id).project_id
    after = replace(rounds.defaults(actor, project_id, round_id), is_reviewed=False)
    line["rounds"].append(ended(actor, rounds.launch(actor, project_id, after)))
    return line


def ended(actor: Any, round_id: int) -> dict[str, Any]:
    """Run what is left of a round; its held-out accuracy, prompt by prompt."""
    from backend.services import rounds
    from backend.values import RoundStatus
    from tests.bench.recipes_compared import measured

    while rounds.get(actor, round_id).status is RoundStatus.running:
        run_stage(round_id)
    done = rounds.get(actor, round_id)
    assert done.checkpoint_id is not None, f"the round is {done.status}: {done.error}"
    return measured(done.checkpoint_id) | {"kept": done.counts.get("kept")}


def truth(round_id: int) -> dict[str, float]:
    """The share of right answers in the round, and the share of wrong labels that the judge gave."""
    from sqlalchemy import select

    from backend.db import reading, tables
    from backend.demo import countdown

    sample, prompt, label = tables.Sample, tables.Prompt, tables.Label
    query = select(prompt.text, sample.text, label.machine_verdict).join(prompt, prompt.id == sample.prompt_id)
    query = query.join(label, label.sample_id == sample.id).where(sample.round_id == round_id)
    with reading() as db:
        rows = [(countdown.is_correct(asked, text), verdict) for asked, text, verdict in db.execute(query)]
    judged = [(right, verdict == "accept") for right, verdict in rows if verdict is not None]
    return {
        "truth": sum(right for right, _ in judged) / len(judged),
        "wrong": sum(right != reply for right, reply in judged) / len(judged),
    }


def cut_of(round_id: int) -> dict[str, Any] | None:
    """What the round's dataset says of the cut."""
    from sqlalchemy import select

    from backend.db import reading, tables

    query = select(tables.Dataset.provenance).where(tables.Dataset.round_id == round_id).order_by(tables.Dataset.step)
    with reading() as db:
        return next((entry["cut"] for entry in db.scalars(query) if entry.get("cut")), None)


if __name__ == "__main__":
    main()
