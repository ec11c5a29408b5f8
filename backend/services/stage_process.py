"""`python -m backend.services.stage_process JOB ATTEMPT`: what a worker starts for each job.

The stage itself is the pipeline's. That a round may be followed by another is a service, and so is an export, which is
what a person may see.
"""

import sys
from typing import TYPE_CHECKING

from backend import log
from backend.jobs.child import guard

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backend.jobs import JobProgress
    from backend.pipeline.stage import Finish

EXPORT = "export"
"""The kind of a job that writes what a filter of samples finds."""


def main() -> int:
    """Watch the parent first, so that this process never outlives it; then run the job."""
    guard()
    log.setup()
    from backend.pipeline.run import run_job  # noqa: PLC0415 - the guard must stand before slow imports

    return run_job(int(sys.argv[1]), int(sys.argv[2]), after_round=after_round, others={EXPORT: export_samples})


def after_round(db: "Session", round_id: int) -> None:
    """Launch the round that follows, in the transaction that ends this one."""
    from backend.services.rounds import auto  # noqa: PLC0415 - most jobs end no round

    auto.after_round(db, round_id)


def export_samples(job_id: int, progress: "JobProgress") -> "Finish":
    """Write the file of an export."""
    from backend.services.samples import export_jobs  # noqa: PLC0415 - most jobs export nothing

    return export_jobs.run(job_id, progress)


if __name__ == "__main__":
    sys.exit(main())
