"""The demo's loop on several seeds: held-out accuracy per round, alone and with a perfect reviewer."""

import argparse
import json
import subprocess
import sys
import tempfile


def loop(seed: int, rounds: int, decisions: int) -> list[dict]:
    """Run `rondo demo --headless` in a folder of its own; return its rounds, the base first."""
    with tempfile.TemporaryDirectory(prefix="rondo-demo-") as folder:
        command = [sys.executable, "-m", "app.cli", "demo", "--headless", "--json", "--rounds", str(rounds)]
        command += ["--seed", str(seed), "--data-dir", folder, "--reviewer-decisions", str(decisions)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["rounds"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for decisions in (0, 100):
        gains = []
        print(f"| seed | base | rounds 1 to {asked.rounds} | gain | first round, s |  ({decisions} decisions a round)")
        print("|---|---|---|---|---|")
        for seed in range(1, asked.seeds + 1):
            result = loop(seed, asked.rounds, decisions)
            accuracy = [r["held_out_accuracy"] for r in result]
            gains.append(accuracy[-1] - accuracy[0])
            shown = ", ".join(f"{a:.1%}" for a in accuracy[1:])
            print(f"| {seed} | {accuracy[0]:.1%} | {shown} | {gains[-1]:+.1%} | {result[1]['seconds']} |", flush=True)
        print(f"mean gain {sum(gains) / len(gains):+.1%}\n", flush=True)


if __name__ == "__main__":
    main()
