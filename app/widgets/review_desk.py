"""The review desk: one component with its own script (static/review), and what that script may ask the server."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gradio as gr

from app.widgets.context import Context, context
from backend import __version__
from backend.errors import Conflict, InvalidInput, RondoError
from backend.services import projects, review_queue, reviews, rounds
from backend.services.review_queue import Order
from backend.services.reviews import Act, Closing, Decided
from backend.services.rounds import RoundView
from backend.values import JSON, DecisionKind, Role, RoundStatus

MAX_ACTS = 50
HEAD = f'<link rel="stylesheet" href="/static/review/review.css?v={__version__}">'
TEMPLATE = '<div class="rondo-muted">Opening the review…</div>'
START = f"""import("/static/review/desk.js?v={__version__}").then((desk) => desk.start(element, server));"""

Answer = Callable[[Any, gr.Request], JSON]


def review_desk() -> gr.HTML:
    """The component. Its value never changes: a changed value would draw the template again."""
    return gr.HTML(
        html_template=TEMPLATE,
        js_on_load=START,
        head=HEAD,
        elem_id="review-desk",
        apply_default_css=False,
        server_functions=[review_open, review_more, review_send, review_closing, review_close],
    )


def answering(function: Callable[[Context, JSON], JSON]) -> Answer:
    """Turn what a person may read into an answer; the script shows it and keeps what was not saved."""

    def answer(data: Any, request: gr.Request) -> JSON:
        try:
            if not isinstance(data, dict):
                raise InvalidInput("The page sent something it should not. Reload it.")
            # Gradio hands server functions the bare request of FastAPI.
            asked = request if isinstance(request, gr.Request) else gr.Request(request)
            return function(context(asked), data)
        except RondoError as error:
            frozen = isinstance(error, Conflict) and "frozen" in error.message
            return {"error": {"type": type(error).__name__, "message": error.message, "frozen": frozen}}

    # Not functools.wraps: Gradio reads the parameters, to know that a request is wanted.
    answer.__name__, answer.__doc__ = function.__name__, function.__doc__
    return answer


@answering
def review_open(here: Context, data: JSON) -> JSON:
    """What the desk needs at the start: the rounds, the chosen one, guidelines, counters."""
    known = rounds.list_rounds(here.actor, here.project_id)
    chosen = chosen_round(known, data.get("round"))
    if chosen is None:
        return {"round": None, "empty": "No round yet. Launch one with review on; its samples come here to be decided."}
    project = projects.get(here.actor, here.project_id)
    if project.role.rank < Role.reviewer.rank:
        return {"round": None, "empty": "Deciding needs the role reviewer; yours is viewer. Ask a project admin."}
    progress = reviews.progress(here.actor, chosen.id)
    return {
        "me": here.actor.user_id,
        "rounds": [{"id": r.id, "number": r.number, "is_open": is_open(r)} for r in reversed(known)],
        "round": {
            "id": chosen.id,
            "number": chosen.number,
            "is_blind": chosen.is_blind,
            "is_open": is_open(chosen),
            "can_close": is_open(chosen) and project.role.rank >= Role.curator.rank,
        },
        "guidelines": project.guidelines,
        "scores": score_keys(chosen),
        "tally": asdict(progress.mine),
        "progress": {"samples": progress.samples, "decided": progress.decided},
    }


@answering
def review_more(here: Context, data: JSON) -> JSON:
    """The next samples."""
    try:
        order = Order(data.get("order", Order.sequential))
    except ValueError as error:
        raise InvalidInput(f"There is no order {data.get('order')!r}. Choose one from the list.") from error
    items = review_queue.queue(
        here.actor,
        number(data.get("round")),
        order=order,
        limit=number(data.get("limit", 20)),
        held=[number(n) for n in listed(data.get("held"))],
        include=[number(n) for n in listed(data.get("include"))],
    )
    return {"items": [asdict(item) for item in items]}


@answering
def review_send(here: Context, data: JSON) -> JSON:
    """Write decisions, in the order they were made."""
    acts = listed(data.get("acts"))
    if not 1 <= len(acts) <= MAX_ACTS:
        raise InvalidInput(f"1 to {MAX_ACTS} decisions go in one call. Send the others in the next.")
    done = reviews.decide_many(here.actor, number(data.get("round")), [read_act(act) for act in acts])
    return {"done": [shown(one) for one in done], "tally": asdict(done[-1].tally)}


@answering
def review_closing(here: Context, data: JSON) -> JSON:
    """What closing would do, in words."""
    return {"lines": closing_lines(reviews.closing(here.actor, number(data.get("round"))))}


@answering
def review_close(here: Context, data: JSON) -> JSON:
    """End the review; selection and training go on."""
    return {"job": reviews.close(here.actor, number(data.get("round")))}


def chosen_round(known: list[RoundView], asked: Any) -> RoundView | None:
    """The asked round of this project; else the newest one in review; else the newest."""
    by_id = {one.id: one for one in known}
    if asked in by_id:
        return by_id[asked]
    waiting = [one for one in known if is_open(one)]
    return next(iter([*reversed(waiting), *reversed(known)]), None)


def is_open(round_: RoundView) -> bool:
    return round_.status is RoundStatus.review


def score_keys(round_: RoundView) -> list[int]:
    """The scores that digits give: the judge's scale, where it is one of whole numbers up to 9."""
    judge = round_.recipe.get("judge", {})
    lowest, highest = judge.get("lowest"), judge.get("highest")
    if lowest is None or highest is None or not 0 <= lowest < highest <= 9 or highest <= 1:
        return []
    return list(range(int(lowest), int(highest) + 1))


def closing_lines(sums: Closing) -> list[str]:
    kept = sums.accepted_by_judge + sums.rejected_by_judge
    return [
        f"{sums.decided:,} of {sums.samples:,} samples were decided by people "
        f"({sums.accepted_by_people:,} accepted, {sums.rejected_by_people:,} rejected).",
        f"{kept:,} keep the judge's label ({sums.accepted_by_judge:,} accepted, {sums.rejected_by_judge:,} rejected).",
        f"{sums.without_verdict:,} have no verdict and are not trained on.",
        "Then the training data is selected and frozen, and training starts. Labels of this round change no more.",
    ]


def read_act(data: Any) -> Act:
    """An act as the script sent it; anything may come here."""
    if not isinstance(data, dict):
        raise InvalidInput("A decision has a client_id, a kind and a sample_id. Reload the page.")
    try:
        kind = DecisionKind(data.get("kind", ""))
        score, seconds = data.get("score"), data.get("seconds")
        return Act(
            client_id=str(data.get("client_id", "")),
            kind=kind,
            sample_id=number(data.get("sample_id", 0)),
            score=None if score is None else float(score),
            text=None if data.get("text") is None else str(data["text"]),
            note=str(data.get("note", "")),
            seconds=None if seconds is None else min(max(float(seconds), 0.0), 86_400.0),
            is_blind=bool(data.get("is_blind", True)),
            retracts=None if data.get("retracts") is None else str(data["retracts"]),
        )
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"This is no decision: {error}. Reload the page.") from error


def shown(one: Decided) -> JSON:
    return {
        "sample_id": one.decision.sample_id,
        "is_override": one.decision.is_override,
        "edit_id": one.decision.edit_id,
        "judge": asdict(one.judge) if one.judge else None,
    }


def number(value: Any) -> int:
    if not isinstance(value, int):
        raise InvalidInput(f"{value!r} is no number of a row. Reload the page.")
    return value


def listed(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise InvalidInput("The page sent something it should not. Reload it.")
    return value or []
