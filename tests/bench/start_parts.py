"""What each change of `app/imports.py` brings: processor time of a cold start of the web process, and its memory.

The changes are left out one by one, in turn, so that a busy machine slows all of them alike.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from app.imports import WAYS

START = """
import sys, time
began = time.process_time()
from app import imports
imports.WAYS = {name: way for name, way in imports.WAYS.items() if name in sys.argv[1:]}
from app.web import create_app
create_app()
seconds = time.process_time() - began
with open("/proc/self/status") as status:
    print(seconds, next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024)
"""


def start(names: list[str], folder: str) -> tuple[float, float]:
    """Start the web process with these changes alone; return its seconds and its MB."""
    done = subprocess.run(
        [sys.executable, "-c", START, *names],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"RONDO_DATA_DIR": folder},
    )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="starts of each")
    repeats = parser.parse_args().repeats
    kept = {"all": list(WAYS), "none": []}
    kept |= {f"without {name}": [entry for entry in WAYS if entry != name] for name in WAYS}
    result: dict[str, list[tuple[float, float]]] = {what: [] for what in kept}
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        for _ in range(repeats):
            for what, names in kept.items():
                result[what].append(start(names, folder))
    for what, starts in result.items():
        seconds, megabytes = (statistics.median(column) for column in zip(*starts, strict=True))
        print(f"{what}: {seconds:.2f} s of processor time, {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
