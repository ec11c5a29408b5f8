"""A worker whose jobs run the tests' stage. `python worker_process.py QUEUES EXECUTOR_ID|- DEAD_AFTER_SECONDS`."""

import sys
from pathlib import Path

from backend import log
from backend.jobs.worker import Worker, serve

STAGE = Path(__file__).with_name("stage_child.py")


class Announcing(Worker):
    def start(self) -> None:
        super().start()
        print(self.executor_id, flush=True)


if __name__ == "__main__":
    log.setup()
    queues, executor_id, dead_after = sys.argv[1:]
    serve(
        Announcing(
            queues.split(","),
            None if executor_id == "-" else executor_id,
            command=lambda job_id, attempt: [sys.executable, str(STAGE), str(job_id), str(attempt)],
            heartbeat_seconds=0.3,
            dead_after_seconds=float(dead_after),
        )
    )
