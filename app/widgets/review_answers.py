"""Between the review desk's script and the services: what comes in is checked, what goes out is plain JSON."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gradio as gr

from app.widgets.context import Context, context
from app.widgets.sample_card import HIDDEN_CHAIN, MORE_QUESTIONS, made_by, step_of
from backend.boundary import MOST_ID
from backend.errors import Conflict, InvalidInput, RondoError
from backend.services import trouble
from backend.services.access import check_same
from backend.services.decisions import Act, Decision
from backend.services.queue import Item
from backend.services.review_settings import Mode
from backend.services.reviews import Outcome, Progress, review_keys
from backend.services.reviews.preferences import Preferences
from backend.services.samples.chain import Chain
from backend.services.samples.rows import SampleRow
from backend.values import JSON, DecisionKind

log = logging.getLogger("rondo.app")

FAILED = "Something went wrong here. It is in the server's log."
Answer = Callable[[Any, gr.Request], JSON]


def answering(function: Callable[[Context, JSON], JSON]) -> Answer:
    """Turn what a person may read into an answer; the script shows it and keeps what was not saved.

    `me` in what the script sends: the person the page was made for.
    """

    def answer(data: Any, request: gr.Request) -> JSON:
        try:
            if not isinstance(data, dict):
                raise InvalidInput("The page sent something it should not. Reload it.")
            # Gradio hands server functions the bare request of FastAPI.
            asked = request if isinstance(request, gr.Request) else gr.Request(request)
            here = context(asked)
            check_same(here.actor, None if data.get("me") is None else number(data["me"]))
            return function(here, data)
        except RondoError as error:
            return {"error": error_json(error)}
        except Exception as error:
            if (passing := trouble.as_busy(error)) is not None:
                return {"error": {"type": "Busy", "message": passing.message, "retry_after": passing.retry_after}}
            # Without an answer the script would send the same again for ever.
            log.exception("%s failed", function.__name__)
            return {"error": {"type": "InternalError", "message": FAILED, "frozen": False}}

    # Not functools.wraps: Gradio reads the parameters, to know that a request is wanted.
    answer.__name__, answer.__doc__ = function.__name__, function.__doc__
    return answer


def error_json(error: RondoError) -> JSON:
    # The whole phrase: a refusal may quote what somebody typed.
    frozen = isinstance(error, Conflict) and "labels are frozen with what training reads" in error.message
    told = {"type": type(error).__name__, "message": error.message, "frozen": frozen}
    return told if error.retry_after is None else told | {"retry_after": error.retry_after}


def act_or_error(data: Any) -> Act | RondoError:
    """An act as the script sent it, or why it is none."""
    try:
        return read_act(data)
    except RondoError as error:
        return error


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
            value=mapping(data.get("value")),
            text=None if data.get("text") is None else str(data["text"]),
            note=str(data.get("note", "")),
            seconds=None if seconds is None else min(max(float(seconds), 0.0), 86_400.0),
            is_blind=bool(data.get("is_blind", True)),
            retracts=None if data.get("retracts") is None else str(data["retracts"]),
            mode=None if data.get("mode") is None else Mode(data["mode"]),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"This is no decision: {error}. Reload the page.") from error


def sent(one: Outcome | RondoError) -> JSON:
    """What came of an act."""
    if isinstance(one, RondoError):
        return {"error": error_json(one)}
    return {
        "sample_id": one.decision.sample_id,
        "is_override": one.decision.is_override,
        "edit_id": one.decision.edit_id,
        "judge": asdict(one.judge) if one.judge else None,
        "judges": {str(sample_id): asdict(view) for sample_id, view in one.judges.items()},
        "reason": one.reason,
        "late_because": one.late_because,
        "meanwhile": one.meanwhile,
        "replaces": one.decision.replaces,
    }


def item_json(item: Item) -> JSON:
    """An item, times as text; a single sample has no members at all."""
    told = asdict(item)
    told["others"] = [history_row(one) for one in item.others]
    until = item.lease_until.isoformat() if item.lease_until else None
    return told | {"lease_until": until, "members": told["members"] or None}


def earlier_json(item: Item) -> JSON:
    """An item decided before, with what was said of it as the script keeps it."""
    found = item.mine
    assert found is not None
    mine = {"client_id": found.client_id, "kind": found.kind, "score": found.score, "value": found.value or None}
    mine |= {"is_override": found.is_override, "late": found.is_late, "saved": True}
    return item_json(item) | {"mine": mine}


def chain_json(found: Chain) -> JSON:
    """The texts above and the questions below; texts only."""

    def text(row: SampleRow) -> JSON:
        told = {"id": row.id, "text": row.text, "score": row.score, "verdict": row.verdict}
        return told | {"step": ", ".join(step_of(row, found.names)), "href": f"samples?sample={row.id}"}

    return {
        "made_by": ", ".join(made_by(found)),
        "above": [text(row) for row in found.above],
        "questions": [{"asked": q.asked, "answers": [text(row) for row in q.answers]} for q in found.questions],
        "more": HIDDEN_CHAIN if found.is_hidden else MORE_QUESTIONS if found.has_more else "",
    }


def history_row(one: Decision) -> JSON:
    return asdict(one) | {"at": one.at.isoformat()}


def progress_json(progress: Progress) -> JSON:
    """How far the review is, and who is here."""
    return {
        "samples": progress.samples,
        "decided": progress.decided,
        "remaining": progress.remaining,
        "mine": asdict(progress.mine),
        "ends_at": progress.ends_at.isoformat() if progress.ends_at else None,
        "here": {str(one.user_id): one.name for one in progress.people if one.is_here},
    }


def actions(own: Preferences) -> list[JSON]:
    """Every action with its keys as this person has them."""
    keys = review_keys.bound(own.keys)
    return [
        {
            "name": action.name,
            "label": action.label,
            "keys": list(keys[action.name]),
            "modes": list(action.modes),
            "is_changed": action.name in own.keys,
        }
        for action in review_keys.ACTIONS
    ]


def number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_ID:
        raise InvalidInput(f"{value!r} is no number of a row. Reload the page.")
    return value


def listed(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise InvalidInput("The page sent something it should not. Reload it.")
    return value or []


def mapping(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise InvalidInput("The page sent something it should not. Reload it.")
    return value or {}


def words(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput("The page sent something it should not. Reload it.")
    return value
