"""What the commands that talk to the database share: it is ready, who acts, which project."""

from backend.config import settings
from backend.errors import InvalidInput, NotFound
from backend.services import installation, projects
from backend.services.access import Actor
from backend.services.people import accounts
from backend.services.projects import ProjectView


def owner(*, migrate: bool = True) -> Actor:
    """Bring the schema up to date and return the local owner.

    Without `migrate`, for what is asked beside others at work: raises `Conflict` where the schema is another version's.
    """
    if migrate:
        installation.prepare()
    else:
        installation.require_current()
    return accounts.local_owner()


def project(actor: Actor, wanted: str | None) -> ProjectView:
    """Return the project of that name or id; without one, the only one there is."""
    mine = projects.list_mine(actor)
    if wanted is None and len(mine) == 1:
        return mine[0]
    known = (
        ", ".join(f"{project.name!r}" for project in mine)
        or "none yet; `rondo project create NAME` makes one, and so does `rondo demo`"
    )
    if wanted is None:
        raise InvalidInput(f"Say which project with --project. There is: {known}.")
    for own_project in mine:
        if wanted in (own_project.name, str(own_project.id)):
            return own_project
    raise NotFound(f"There is no project {wanted!r}. There is: {known}.")


def address() -> str:
    """Return where the page last was, or would be."""
    noted = settings().folder / "address"
    return noted.read_text().strip() if noted.exists() else f"http://127.0.0.1:{settings().port}"
