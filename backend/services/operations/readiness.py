"""Whether this process can do its work now."""

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from backend.config import settings
from backend.jobs import worker
from backend.services import installation


def problems(*, with_worker: bool) -> list[str]:
    """Why not, each as a sentence; empty where it can. `with_worker`: this process is to run jobs, too."""
    if (lost := installation.problem()) is not None:
        return [lost]
    try:
        is_current = installation.is_current()
    except SQLAlchemyError as error:
        return [f"The database {make_url(settings().url)} does not answer ({type(error).__name__})."]
    found = []
    if not is_current:
        found.append("The database's schema is not that of this version. Run `rondo db upgrade`, or start Rondo again.")
    if with_worker and not worker.is_running():
        found.append("The embedded worker does not run, so jobs wait. The log says why; start Rondo again.")
    return found
