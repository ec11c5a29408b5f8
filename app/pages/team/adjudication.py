"""Team page: items on which people disagree, each settled with one key."""

import uuid
from typing import Any

import gradio as gr

from app.pages.team import templates
from app.toasts import toasts
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.round_choice import known, needed
from app.widgets.value_words import word
from backend.errors import Conflict, NotFound
from backend.services.decisions import Decision
from backend.services.queue.item_views import JudgeView
from backend.services.queue.review_items import Item
from backend.services.reviews import ActResult
from backend.services.team import adjudication
from backend.services.team.adjudication import Disputed
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, DecisionKind, Messages

KEYS = "12345678"
NOTHING = N_("Nobody disagrees on anything that is not settled yet.")
BADGES = {"accept": "ok", "reject": "bad"}


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    page_state = gr.State({})
    item = markup(templates.ITEM, templates.ITEM_CSS, js=templates.ITEM_JS, value={}, elem_id="adjudication-item")
    shown = [item, page_state]
    quiet = private | {"show_progress": "hidden"}
    tab.select(show, chosen, shown, **quiet)
    chosen.input(show, chosen, shown, **quiet)
    pressed = item.click(answer, [chosen, page_state], shown, trigger_mode="multiple", **quiet)
    pressed.failure(None, js=templates.ITEM_FAILED, api_visibility="private")


@toasts
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Show the first disputed item."""
    return _next(context(request), known(round_id, request), [])


@toasts
def answer(round_id: int | None, page_state: JSON, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Settle the shown item, leave it for later, or take the last one back; show what comes next."""
    here, (pressed, sample_id) = context(request), _pressed(event)
    passed = list(page_state.get("passed", []))
    choice = page_state.get("choices", {}).get(pressed)
    if pressed == "undo":
        return _undo(here, needed(round_id), page_state, passed)
    if sample_id != page_state.get("sample") or (choice is None and pressed != "later"):
        return _next(here, round_id, passed)
    if choice is None:
        return _next(here, round_id, [*passed, sample_id])
    try:
        # One id for each time an item is shown: whatever is pressed twice on it settles it once.
        done = adjudication.decide(
            here.actor,
            needed(round_id),
            page_state["turn"],
            sample_id,
            DecisionKind(choice["kind"]),
            value=choice["value"],
        )
    except Conflict as error:
        return _next(here, round_id, passed, message=error.message, is_bad=True)
    return _next(here, round_id, passed, message=done.meanwhile or _told(done))


def _told(done: ActResult) -> str:
    """What the judge had said of the item that was settled, where that was hidden before."""
    view = done.judges.get(done.decision.sample_id, done.judge) if done.decision.is_blind else None
    told = judge_word(view)
    return gettext("The judge had said {word}.").format(word=told) if told else ""


def _undo(here: Context, round_id: int, page_state: JSON, passed: list[int]) -> list[Any]:
    """Take back the curator's last word, and show its item again."""
    turn = page_state.get("turn") or uuid.uuid4().hex
    try:
        done = adjudication.undo(here.actor, round_id, f"{turn}-undo")
    except (Conflict, NotFound) as error:
        return _next(here, round_id, passed, message=error.message, is_bad=True)
    left = [sample_id for sample_id in passed if sample_id != done.decision.sample_id]
    return _next(
        here, round_id, left, first=done.decision.sample_id, message=gettext("Taken back. Settle this item again.")
    )


def _pressed(event: gr.EventData) -> tuple[str, int]:
    """The word, and the number of the sample it was meant for."""
    data = event._data if isinstance(event._data, dict) else {}
    sample_id = data.get("sample")
    return str(data.get("word", "")), sample_id if isinstance(sample_id, int) else 0


def _next(
    here: Context,
    round_id: int | None,
    passed: list[int],
    *,
    first: int | None = None,
    message: str = "",
    is_bad: bool = False,
) -> list[Any]:
    """The next item, or `first`, with what may be said of it. `turn` makes each answer a new one to the page."""
    if round_id is None:
        return [{"empty": gettext(NOTHING)}, {}]
    try:
        count = adjudication.count(here.actor, int(round_id))
    except Conflict as error:  # its rows lie in an archive
        return [{"empty": error.message}, {}]
    turn = uuid.uuid4().hex
    news = {"turn": turn, "said": message, "is_bad": is_bad, "undo": True}
    again = adjudication.one_item(here.actor, int(round_id), first) if first is not None else None
    disputed = [again] if again else adjudication.queue(here.actor, int(round_id), limit=2, held=passed)
    if not disputed:
        return [news | {"empty": _nothing(len(passed))}, {"turn": turn, "passed": passed}]
    choices = words(disputed[0].item)
    kept = {choice["word"]: {"kind": choice["kind"], "value": choice["value"]} for choice in choices}
    state = {"sample": disputed[0].item.sample_id, "turn": turn, "passed": passed, "choices": kept}
    ready = [item_value(dispute, max(0, count - 1), words(dispute.item)) for dispute in disputed[1:]]
    return [news | {"shown": [item_value(disputed[0], count, choices)], "ready": ready}, state]


def _nothing(passed: int) -> str:
    """That no item is left to settle, and how many of them were put off."""
    if not passed:
        return gettext(NOTHING)
    text = ngettext(
        "Nobody disagrees on anything else that is not settled yet. {number} item is left for later.",
        "Nobody disagrees on anything else that is not settled yet. {number} items are left for later.",
        passed,
    )
    return text.format(number=f"{passed:,}")


def words(item: Item) -> list[JSON]:
    """What a curator may say of an item, each with its key."""
    if not item.members:
        return [
            {"word": verdict, "key": key, "name": gettext(verdict.capitalize()), "kind": verdict, "value": {}}
            for verdict, key in (("accept", "a"), ("reject", "x"))
        ]
    ids = [member.sample_id for member in item.members]
    best = [
        {
            "word": f"best {key}",
            "key": key,
            "name": gettext("{name} is best").format(name=key),
            "kind": "prefer",
            "value": {"best": id_, "worst": None},
        }
        for key, id_ in zip(KEYS, ids, strict=False)
    ]
    tie = {"word": "tie", "key": "t", "name": gettext("Tie"), "kind": "prefer", "value": {"tie": ids}}
    bad = {"word": "all bad", "key": "b", "name": gettext("All bad"), "kind": "prefer", "value": {"all_bad": ids}}
    return [*best, tie, bad]


def item_value(disputed: Disputed, left: int, choices: list[JSON]) -> JSON:
    """What the card shows; texts only."""
    item = disputed.item
    names = {member.sample_id: str(n) for n, member in enumerate(item.members, start=1)}
    texts = [
        {"name": names[member.sample_id], "text": member.text, "judge": judge_word(member.judge)}
        for member in item.members
    ]
    return {
        "sample": item.sample_id,
        "title": title(item),
        "left": gettext("{left} to settle").format(left=f"{left:,}"),
        "prompt": last_question(item.messages),
        "texts": texts or [{"name": gettext("Sample"), "text": item.text}],
        "votes": [vote_value(vote, names) for vote in disputed.votes],
        "judge": "" if item.members else judge_word(item.judge),
        "buttons": [{"word": choice["word"], "key": choice["key"], "name": choice["name"]} for choice in choices],
    }


def last_question(messages: Messages) -> str:
    return messages[-1]["content"] if messages else ""


def title(item: Item) -> str:
    """`Sample 12`, `Prompt of samples 482 to 489`."""
    ids = sorted(member.sample_id for member in item.members)
    if not ids:
        return gettext("Sample {number}").format(number=item.sample_id)
    if len(ids) > 2 and ids[-1] - ids[0] == len(ids) - 1:
        return gettext("Prompt of samples {first} to {last}").format(first=ids[0], last=ids[-1])
    return gettext("Prompt of samples {numbers}").format(numbers=", ".join(map(str, ids)))


def judge_word(view: JudgeView | None) -> str:
    """What the judge gave one sample: `accept 1`."""
    if view is None or (view.verdict is None and view.score is None):
        return ""
    score = "" if view.score is None else f" {view.score:g}"
    return f"{word(view.verdict) or gettext('no verdict')}{score}"


def vote_value(decision: Decision, names: dict[int, str]) -> JSON:
    """One person's decision."""
    words = word(decision.verdict or decision.kind)
    if decision.kind is DecisionKind.score:
        words = gettext("{verdict}, score {score}").format(verdict=words, score=f"{decision.score:g}")
    best = decision.value.get("best") or next(iter(decision.value.get("order", [])), None)
    if decision.kind in (DecisionKind.prefer, DecisionKind.rank):
        words = gettext("all bad") if decision.value.get("all_bad") else gettext("tie")
        words = gettext("{name} is best").format(name=names.get(best, best)) if best else words
    return {"who": decision.who, "said": words, "badge": BADGES.get(str(decision.verdict), ""), "note": decision.note}
