"""What an open review desk asks beside items and decisions: what it needs to open, and that somebody sits at it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.depends import Asking
from app.widgets import times
from app.widgets.asked import asked_for, in_trash
from app.widgets.random_draws import advice
from app.widgets.round_choice import ClosedBecause, closed_because, why_closed
from backend.boundary import Id, Line
from backend.errors import NotFound
from backend.services import projects, questions, review_settings, reviews, rounds
from backend.services.access import Actor
from backend.services.decisions import leases
from backend.services.decisions.leases import Holding
from backend.services.decisions.rules import counts_as_blind
from backend.services.projects import ProjectView
from backend.services.questions import QuestionView
from backend.services.queue import Order
from backend.services.review_settings import Mode, ReviewSettings
from backend.services.reviews import ReviewProgress, preferences, review_keys
from backend.services.reviews.preferences import Preferences, TextStyle
from backend.services.rounds import RoundView
from backend.translations import N_, gettext
from backend.values import Role, RoundStatus

router = APIRouter(tags=["reviews"])

AHEAD, AHEAD_OF_GROUPS, LEAST_AHEAD = 80, 30, 5
"""The most and the fewest items fetched ahead: what is fetched is reserved, and colleagues need some too."""
NO_ROUND = N_("No round yet. Launch one with review on; its samples come here to be decided.")
NO_ROLE = N_("Deciding needs the role reviewer; yours is viewer. Ask a project admin.")


class RoundLink(BaseModel):
    """A round one may go to."""

    id: Id
    number: int
    is_open: bool


class OpenedRound(RoundLink):
    """The round of the desk. `counts_as_blind`: a decision made before the judge's view was seen counts as blind, which
    it does not in a branch and in a review that was opened again. `has_chain`: the desk tells what texts came from.
    `closed_because`: why nobody decides, as `why_closed` says it; while the review is open, why when it is over."""

    is_blind: bool
    counts_as_blind: bool
    has_overlap: bool
    why_closed: str
    closed_because: ClosedBecause
    has_chain: bool
    can_close: bool


class DeskAction(BaseModel):
    """What can be done, with the person's own keys for it."""

    name: str
    label: str
    keys: list[str]
    modes: list[str]
    is_changed: bool


class Shows(BaseModel):
    """How the person has texts shown."""

    text: TextStyle
    grey_common: bool
    guidelines_open: bool


class OpenDesk(BaseModel):
    """A desk on one round. `ahead`: the most items to hold. `advice`: how figures on the judge come to the blind
    decisions on items drawn at random that they need; empty where they have them. `questions`: what the project asks
    beside the verdict. `scores`: those that have a key each."""

    round: OpenedRound
    mode: Mode
    ahead: int
    orders: list[Order]
    guidelines: str
    advice: str
    questions: list[QuestionView]
    scores: list[int]
    scale: tuple[float, float] | None
    why: list[str]
    actions: list[DeskAction]
    shows: Shows
    progress: ReviewProgress


class DeskOpening(BaseModel):
    """Where one is. Without a `desk`, `empty` says why there is nothing to decide."""

    me: Id
    rounds: list[RoundLink]
    empty: str = ""
    desk: OpenDesk | None = None


class Beat(BaseModel):
    """Items reserved for the person. `wants_progress`: also count how far the review is."""

    model_config = ConfigDict(extra="forbid")

    held: list[Id] = Field(default=[], max_length=1000)
    wants_progress: bool = False


class Leaving(BaseModel):
    """The items to give back; without a list, all. `is_gone`: the page is closed, and nobody sits at it."""

    model_config = ConfigDict(extra="forbid")

    held: list[Id] | None = Field(default=None, max_length=1000)
    is_gone: bool = False


class Heard(BaseModel):
    """Until when what was kept is reserved, and who has what was lost."""

    until: datetime
    kept: list[int]
    lost: list[Holding]
    progress: ReviewProgress | None = None


class Keys(BaseModel):
    """The keys of each changed action; an action that is not named has its own again."""

    keys: dict[Line, list[Line]]


class ShowsEdit(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    text: TextStyle = TextStyle.rendered
    grey_common: bool = True
    guidelines_open: bool = True


@router.get("/projects/named/{name}/review")
def open_desk(
    request: Request, actor: Asking, name: Line, round_: Annotated[Line, Query(alias="round")] = ""
) -> DeskOpening:
    """What a desk needs at the start. `name` is the project's, as in the address of its pages; `round` is the id of one
    of its rounds, else the newest in review is opened."""
    project = projects.at(actor, name)
    if project is None:
        raise NotFound("You are not in the project that this page shows, or no longer. Reload the page.")
    known = rounds.list_rounds(actor, project.id)
    times.see_from(request)
    wanted = asked_for(round_, "round", {view.id for view in known})
    if wanted.missing:
        wanted = in_trash(actor, project.id, round_) or wanted
    chosen = chosen_round(known, wanted.id)
    links = [RoundLink(id=view.id, number=view.number, is_open=is_open(view)) for view in reversed(known)]
    empty = wanted.missing or (gettext(NO_ROUND) if chosen is None else "")
    if not empty and project.role.rank < Role.reviewer.rank:
        empty = gettext(NO_ROLE)
    desk = desk_on(actor, project, chosen) if chosen is not None and not empty else None
    return DeskOpening(me=actor.user_id, rounds=links, empty=empty, desk=desk)


@router.post("/rounds/{round_id}/review/here")
def here(actor: Asking, round_id: Id, body: Beat) -> Heard:
    """Renew reservations and be seen; to be sent every 20 seconds."""
    renewed = leases.renew(actor, round_id, body.held)
    progress = reviews.progress(actor, round_id) if body.wants_progress else None
    return Heard(
        until=renewed.until,
        kept=list(renewed.kept),
        lost=list(renewed.lost),
        progress=progress,
    )


@router.post("/rounds/{round_id}/review/leave", status_code=204)
def leave(actor: Asking, round_id: Id, body: Leaving) -> None:
    """Give back what is not decided; without a list, everything in the round."""
    leases.release(actor, round_id, body.held, is_gone=body.is_gone)


@router.put("/me/review/keys")
def bind_keys(actor: Asking, body: Keys) -> list[DeskAction]:
    """Change one's own keys; the answer holds all of them."""
    return actions(preferences.bind(actor, body.keys))


@router.patch("/me/review/shows")
def change_shows(actor: Asking, body: ShowsEdit) -> Shows:
    """Change how texts are shown to oneself."""
    return shows(preferences.change(actor, **body.model_dump(mode="json", exclude_unset=True)))


def desk_on(actor: Actor, project: ProjectView, round_: RoundView) -> OpenDesk:
    settings = review_settings.read(round_.review)
    progress, own = reviews.progress(actor, round_.id), preferences.get(actor)
    return OpenDesk(
        round=OpenedRound(
            id=round_.id,
            number=round_.number,
            is_open=is_open(round_),
            is_blind=round_.is_blind,
            counts_as_blind=counts_as_blind(round_, settings.mode),
            has_overlap=settings.has_overlap,
            why_closed=why_closed(round_),
            closed_because=closed_because(round_),
            has_chain=has_chain(round_, settings),
            can_close=is_open(round_) and project.role.rank >= Role.curator.rank,
        ),
        mode=settings.mode,
        ahead=ahead(settings, progress, actor.user_id),
        orders=list(Order),
        guidelines=project.guidelines,
        advice=advice(actor, round_) if is_open(round_) else "",
        questions=questions.list_questions(actor, project.id, with_retired=False),
        scores=score_keys(round_),
        scale=scale(round_),
        why=list(review_keys.WHY),
        actions=actions(own),
        shows=shows(own),
        progress=progress,
    )


def actions(own: Preferences) -> list[DeskAction]:
    """Every action with its keys as this person has them."""
    keys = review_keys.bound(own.keys)
    return [
        DeskAction(
            name=action.name,
            label=action.words,
            keys=list(keys[action.name]),
            modes=list(action.modes),
            is_changed=action.name in own.keys,
        )
        for action in review_keys.ACTIONS
    ]


def shows(own: Preferences) -> Shows:
    return Shows(text=own.text, grey_common=own.grey_common, guidelines_open=own.guidelines_open)


def chosen_round(known: list[RoundView], asked: int | None) -> RoundView | None:
    """The asked round of this project; else the newest one in review; else the newest."""
    for view in known:
        if view.id == asked:
            return view
    waiting = [view for view in known if is_open(view)]
    return next(iter([*reversed(waiting), *reversed(known)]), None)


def is_open(round_: RoundView) -> bool:
    return round_.status is RoundStatus.review


def has_chain(round_: RoundView, settings: ReviewSettings) -> bool:
    """Whether the desk tells what texts came from. Not in a blind review: it would tell what was said of them."""
    is_list = "steps" in round_.recipe or "phases" in round_.recipe
    return is_list and (not round_.is_blind or settings.mode is Mode.judgment)


def ahead(settings: ReviewSettings, progress: ReviewProgress, me: int) -> int:
    """How many items the page may hold: half of a fair share of what is left."""
    people = 1 + sum(person.is_here for person in progress.people if person.user_id != me)
    most = AHEAD_OF_GROUPS if settings.by_group else AHEAD
    return min(most, max(LEAST_AHEAD, progress.remaining // (2 * people)))


def scale(round_: RoundView) -> tuple[float, float] | None:
    """The lowest and the highest score of the judge; None where it has no scale."""
    judge = rounds.judge_of(round_.recipe, round_.phase)
    lowest, highest = judge.get("lowest"), judge.get("highest")
    return None if lowest is None or highest is None else (lowest, highest)


def score_keys(round_: RoundView) -> list[int]:
    """The scores that have a key each: the judge's scale, where it is one of whole numbers up to 10."""
    lowest, highest = map(float, scale(round_) or (0, 0))
    is_whole = lowest.is_integer() and highest.is_integer()
    if not is_whole or not 0 <= lowest < highest <= 10 or highest <= 1:
        return []
    return list(range(int(lowest), int(highest) + 1))
