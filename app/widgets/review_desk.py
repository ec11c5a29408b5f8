"""The review desk: one component with its own script (static/review), and what that script may ask the server."""

from dataclasses import asdict

import gradio as gr

from app.widgets.asked import asked_for
from app.widgets.closing_lines import closing_lines
from app.widgets.context import Context
from app.widgets.review_answers import (
    act_or_error,
    actions,
    answering,
    chain_json,
    earlier_json,
    history_row,
    item_json,
    listed,
    mapping,
    number,
    progress_json,
    sent,
    words,
)  # fmt: skip
from app.widgets.round_choice import why_closed
from backend import __version__
from backend.errors import InvalidInput
from backend.services import projects, queue, review_settings, reviews, rounds
from backend.services.queue import Order
from backend.services.queue.review_items import MAX_SHOWN
from backend.services.review_settings import Mode, ReviewSettings
from backend.services.reviews import Outcome, Progress, item_history, preferences, review_keys, sent_acts
from backend.services.rounds import RoundView, repairs
from backend.services.samples import chain
from backend.values import JSON, Role, RoundStatus

MAX_ACTS = 50
AHEAD, AHEAD_OF_GROUPS, LEAST_AHEAD = 80, 30, 5
"""The most and the fewest items fetched ahead: what is fetched is reserved, and colleagues need some too."""
HEAD = f'<link rel="stylesheet" href="/static/review/review.css?v={__version__}">'
TEMPLATE = '<div class="rondo-muted">Opening the review…</div>'
START = f"""import("/static/review/desk.js?v={__version__}").then(
  (desk) => desk.start(element, server),
  () => {{ element.textContent = "A part of this page did not arrive. Reload it."; }},
);"""


def review_desk() -> gr.HTML:
    """The component. Its value never changes: a changed value would draw the template again."""
    return gr.HTML(
        html_template=TEMPLATE,
        js_on_load=START,
        head=HEAD,
        elem_id="review-desk",
        apply_default_css=False,
        server_functions=[
            review_open, review_more, review_earlier, review_send, review_history, review_chain, review_bind,
            review_show, review_repair, review_repaired, review_closing, review_close,
        ],
    )  # fmt: skip


@answering
def review_open(here: Context, data: JSON) -> JSON:
    """What the desk needs at the start: the rounds, the chosen one, guidelines, counters, the person's keys."""
    known = rounds.list_rounds(here.actor, here.project_id)
    wanted = asked_for(str(data.get("round") or ""), "round", {one.id for one in known})
    chosen = chosen_round(known, wanted.id)
    base = {
        "me": here.actor.user_id,
        "rounds": [{"id": r.id, "number": r.number, "is_open": is_open(r)} for r in reversed(known)],
    }
    if wanted.missing:
        return base | {"round": None, "empty": wanted.missing}
    if chosen is None:
        return base | {
            "round": None,
            "empty": "No round yet. Launch one with review on; its samples come here to be decided.",
        }
    project = projects.get(here.actor, here.project_id)
    if project.role.rank < Role.reviewer.rank:
        return base | {
            "round": None,
            "empty": "Deciding needs the role reviewer; yours is viewer. Ask a project admin.",
        }
    settings = review_settings.read(chosen.review)
    progress, own = reviews.progress(here.actor, chosen.id), preferences.get(here.actor)
    return base | {
        "round": {
            "id": chosen.id,
            "number": chosen.number,
            "is_blind": chosen.is_blind,
            "has_overlap": settings.has_overlap,
            "is_open": is_open(chosen),
            "why_closed": why_closed(chosen),
            "has_chain": has_chain(chosen, settings),
            "can_close": is_open(chosen) and project.role.rank >= Role.curator.rank,
        },
        "mode": settings.mode,
        "ahead": ahead(settings, progress, here.actor.user_id),
        "orders": list(Order),
        "guidelines": project.guidelines,
        "scores": score_keys(chosen),
        "scale": scale(chosen),
        "why": list(review_keys.WHY),
        "actions": actions(own),
        "shows": own.model_dump(mode="json", exclude={"keys"}),
        "tally": asdict(progress.mine),
        "progress": progress_json(progress),
    }


@answering
def review_more(here: Context, data: JSON) -> JSON:
    """The next items."""
    try:
        order = Order(data.get("order", Order.sequential))
    except ValueError as error:
        raise InvalidInput(f"There is no order {data.get('order')!r}. Choose one from the list.") from error
    items = queue.queue(
        here.actor,
        number(data.get("round")),
        order=order,
        limit=number(data.get("limit", 20)),
        held=[number(n) for n in listed(data.get("held"))],
        include=[number(n) for n in listed(data.get("include"))],
        peek=bool(data.get("peek")),
    )
    return {"items": [item_json(item) for item in items]}


@answering
def review_earlier(here: Context, data: JSON) -> JSON:
    """What the person decided last and the page does not hold, such as before it was loaded."""
    held = [number(n) for n in listed(data.get("held"))]
    found = queue.earlier(here.actor, number(data.get("round")), held)
    return {"item": earlier_json(found) if found else None}


@answering
def review_send(here: Context, data: JSON) -> JSON:
    """Write decisions, in the order they were made; one that cannot be written says why and holds up no other."""
    acts = listed(data.get("acts"))
    if not 1 <= len(acts) <= MAX_ACTS:
        raise InvalidInput(f"1 to {MAX_ACTS} decisions go in one call. Send the others in the next.")
    done = sent_acts.decide_each(here.actor, number(data.get("round")), [act_or_error(act) for act in acts])
    tallies = [asdict(one.tally) for one in done if isinstance(one, Outcome)]
    return {"done": [sent(one) for one in done], "tally": tallies[-1] if tallies else None}


@answering
def review_history(here: Context, data: JSON) -> JSON:
    """What was said of an item so far, as far as this person may see it."""
    found = item_history.read(here.actor, number(data.get("sample_id")))
    return {"history": [history_row(one) for one in found.entries], "is_hidden": found.is_hidden}


@answering
def review_chain(here: Context, data: JSON) -> JSON:
    """What texts came from, and what was said of them, as far as this person may see it."""
    ids = [number(n) for n in listed(data.get("sample_ids"))]
    if len(ids) > MAX_SHOWN:
        raise InvalidInput(f"An item shows up to {MAX_SHOWN} samples. Reload the page.")
    return {"chains": [chain_json(chain.read(here.actor, n)) for n in ids]}


@answering
def review_bind(here: Context, data: JSON) -> JSON:
    """Change keys; the answer holds all of them."""
    keys = {str(name): [str(key) for key in listed(keys)] for name, keys in mapping(data.get("keys")).items()}
    return {"actions": actions(preferences.bind(here.actor, keys))}


@answering
def review_show(here: Context, data: JSON) -> JSON:
    """Change how texts are shown."""
    changes = mapping(data.get("changes"))
    if "keys" in changes:
        raise InvalidInput("Keys are changed on the sheet of keys.")
    return {"shows": preferences.change(here.actor, **changes).model_dump(mode="json", exclude={"keys"})}


@answering
def review_repair(here: Context, data: JSON) -> JSON:
    """Have a text rewritten; the answer names the job."""
    return {"job_id": repairs.start(here.actor, number(data.get("sample_id")), words(data.get("instruction")))}


@answering
def review_repaired(here: Context, data: JSON) -> JSON:
    """How far a rewrite is."""
    found = repairs.get(here.actor, number(data.get("job_id")))
    told = asdict(found) | {"is_over": found.is_over}
    # An `error` of the answer itself would mean that the question failed.
    return told | {"problem": told.pop("error")}


@answering
def review_closing(here: Context, data: JSON) -> JSON:
    """What closing would do, in words."""
    return {"lines": closing_lines(reviews.closing(here.actor, number(data.get("round"))))}


@answering
def review_close(here: Context, data: JSON) -> JSON:
    """End the review; selection and training go on."""
    return {"job": reviews.close(here.actor, number(data.get("round")))}


def chosen_round(known: list[RoundView], asked: int | None) -> RoundView | None:
    """The asked round of this project; else the newest one in review; else the newest."""
    for one in known:
        if one.id == asked:
            return one
    waiting = [one for one in known if is_open(one)]
    return next(iter([*reversed(waiting), *reversed(known)]), None)


def is_open(round_: RoundView) -> bool:
    return round_.status is RoundStatus.review


def has_chain(round_: RoundView, settings: ReviewSettings) -> bool:
    """Whether the desk tells what texts came from. Not in a blind review: it would tell what was said of them."""
    is_list = "steps" in round_.recipe or "phases" in round_.recipe
    return is_list and (not round_.is_blind or settings.mode is Mode.judgment)


def ahead(settings: ReviewSettings, progress: Progress, me: int) -> int:
    """How many items the page may hold: half of a fair share of what is left."""
    people = 1 + sum(one.is_here for one in progress.people if one.user_id != me)
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
