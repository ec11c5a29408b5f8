"""`make bench`: every figure of docs/bench.md, in one run, as ratios where two things are compared."""

import argparse
import os
import subprocess
import sys


def run(*command: str, **environment: str) -> None:
    """One benchmark, as a process of its own so that none warms another up."""
    print(f"\n## {' '.join(command)}", flush=True)
    done = subprocess.run(
        [sys.executable, *command], env=os.environ | {"OMP_NUM_THREADS": "1"} | environment, check=False
    )
    if done.returncode:
        print(f"(ended with code {done.returncode})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000, help="size of the project for the Samples page")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the demo's loop")
    parser.add_argument("--reviewed-seeds", type=int, default=5, help="seeds of the review by worth and at random")
    parser.add_argument("--kills", type=int, default=50, help="how often the worker is killed")
    asked = parser.parse_args()
    samples = str(asked.samples)
    run("-m", "tests.bench.throughput")
    run("-m", "tests.bench.training")
    run("-m", "tests.bench.web_process")
    run("-m", "tests.bench.samples_1m", "--samples", samples)
    run("-m", "tests.bench.review_keys", "--samples", samples)
    run("-m", "tests.bench.import_export", "--rows", samples)
    run("-m", "tests.bench.demo_loop", "--seeds", str(asked.seeds))
    run("-m", "tests.bench.worth_of_a_look", "--seeds", str(asked.reviewed_seeds), "--train")
    run("-m", "pytest", "-s", "tests/acceptance/test_many_reviewers.py", RONDO_REVIEWERS="50", RONDO_DECISIONS="100")
    run("-m", "pytest", "-s", "tests/acceptance/test_killed_round.py", RONDO_KILLS=str(asked.kills))


if __name__ == "__main__":
    main()
