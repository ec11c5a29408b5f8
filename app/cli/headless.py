"""`rondo demo --headless`: the loop without a browser."""

from app.cli.output import emit, say
from backend import log
from backend.services import accounts, demo, installation


def run(*, num_rounds: int, seed: int, decisions: int, as_json: bool) -> None:
    """Run the rounds with a worker of our own and print a table of accuracy per round."""
    from backend.jobs.worker import Worker

    log.setup()
    installation.prepare()
    owner = accounts.local_owner()
    project_id = demo.create(owner)
    worker = Worker()
    worker.start()
    try:
        if not as_json:
            print(demo.HEADER, flush=True)
        results = demo.run_headless(
            owner,
            project_id,
            num_rounds=num_rounds,
            seed=seed,
            decisions=decisions,
            say=say if as_json else _print,
        )
    finally:
        worker.stop()
    if as_json:
        emit({"rounds": [result.to_json() for result in results]}, as_json=True, text="")


def _print(line: str) -> None:
    print(line, flush=True)
