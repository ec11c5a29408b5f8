"""The list of projects with what is in the trash, renaming a project, and files that nothing refers to.

A plain page of forms, of no project in particular: whoever put their only project in the trash has no other.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from app import html
from app.addresses import page_path
from app.api.errors import status_of
from app.widgets import times
from app.widgets.formats import count, in_bytes, percent, points
from app.widgets.value_words import word
from backend.boundary import MOST_LINE, Id
from backend.errors import Conflict, InvalidInput, RondoError
from backend.services import projects, round_trash
from backend.services.access import Actor
from backend.services.operations import clean_up
from backend.services.projects import dashboard, trash
from backend.services.projects.dashboard import OpenReview, ProjectSortKey, ProjectState, RoundAt, ShownProjects
from backend.services.prompts import set_trash
from backend.services.round_trash import TrashedRound
from backend.translations import N_, gettext
from backend.values import Role, RoundStatus

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
SHOWN = 50
"""So many files are listed; `rondo clean-up` lists all."""
HEADS: tuple[tuple[ProjectSortKey | None, str], ...] = (
    (ProjectSortKey.by_name, N_("Project")),
    (ProjectSortKey.waits, N_("In review")),
    (None, N_("Under way")),
    (None, N_("To decide")),
    (ProjectSortKey.accuracy, N_("Held-out accuracy")),
    (ProjectSortKey.change, N_("Change")),
    (ProjectSortKey.warnings, N_("Red warnings")),
    (ProjectSortKey.newest, N_("Last round")),
)
SHOWS = (
    (ShownProjects.all, N_("All")),
    (ShownProjects.review, N_("In review")),
    (ShownProjects.running, N_("Running or held")),
    (ShownProjects.failed, N_("Failed")),
    (ShownProjects.red, N_("With red warnings")),
)
BADGES = {RoundStatus.running: "accent", RoundStatus.held: "bad", RoundStatus.failed: "bad"}
Chosen = TypeVar("Chosen", ProjectSortKey, ShownProjects)


@router.get("/projects")
def show(request: Request) -> Response:
    """The person's projects as a table, sorted and filtered by the address, and what is in the trash.

    `?leftovers=1`: the files that nothing refers to, too.
    """
    return listing(request)


@router.post("/projects/{project_id}/rename")
def rename(request: Request, project_id: Id, name: Text) -> Response:
    """Give a project another name."""
    try:
        projects.edit(actor_of(request), project_id, name=name)
    except RondoError as error:
        is_of_name = isinstance(error, InvalidInput | Conflict)
        return listing(request, error, renamed=(project_id, name) if is_of_name else None)
    return RedirectResponse("/projects", 303)


@router.post("/projects/clean-up")
def delete_leftovers(request: Request) -> Response:
    """Delete the files that nothing refers to."""
    return _done(request, clean_up.delete)


def actor_of(request: Request) -> Actor:
    actor: Actor = request.state.signed_in.actor
    return actor


def _done(request: Request, act: Callable[[Actor], object]) -> Response:
    try:
        act(actor_of(request))
    except RondoError as error:
        return listing(request, error)
    return RedirectResponse("/projects", 303)


def listing(request: Request, error: RondoError | None = None, *, renamed: tuple[int, str] | None = None) -> Response:
    """The list, with what was refused above it. `renamed`: the project and the name that it was refused."""
    times.see_from(request)
    actor, left = actor_of(request), None
    try:
        if actor.is_owner and "leftovers" in request.query_params:
            left = _leftovers(actor)
    except RondoError as refused:
        error = error or refused
    asked = request.query_params
    sort, show = (
        _chosen(ProjectSortKey, asked.get("sort")) or ProjectSortKey.by_name,
        _chosen(ShownProjects, asked.get("show")) or ShownProjects.all,
    )
    name = asked.get("name", "")[:MOST_LINE]
    states = dashboard.listing(actor, sort=sort, show=show, name=name)
    rounds = [
        {"entry": entry, "name": trashed_name(entry), "since": times.moment(entry.trashed_at)}
        for entry in round_trash.list_mine(actor)
    ]
    sets = [{"entry": entry, "since": times.moment(entry.trashed_at)} for entry in set_trash.list_mine(actor)]
    trashed = [
        {"entry": trash_entry, "since": times.moment(trash_entry.trashed_at)} for trash_entry in trash.list_mine(actor)
    ]
    return html.page(
        request,
        "projects",
        title=gettext("Projects"),
        status=status_of(error) if error is not None else 200,
        problem=error.message if error is not None else "",
        mine=[project_row(state) for state in states],
        renamed_id=renamed[0] if renamed else None,
        renamed=renamed[1] if renamed else "",
        heads=[_head(head, sort, show, name) for head in HEADS],
        sort=sort,
        show=show,
        name=name,
        shows=SHOWS,
        is_narrowed=bool(name) or show is not ShownProjects.all,
        trashed=trashed,
        trashed_rounds=rounds,
        trashed_sets=sets,
        is_owner=actor.is_owner,
        left=left,
    )


def trashed_name(entry: TrashedRound) -> str:
    """`Round 2 of Sums`."""
    return gettext("Round {number} of {project}").format(number=entry.number, project=entry.project)


def project_row(state: ProjectState) -> dict[str, Any]:
    """What the table shows of a project; texts, and the pages that they lead to."""
    base = page_path(state.slug)
    return {
        "id": state.id,
        "name": state.name,
        "href": base,
        "is_admin": state.role.rank >= Role.admin.rank,
        "rounds": count(state.num_rounds),
        "last": times.ago(state.last_at),
        "reviews": [_review(state, review, base) for review in state.reviews],
        "under_way": [
            {"href": f"{base}round?round={round_.id}", "words": _standing(round_), "badge": BADGES[round_.status]}
            for round_ in (*state.under_way, *((state.failed,) if state.failed else ()))
        ],
        "undecided": count(state.undecided) if state.reviews else "–",
        "accuracy": percent(state.accuracy.value) if state.accuracy else "–",
        "measured": gettext("round {number}").format(number=state.measured.number) if state.measured else "",
        "accuracy_href": f"{base}round?round={state.measured.id}" if state.measured else "",
        **_change(state, base),
        "red": count(state.red) if state.red else "",
        "red_href": f"{base}warnings?round={state.red_round_id}",
    }


def _review(state: ProjectState, review: OpenReview, base: str) -> dict[str, str]:
    may = state.role.rank >= Role.reviewer.rank
    waits = gettext("{number} given to you").format(number=count(review.assigned)) if review.assigned and may else ""
    if not waits:
        waits = gettext("{number} to decide").format(number=count(review.undecided)) if may else ""
    return {
        "href": f"{base}review?round={review.id}",
        "words": gettext("Round {number}").format(number=review.number),
        "waits": waits,
    }


def _standing(round_: RoundAt) -> str:
    words = {
        RoundStatus.running: gettext("Round {number} runs: {stage}"),
        RoundStatus.held: gettext("Round {number} is held"),
        RoundStatus.failed: gettext("Round {number} failed to {stage}"),
    }
    return words[round_.status].format(number=round_.number, stage=word(round_.stage))


def _change(state: ProjectState, base: str) -> dict[str, str]:
    """How much better the last measured round is than what it started from, and whether chance explains it."""
    change = state.change
    if change is None or change.value is None or state.measured is None:
        return {"change": "–", "change_badge": "", "change_href": ""}
    badge = "ok" if change.is_better else "bad" if change.is_worse else ""
    href = f"{base}compare?new=r{state.measured.id}"
    return {"change": points(change.value), "change_badge": badge, "change_href": href}


def _head(
    head: tuple[ProjectSortKey | None, str], sort: ProjectSortKey, show: ShownProjects, name: str
) -> dict[str, Any]:
    """The head of a column, and what sorts by it."""
    by, title = head
    way = "ascending" if sort in (ProjectSortKey.by_name, ProjectSortKey.change) else "descending"
    kept = {"show": str(show) if show is not ShownProjects.all else "", "name": name}
    asked = {key: value for key, value in ({"sort": str(by)} | kept).items() if value}
    return {
        "title": title,
        "href": f"/projects?{urlencode(asked)}" if by else "",
        "is_sorted": way if by is sort else "",
    }


def _chosen(of: type[Chosen], word: str | None) -> Chosen | None:
    """The member of that name; None where there is none, as in an address that was typed."""
    return of(word) if word in [str(member) for member in of] else None


def _leftovers(actor: Actor) -> dict[str, object]:
    """The files that nothing refers to. Finding them reads the whole data folder: only whoever asks for them waits."""
    leftovers = clean_up.find(actor)
    shown = [
        {"path": leftover.where, "why": leftover.why, "size": in_bytes(leftover.num_bytes)}
        for leftover in leftovers[:SHOWN]
    ]
    rest = len(leftovers) - len(shown)
    return {"files": shown, "rest": rest, "size": in_bytes(sum(leftover.num_bytes for leftover in leftovers))}
