"""`python -m backend.services.rounds.stage_process JOB ATTEMPT [HELPER]`: what a worker starts for each job.

With a helper's number it does batches of a job that another worker runs.
The stage itself is the pipeline's; that a round may be followed by another is a service.
"""

import sys
from typing import TYPE_CHECKING

from backend import log
from backend.jobs.child import guard

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def main() -> int:
    """Watch the parent first, so that this process never outlives it; then run the job."""
    guard()
    log.setup()
    from backend.pipeline.run import help_job, run_job  # noqa: PLC0415 - the guard must stand before slow imports

    job_id, attempt, *helper = map(int, sys.argv[1:])
    return help_job(job_id, attempt, *helper) if helper else run_job(job_id, attempt, after_round=after_round)


def after_round(db: "Session", round_id: int) -> None:
    """Launch the round that follows, in the transaction that ends this one."""
    from backend.services.rounds import auto  # noqa: PLC0415 - most jobs end no round

    auto.after_round(db, round_id)


if __name__ == "__main__":
    sys.exit(main())
