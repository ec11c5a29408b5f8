"""GRPO with a judge as reward through Rondo against the same training by TRL alone, each as processes of their own.

Both train the demo's model on the same prompts in the same order, with the same seed and settings. Two rewards are
timed: the verdict of the policy in training, which writes out its calculation (half of the work is judging), and the
task's own checker, which costs nothing, so that all of a difference is Rondo's.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.place import data_folder, run_stage

if TYPE_CHECKING:
    from backend.services.access import Actor

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("grpo_by_hand.py")
SIZE = {"num_generations": 8, "per_device_train_batch_size": 64, "max_completion_length": 24, "max_length": 256}
LEARNING_RATE = 1e-4
NUM_PROMPTS = 300
DECIMALS = 6


def rewards() -> dict[str, dict[str, Any]]:
    """The reward of each comparison, by what it is called."""
    from backend import demo

    own = {
        "name": "written_verdict",
        "votes": 1,
        "temperature": 0.0,
        "max_tokens": demo.MAX_TOKENS,
        "template": demo.JUDGE_TEMPLATE,
    }
    return {"the policy's own verdict": own, "the task's checker": {"name": "countdown"}}


def ready(actor: "Actor", project_id: int, reward: dict[str, Any], *, max_steps: int, seed: int) -> int:
    """Launch a round and run it up to its training; return its id."""
    from backend import recipes
    from backend.services import rounds

    trainer = SIZE | {"max_steps": max_steps, "learning_rate": LEARNING_RATE, "reward": reward}
    recipe = recipes.get("self_rewarding_self_improving").with_changes({"trainer": trainer, "metrics": []})
    plan = rounds.defaults(actor, project_id).__dict__ | {
        "recipe": recipe.model_dump(mode="json"),
        "num_prompts": NUM_PROMPTS,
        "is_reviewed": False,
        "seed": seed,
        "parent_id": None,
        "mix_set_ids": (),
    }
    plan |= {"policy_id": base_of(project_id), "reference_id": base_of(project_id)}
    round_id = rounds.launch(actor, project_id, rounds.Plan(**plan))
    run_stage(round_id)
    return round_id


def base_of(project_id: int) -> int:
    """The demo's model."""
    from sqlalchemy import func, select

    from backend.db import reading, tables

    with reading() as db:
        key = db.scalar(select(func.min(tables.Checkpoint.id)).where(tables.Checkpoint.project_id == project_id))
    assert key is not None
    return key


def written_spec(folder: Path, round_id: int) -> Path:
    """The spec that the round's training wrote."""
    (spec,) = folder.glob(f"checkpoints/round-{round_id}-*/spec.json")
    return spec


def ordered_prompts(spec: Path) -> list[Any]:
    """The prompts as the training goes through them."""
    from backend.trainers import Trainer
    from backend.trainers._rl import RLTrainer, order

    content = json.loads(spec.read_text())
    trainer = Trainer.load(content["trainer"])
    assert isinstance(trainer, RLTrainer)
    rows = [json.loads(line)["prompt"] for line in Path(content["dataset"]).read_text().splitlines()]
    at_once = trainer.completions // trainer.num_generations
    return [rows[n] for n in order(trainer.generations(len(rows)), at_once, len(rows), content["seed"])]


def by_hand(spec: Path, prompts: Path, output: Path) -> None:
    """Run the script. It asks the hub for nothing, as Rondo's training does not."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(spec), str(prompts), str(output)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        raise SystemExit(f"The script failed: {done.stderr[-3000:]}")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds that it takes, and seconds of a core that this process and those that it waited for used."""
    started, used = time.perf_counter(), cores()
    run()
    return time.perf_counter() - started, cores() - used


def cores() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(entry.ru_utime + entry.ru_stime for entry in used)


def median_ratio(job: Sequence[tuple[float, float]], hand: Sequence[tuple[float, float]], which: int) -> float:
    return statistics.median(ours[which] / theirs[which] for ours, theirs in zip(job, hand, strict=True))


def per_step(file: Path) -> dict[int, list[float | None]]:
    """The rewards of each step's completions, in order."""
    fields: dict[int, list[float | None]] = {}
    for line in file.read_text().splitlines():
        content = json.loads(line)
        reward = content["reward"]
        fields.setdefault(content["step"], []).append(None if reward is None else round(reward, DECIMALS))
    return fields


def compare(
    folder: Path, actor: "Actor", project_id: int, name: str, reward: dict[str, Any], *, max_steps: int, repeats: int
) -> None:
    """Time both in pairs, in turn first and last; print the median ratio and whether the rewards are equal."""
    # One training of each first: it loads what both read from the disk, and says in which order the prompts come.
    spec = trained(folder, ready(actor, project_id, reward, max_steps=max_steps, seed=1))
    prompts = folder / "prompts.json"
    prompts.write_text(json.dumps(ordered_prompts(spec)))
    by_hand(spec, prompts, folder / f"warm-{reward['name']}")
    job, hand, ours, plain = [], [], {}, {}
    for number in range(repeats):
        round_id = ready(actor, project_id, reward, max_steps=max_steps, seed=1)
        output = folder / f"hand-{round_id}"
        both = [(job, partial(run_stage, round_id)), (hand, partial(by_hand, spec, prompts, output))]
        for times, run in both[:: -1 if number % 2 else 1]:
            times.append(timed(run))
        ours = per_step(written_spec(folder, round_id).with_name("samples.jsonl"))
        plain = per_step(output / "rewards.jsonl")
    seconds = [statistics.median(entry for entry, _ in times) for times in (job, hand)]
    equal = sum(ours.get(step) == plain[step] for step in plain)
    means = [statistics.fmean(entry or 0.0 for entry in ours[step]) for step in (min(ours), max(ours))]
    print(
        f"GRPO, reward {name}, {max_steps} steps of {SIZE['per_device_train_batch_size']} completions, {repeats} pairs "
        f"in turn: job {seconds[0]:.1f} s, TRL by hand {seconds[1]:.1f} s, median ratio "
        f"{median_ratio(job, hand, 0):.3f} (budget at most 1.05), of seconds of a core {median_ratio(job, hand, 1):.3f}; "
        f"rewards equal in {equal} of {len(plain)} steps, mean {means[0]:.3f} in the first and {means[1]:.3f} in the "
        "last",
        flush=True,
    )


def trained(folder: Path, round_id: int) -> Path:
    """Run the round's training job; return the spec that it wrote."""
    run_stage(round_id)
    return written_spec(folder, round_id)


def main() -> None:
    """Both rewards."""
    from backend.services import demo
    from backend.services.people import accounts

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="pairs that are timed")
    parser.add_argument("--steps", type=int, default=60, help="optimizer steps of each training")
    asked = parser.parse_args()
    with data_folder() as folder:
        actor = accounts.local_owner()
        project_id = demo.create(actor)
        for name, reward in rewards().items():
            compare(folder, actor, project_id, name, reward, max_steps=asked.steps, repeats=asked.repeats)


if __name__ == "__main__":
    main()
