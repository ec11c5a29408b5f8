"""`make bench`: every figure of docs/reference/bench.md, in one run, as ratios where two things are compared."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from backend.demo import smollm2
from backend.errors import MissingPrerequisite

failed: list[str] = []


def run(*command: str, **environment: str) -> None:
    """One benchmark, as a process of its own so that none warms another up; the others run where it fails."""
    print(f"\n## {' '.join(command)}", flush=True)
    done = subprocess.run(
        [sys.executable, *command], env=os.environ | {"OMP_NUM_THREADS": "1"} | environment, check=False
    )
    if done.returncode:
        print(f"(ended with code {done.returncode})", flush=True)
        failed.append(" ".join(command))


def real_rounds(*, is_quick: bool) -> None:
    """Two rounds of three recipes on SmolLM2, or a small one of one; left out where its model is not installed."""
    try:
        smollm2.source()
    except MissingPrerequisite as problem:
        print(f"\n## tests.bench.real_rounds was left out\n{problem}", flush=True)
        return
    small = ("--rounds", "1", "--prompts", "4", "--held-out", "8", "--only", "rest_em")
    run("-m", "tests.bench.real_rounds", *(small if is_quick else ()))


FULL = {
    "samples": 1_000_000,
    "repeats": 5,
    "seeds": 3,
    "rounds": 3,
    "reviewed_seeds": 5,
    "reviewers": 50,
    "decisions": 100,
    "kills": 50,
    "people": 300,
    "compared_samples": 1_600,
    "shared_prompts": 2_000,
    "step_kills": 50,
    "kill_minutes": 5,
    "grpo_steps": 60,
    "paying_decisions": 100,
    "idle_seconds": 60,
}
QUICK = {
    "samples": 20_000,
    "repeats": 1,
    "seeds": 1,
    "rounds": 1,
    "reviewed_seeds": 1,
    "reviewers": 10,
    "decisions": 20,
    "kills": 3,
    "people": 30,
    "compared_samples": 128,
    "shared_prompts": 60,
    "step_kills": 5,
    "kill_minutes": 1,
    "grpo_steps": 3,
    "paying_decisions": 20,
    "idle_seconds": 10,
}
HELP = {
    "samples": "size of the project for the Samples page and the review desk, and of the imported file",
    "repeats": "how often each of two things is timed in turn",
    "seeds": "seeds of the demo's loop",
    "rounds": "rounds of the demo's loop",
    "reviewed_seeds": "seeds of the review by informativeness and at random",
    "reviewers": "people who decide at once",
    "decisions": "decisions of each of them",
    "paying_decisions": "decisions of which it is measured what the next checkpoints gain",
    "idle_seconds": "for how long the web process is watched while nobody is there",
    "kills": "how often the worker is killed",
    "people": "who sign in at once beside ten reviewers",
    "compared_samples": "texts of a round where recipes are compared",
    "shared_prompts": "prompts of a round that several workers share",
    "step_kills": "how often rounds of many steps are killed, over all recipes",
    "kill_minutes": "for how long one of eight workers after the other is killed",
    "grpo_steps": "optimizer steps of a GRPO training",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything once and small: whether it runs, no figures")
    for name, value in FULL.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, help=f"{HELP[name]} ({value:,})")
    asked = parser.parse_args()
    sizes = QUICK if asked.quick else FULL
    size = {name: str(getattr(asked, name) or value) for name, value in sizes.items()}
    repeats, samples = ("--repeats", size["repeats"]), ("--samples", size["samples"])
    run("-m", "tests.bench.throughput", *repeats)
    run("-m", "tests.bench.training", *repeats)
    run("-m", "tests.bench.grpo", *repeats, "--steps", size["grpo_steps"])
    run("-m", "tests.bench.processes", *(("--steps", "4") if asked.quick else ()))
    run("-m", "tests.bench.web_process")
    run("-m", "tests.bench.idle", "--seconds", size["idle_seconds"], *repeats)
    run("-m", "tests.bench.start_parts", *repeats)
    run("-m", "tests.bench.logins", "--people", size["people"])
    run("-m", "tests.bench.samples_1m", *samples)
    run("-m", "tests.bench.review_keys", *samples)
    run("-m", "tests.bench.pages", *repeats)
    run("-m", "tests.bench.round_1m", *samples)
    run("-m", "tests.bench.pair_builder", "--samples", str(min(100_000, int(size["samples"]))))
    run("-m", "tests.bench.import_export", "--rows", size["samples"])
    run("-m", "tests.bench.bulk_import", "--rows", size["samples"])
    run("-m", "tests.bench.samples_export", "--rows", str(min(200_000, int(size["samples"]))))
    run("-m", "tests.bench.demo_loop", "--seeds", size["seeds"], "--rounds", size["rounds"])
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        many = ("--seeds", size["seeds"], "--rounds", size["rounds"], "--samples", size["compared_samples"])
        run("-m", "tests.bench.recipes_compared", *many, "--out", str(Path(folder) / "runs.jsonl"))
    real_rounds(is_quick=asked.quick)
    run("-m", "tests.bench.judge_bench")
    run("-m", "tests.bench.requests_in_flight", *repeats)
    run("-m", "tests.bench.workers", "--prompts", size["shared_prompts"])
    run("-m", "tests.bench.kills", "--kills", size["step_kills"])
    kill = ("--minutes", size["kill_minutes"], "--prompts", size["shared_prompts"])
    run("-m", "tests.bench.worker_kills", *kill)
    train = [] if asked.quick else ["--train"]
    run("-m", "tests.bench.informativeness", "--seeds", size["reviewed_seeds"], *train)
    paying = ("--seeds", size["reviewed_seeds"], "--decisions", size["paying_decisions"])
    small = ("--prompts", "40", "--steps", "3") if asked.quick else ()
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        run("-m", "tests.bench.decisions_pay", *paying, *small, "--out", str(Path(folder) / "arms.jsonl"))
    run("-m", "tests.bench.rewrite_template", "--seeds", size["seeds"])
    crowd = {"RONDO_REVIEWERS": size["reviewers"], "RONDO_DECISIONS": size["decisions"]}
    run("-m", "pytest", "-s", "tests/acceptance/test_many_reviewers.py", **crowd)
    run("-m", "pytest", "-s", "tests/acceptance/test_killed_round.py", RONDO_KILLS=size["kills"])
    if failed:
        sys.exit(f"These did not run to their end: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
