"""`python -m backend.pipeline JOB ATTEMPT`: what a worker starts for each job."""

import sys

from backend import log
from backend.jobs.child import guard


def main() -> int:
    """Watch the parent first, so that this process never outlives it; then run the job."""
    guard()
    log.setup()
    from backend.pipeline.run import run_job  # noqa: PLC0415 - the guard must stand before slow imports

    return run_job(int(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(main())
