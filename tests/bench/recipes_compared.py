"""Recipes of different kinds on the demo's task with the same budget: held-out accuracy after each round.

Each round writes as many texts and makes as many optimizer steps on as many texts. What is finished is added to the
file of --out, a line a recipe and seed, and is not run again; a line taken out of it is. The rounds are launched and
run as the product does, but without a worker, and trainings are forked from a process that has loaded the libraries.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.place import data_folder, run_stage

if TYPE_CHECKING:
    from backend.services.access import Actor
    from backend.services.rounds import Plan
    from tests.bench.recipes_on_demo import Entry

SAMPLES = 1_600
DRAWS = 2_000
OUT = Path(tempfile.gettempdir()) / "rondo-recipes-compared.jsonl"
SOLVED = "Countdown problems, solved"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each recipe, from seed 1 on")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each run")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="texts that a round writes")
    parser.add_argument("--only", default="", help="names of recipes, with commas between; empty: all")
    parser.add_argument("--out", type=Path, default=OUT, help=f"file of what is finished ({OUT})")
    asked = parser.parse_args()
    size = {"rounds": asked.rounds, "samples": asked.samples}
    from tests.bench.recipes_on_demo import ENTRIES

    wanted = [entry for entry in ENTRIES if not asked.only or entry.recipe in asked.only.split(",")]
    known = {(line["recipe"], line["seed"]) for line in finished(asked.out, size)}
    # The first seed of all recipes, then the second: whoever stops early has a whole table.
    missing = [
        (entry, seed) for seed in range(1, asked.seeds + 1) for entry in wanted if (entry.recipe, seed) not in known
    ]
    if missing:
        with data_folder() as folder, asked.out.open("a", encoding="utf-8") as out:
            for line in run_all(folder, missing, asked.rounds, asked.samples):
                out.write(json.dumps(line | {"size": size}) + "\n")
                out.flush()
    chosen = [line for line in finished(asked.out, size) if line["seed"] <= asked.seeds]
    print(table(wanted, chosen, asked.rounds))


def finished(file: Path, size: dict[str, int]) -> list[dict[str, Any]]:
    """The lines of runs of this size."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if line.get("size") == size]


def run_all(
    folder: Path, missing: Sequence[tuple["Entry", int]], num_rounds: int, samples: int
) -> Iterator[dict[str, Any]]:
    """Run each; a line for each, also where it failed."""
    from backend.pipeline import train
    from backend.services import demo
    from backend.services.people import accounts
    from tests import warm

    train.run_grandchild = warm.run_grandchild
    actor = accounts.local_owner()
    project_id = demo.create(actor)
    solved = import_solved(actor, project_id, folder / "solved.jsonl")
    for entry, seed in missing:
        line: dict[str, Any] = {"recipe": entry.recipe, "seed": seed, "rounds": [], "error": None}
        try:
            plan = first_plan(actor, project_id, entry, samples, solved)
            for number in range(num_rounds):
                plan = run_round(actor, project_id, plan, seed * 1000 + number, line)
        except (Exception, SystemExit) as error:
            line["error"] = f"round {len(line['rounds']) + 1}: {' '.join(str(error).split())}"
        text = ", ".join(f"{round_['accuracy']:.1%} ({round_['seconds']:.0f} s)" for round_ in line["rounds"])
        print(f"{entry.recipe}, seed {seed}: {text} {line['error'] or ''}", flush=True)
        yield line


def import_solved(actor: "Actor", project_id: int, file: Path) -> int:
    """The same problems with a solution of each, for recipes that need known answers; the prompt set's id."""
    from backend.demo import countdown, make_prompts
    from backend.services import prompts
    from backend.values import Split

    rng = random.Random(0)
    with file.open("w", encoding="utf-8") as out:
        for problem in make_prompts.split(make_prompts.SEED)[2]:
            asked = countdown.prompt(problem)
            out.write(json.dumps({"prompt": asked, "answer": rng.choice(countdown.solutions(problem))}) + "\n")
    return prompts.import_file(actor, project_id, SOLVED, file, split=Split.train).sets[0].id


def first_plan(actor: "Actor", project_id: int, entry: "Entry", samples: int, solved: int) -> "Plan":
    """The first round's plan: from the demo's model, and from nothing that another recipe made."""
    from dataclasses import replace

    from sqlalchemy import select

    from backend.db import reading, tables
    from backend.services import rounds

    with reading() as db:
        defaults = dict(db.get_one(tables.Project, project_id).defaults)
        (base,) = db.scalars(select(tables.Checkpoint.id).where(tables.Checkpoint.parent_id.is_(None)))
    plan = rounds.Plan(
        **{name: tuple(default) if isinstance(default, list) else default for name, default in defaults.items()}
    )
    return replace(
        plan,
        recipe=entry.ready(samples).model_dump(mode="json"),
        policy_id=base,
        reference_id=base,
        sample_set_ids=(solved,) if entry.answers else plan.sample_set_ids,
        mix_set_ids=plan.mix_set_ids if entry.mixes else (),
        num_prompts=entry.prompts(samples),
        is_reviewed=False,
        roles=dict.fromkeys(entry.roles, base),
    )


def run_round(actor: "Actor", project_id: int, plan: "Plan", seed: int, line: dict[str, Any]) -> "Plan":
    """Launch the round, run its jobs, note it in the line; return the plan of the next one."""
    from dataclasses import replace

    from backend.services import rounds
    from backend.values import RoundStatus

    started = time.monotonic()
    round_id = rounds.launch(actor, project_id, replace(plan, seed=seed))
    while rounds.get(actor, round_id).status is RoundStatus.running:
        run_stage(round_id)
    done = rounds.get(actor, round_id)
    seconds = time.monotonic() - started
    if not line["rounds"]:
        line["base"] = measured(done.policy_id)
    checkpoint_id = done.checkpoint_id
    assert checkpoint_id is not None, f"the round is {done.status}: {done.error}"
    counts = {name: done.counts.get(name, 0) for name in ("samples", "rollouts", "kept")}
    line["rounds"].append(measured(checkpoint_id) | counts | {"seconds": round(seconds, 1)})
    return replace(rounds.defaults(actor, project_id, round_id), is_reviewed=False)


def measured(checkpoint_id: int) -> dict[str, Any]:
    """Held-out accuracy, and prompt by prompt a 1 where the answer is right."""
    from sqlalchemy import select

    from backend.db import reading, tables

    with reading() as db:
        query = select(tables.Metric).where(
            tables.Metric.checkpoint_id == checkpoint_id, tables.Metric.name == "held_out_accuracy"
        )
        key = db.scalars(query.order_by(tables.Metric.id)).first()
    assert key is not None, "the checkpoint was not measured"
    right = set(key.details["right"])
    return {
        "accuracy": key.value,
        "right": "".join(str(int(entry in right)) for entry in sorted(right | set(key.details["wrong"]))),
    }


def table(entries: Sequence["Entry"], lines: Sequence[dict[str, Any]], num_rounds: int) -> str:
    """Markdown: a row a recipe, means over its seeds."""
    heads = ["recipe", "kind", "told by", "seeds", "base", *(f"round {n + 1}" for n in range(num_rounds))]
    heads += ["gain [95 %]", "texts a round", "kept", "seconds a round", "error"]
    rows = [heads, ["---"] * len(heads)]
    for entry in entries:
        runs = [line for line in lines if line["recipe"] == entry.recipe]
        rounds = [round_ for run in runs for round_ in run["rounds"]]
        bases = [run["base"]["accuracy"] for run in runs if run["rounds"]]
        after = [[run["rounds"][n]["accuracy"] for run in runs if len(run["rounds"]) > n] for n in range(num_rounds)]
        texts = [round_["samples"] or round_["rollouts"] for round_ in rounds]
        errors = sorted({run["error"] for run in runs if run["error"]})
        rows.append(
            [
                f"`{entry.recipe}`",
                entry.kind,
                entry.signal,
                str(len(runs)),
                mean(bases, ".1%"),
                *(mean(accuracy, ".1%") for accuracy in after),
                gain(runs, num_rounds),
                mean(texts, ".0f"),
                mean([round_["kept"] for round_ in rounds], ".0f"),
                mean([round_["seconds"] for round_ in rounds], ".1f"),
                "; ".join(errors).replace("|", "\\|"),
            ]
        )
    note = (
        f"gain: points from the base to the last round, of runs that came to the last one; its interval is a bootstrap of {DRAWS:,} "
        "draws of the seeds and, with each, of the held-out prompts, the same ones for base and last round."
    )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + f"\n\n{note}"


def mean(values: Sequence[float], form: str) -> str:
    return format(statistics.fmean(values), form) if values else "-"


def gain(runs: Sequence[dict[str, Any]], num_rounds: int) -> str:
    """Mean gain in points with its interval."""
    import numpy

    pairs = [(run["base"]["right"], run["rounds"][-1]["right"]) for run in runs if len(run["rounds"]) == num_rounds]
    if not pairs:
        return "-"
    gains = numpy.array([[int(b) - int(a) for a, b in zip(*pair, strict=True)] for pair in pairs]) * 100.0
    rng = numpy.random.default_rng(0)
    seeds, prompts = gains.shape
    drawn = [
        gains[rng.integers(seeds, size=seeds)][:, rng.integers(prompts, size=prompts)].mean() for _ in range(DRAWS)
    ]
    low, high = numpy.percentile(drawn, [2.5, 97.5])
    return f"{gains.mean():+.1f} [{low:+.1f}, {high:+.1f}]"


if __name__ == "__main__":
    main()
