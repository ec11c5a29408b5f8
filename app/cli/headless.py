"""`rondo demo --headless`: the loop without a browser."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.cli.output import emit, say
from backend import log
from backend.services import demo, installation
from backend.services.access import Actor
from backend.services.demo import real_demo
from backend.services.people import accounts


def run(*, num_rounds: int, seed: int, decisions: int, as_json: bool) -> None:
    """Run the rounds with a worker of our own and print a table of accuracy per round."""
    say("Making the demo project.")
    with _working(demo.create) as (owner, project_id):
        if not as_json:
            print(demo.HEADER, flush=True)
        results = demo.run_headless(
            owner,
            project_id,
            num_rounds=num_rounds,
            seed=seed,
            decisions=decisions,
            say=say if as_json else _print,
            tell=say,
        )
    if as_json:
        emit({"rounds": [result.to_json() for result in results]}, as_json=True, text="")


def run_each(*, seed: int, as_json: bool) -> None:
    """Run a round of three recipes on the real model and print a table; exits with 1 where one failed."""
    with _working(real_demo.create) as (owner, project_id):
        if not as_json:
            print(real_demo.HEADER, flush=True)
        results = real_demo.run_each(owner, project_id, seed=seed, say=say if as_json else _print)
    if as_json:
        emit({"recipes": [result.to_json() for result in results]}, as_json=True, text="")
    if any(result.error for result in results):
        sys.exit(1)


@contextmanager
def _working(create: Callable[[Actor], int]) -> Iterator[tuple[Actor, int]]:
    """Make the project and let a worker run while it is used: its owner, its id."""
    from backend.jobs.worker import Worker

    log.setup()
    installation.prepare()
    owner = accounts.local_owner()
    project_id = create(owner)
    worker = Worker(is_embedded=True)
    worker.start()
    try:
        yield owner, project_id
    finally:
        worker.stop()


def _print(line: str) -> None:
    print(line, flush=True)
