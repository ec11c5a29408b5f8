"""`python -m backend.services.rounds.stage_process JOB ATTEMPT`: what a worker starts for each job.

With `--wait` and a descriptor it loads everything and waits there to be told them.

The stage itself is the pipeline's; that a round may be followed by another is a service.
"""

import sys
from typing import TYPE_CHECKING

from backend import log
from backend.jobs import standby
from backend.jobs.child import guard

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def main() -> int:
    """Watch the parent first, so that this process never outlives it; then run the job."""
    guard()
    log.setup()
    from backend.pipeline.run import run_job  # noqa: PLC0415 - the guard must stand before slow imports

    if sys.argv[1] != standby.WAIT:
        return run_job(int(sys.argv[1]), int(sys.argv[2]), after_round=after_round)
    from backend.services.recipes import parts  # noqa: PLC0415 - as above

    parts.load()
    given = standby.wait_for_job(int(sys.argv[2]))
    return 0 if given is None else run_job(*given, after_round=after_round)


def after_round(db: "Session", round_id: int) -> None:
    """Launch the round that follows, in the transaction that ends this one."""
    from backend.services.rounds import auto  # noqa: PLC0415 - most jobs end no round

    auto.after_round(db, round_id)


if __name__ == "__main__":
    sys.exit(main())
