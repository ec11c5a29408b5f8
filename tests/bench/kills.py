"""Rounds of recipes of many steps, killed again and again: the same rows and the same weights as undisturbed ones.

A round's jobs run in a process of their own, their trainings in one below it, both forked from this one, which has
loaded the libraries, so that a start costs no imports. Both are killed by SIGKILL at a moment drawn at random within a
job, each job of a round in turn and each training once more, and a new process goes on. Rows and weights are compared
with those of a round that nobody disturbed. How a worker's own death is found is not measured here, but by
tests/acceptance/test_killed_round.py.
"""

import argparse
import os
import random
import select
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.kills_recipes import CASES, Case
from tests.bench.place import data_folder

LOOK_SECONDS = 0.02


@dataclass
class Outcome:
    """What came of a recipe: kills by the kind of the step that they hit, and rounds whose rows or weights differ."""

    rounds: int
    kills: Counter[str]
    unequal_rows: int = 0
    unequal_weights: int = 0
    twice: int = 0

    def __str__(self) -> str:
        hit = ", ".join(f"{number} {kind}" for kind, number in sorted(self.kills.items()))
        rows, weights = self.rounds - self.unequal_rows, self.rounds - self.unequal_weights
        return f"{self.kills.total()} | {hit} | {rows} of {self.rounds} | {self.twice} | {weights} of {self.rounds}"


class Process:
    """The process that runs a round's jobs. It says the number of each step before it runs its job."""

    def __init__(self, round_id: int, log: Path) -> None:
        from backend.db import dispose

        dispose()  # no connection goes into the other process
        sys.stdout.flush()
        self.pipe, ours = os.pipe()
        self.id = os.fork()
        if self.id == 0:
            os.close(self.pipe)
            _be_runner(round_id, ours, log)
        os.close(ours)
        self.rest = b""
        self.step = -1

    def begins(self, seconds: float | None) -> bool:
        """Wait so long for the next step to begin, or for ever; False where none began. `ended` says why."""
        while b"\n" not in self.rest:
            if not select.select([self.pipe], [], [], seconds)[0]:
                return False
            more = os.read(self.pipe, 64)
            if not more:
                return False
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        self.step = int(line)
        return True

    def wait_step(self, step: int) -> bool:
        """Wait until this step, or one behind it, begins; False where the process ended before."""
        while self.step < step:
            if not self.begins(None):
                return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait so long, whatever begins meanwhile; False where the process ended before."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self.begins(left) and time.monotonic() < until:
                return False
        return True

    def kill(self) -> None:
        """End it and the training below it."""
        os.killpg(self.id, signal.SIGKILL)
        self.close()

    def close(self) -> int:
        """Wait for its end; return its exit code, negative where a signal ended it."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.id, 0)[1])
        os.close(self.pipe)
        return code


def _be_runner(round_id: int, number: int, log: Path) -> None:
    """In the forked process: run the round's jobs until none is left."""
    os.setpgid(0, 0)
    code = 1
    try:
        from backend.jobs import transitions
        from backend.pipeline import run, train
        from backend.values import JobStatus

        _write_to(log)
        train.run_grandchild = run_training
        while (job := waiting(round_id)) is not None:
            if job.status is JobStatus.running:
                transitions.take_over(job.id, job.workflow_id, lost=False)
                continue
            attempt = transitions.start(job.id, job.workflow_id, "bench")
            assert attempt is not None
            os.write(number, b"%d\n" % (job.step if job.step is not None else -1))
            run.run_job(job.id, attempt)
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _write_to(log: Path) -> None:
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(opened, 1)
    os.dup2(opened, 2)


def run_training(argv: Sequence[str], *, log: Path, while_running: Callable[[], None] = lambda: None) -> None:
    """As `backend.jobs.child.run_grandchild`, for trainings alone: a fork instead of a new interpreter."""
    from backend.errors import TrainerError
    from backend.jobs.logs import last_lines, tail
    from tests.warm import train

    process = os.fork()
    if process == 0:
        mask = os.umask(0)
        train(argv[-1], str(log), dict(os.environ), mask)
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        time.sleep(LOOK_SECONDS)
        while_running()
    while_running()
    if ended[1] != 0:
        raise TrainerError(f"The training process ended badly. Its last lines:\n{last_lines(tail(log))}")


def waiting(round_id: int) -> Any:
    """The round's job that is to run or runs."""
    from tests.integration.loop import Loop

    return Loop.waiting(round_id)


def undisturbed(round_id: int, log: Path) -> dict[int, float]:
    """Run the round; return the seconds of each step that has a job, in order."""
    process, begun = Process(round_id, log), []
    while process.begins(None):
        begun.append((process.step, time.monotonic()))
    finished(round_id, process.close(), log)
    times = [at for _, at in begun] + [time.monotonic()]
    return {step: end - start for (step, start), end in zip(begun, times[1:], strict=True)}


def disturbed(
    round_id: int, at: Sequence[int], seconds: dict[int, float], chance: random.Random, log: Path
) -> list[int]:
    """Run the round, killed once at each of these steps, in order; return the steps that the kills hit."""
    hit = []
    process = Process(round_id, log)
    for step in at:
        if not process.wait_step(step) or not process.wait(chance.uniform(0, seconds[step])):
            continue
        process.kill()
        while process.rest and b"\n" in process.rest:
            process.begins(0)
        hit.append(process.step)
        process = Process(round_id, log)
    while process.begins(None):
        pass
    finished(round_id, process.close(), log)
    return hit


def finished(round_id: int, code: int, log: Path) -> None:
    """Raise unless the process ended by itself and the round is done."""
    from backend.db import reading, tables
    from backend.values import RoundStatus

    with reading() as db:
        round_ = db.get_one(tables.Round, round_id)
    if code or round_.status is not RoundStatus.done:
        text = log.read_text()[-3000:] if log.exists() else ""
        raise SystemExit(f"The round is {round_.status}, the process ended with {code}: {round_.error}\n{text}")


def moments(seconds: dict[int, float], trainings: set[int], most: int, chance: random.Random) -> list[int]:
    """The steps at which a round is killed: each once, trainings once more; of too many some, at random."""
    steps = sorted([*seconds, *(step for step in seconds if step in trainings)])
    return sorted(chance.sample(steps, most)) if most < len(steps) else steps


def run_case(case: Case, kills: int, folder: Path, chance: random.Random) -> Outcome:
    """Kill the recipe's rounds so often, in equal parts those of each phase."""
    from tests.bench.kills_compared import kinds, rows, twice, weights
    from tests.integration.trainers.training import same

    outcome = Outcome(0, Counter())
    log = folder / f"{case.name}.log"
    launches = case.launches(folder)
    for number, (launch, before) in enumerate(launches):
        wanted = kills * (number + 1) // len(launches)
        whole = launch()
        seconds = undisturbed(whole, log)
        before(whole)
        known, named = rows(whole), kinds(whole)
        trainings = {step for step, kind in named.items() if kind == "train"}
        while outcome.kills.total() < wanted:
            other = launch()
            at = moments(seconds, trainings, wanted - outcome.kills.total(), chance)
            outcome.kills.update(named[step] for step in disturbed(other, at, seconds, chance, log))
            outcome.rounds += 1
            outcome.unequal_rows += rows(other) != known
            pairs = list(zip(weights(whole), weights(other), strict=True))
            outcome.unequal_weights += not all(same(*pair) for pair in pairs)
            outcome.twice += twice(other)
    return outcome


@contextmanager
def loaded() -> Iterator[None]:
    """Load what trainings need once; the processes that are forked have it."""
    import trl.trainer.grpo_trainer
    import trl.trainer.reward_trainer  # noqa: F401

    import tests.preloaded  # noqa: F401

    yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="in equal parts over the recipes")
    parser.add_argument("--only", default="", help="names of recipes, with commas between; empty: all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = parser.parse_args()
    cases = [entry for entry in CASES if not asked.only or entry.name in asked.only.split(",")]
    print("| recipe | kills | at | rows equal | rows twice | weights equal | seconds |\n|---|---|---|---|---|---|---|")
    with loaded():
        for number, case in enumerate(cases):
            share = asked.kills * (number + 1) // len(cases) - asked.kills * number // len(cases)
            started = time.monotonic()
            with data_folder() as folder:
                outcome = run_case(case, share, folder, random.Random(f"{asked.seed} {case.name}"))
            print(f"| `{case.name}` | {outcome} | {time.monotonic() - started:.0f} |", flush=True)


if __name__ == "__main__":
    main()
