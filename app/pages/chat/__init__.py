"""Chat: one or two checkpoints side by side answer what is written, piece by piece. Nothing that is said is kept."""

from typing import Any

import gradio as gr

from app import cookies
from app.pages.chat import templates
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.asked import asked
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.roles import only
from backend.errors import Conflict, InvalidInput
from backend.services import checkpoints
from backend.services.checkpoints import chats
from backend.services.checkpoints.chats import ChatTurn, ChatView, TurnState
from backend.services.people import sessions
from backend.services.prompts import keeping
from backend.translations import N_, gettext
from backend.values import JSON, SCORER, Role, Sampling

TITLE, PATH, MENU = N_("Chat"), "chat", "more"
POLL_SECONDS = 0.5
NOBODY = 0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
NOTES = {TurnState.loading: N_("The model is being loaded…"), TurnState.answering: "…"}


def build() -> None:
    """Lay out the page and wire it."""
    drawn, timer = gr.State(CurrentChoice()), gr.Timer(POLL_SECONDS, active=False)
    with gr.Row():
        first = gr.Dropdown([], label=N_("Checkpoint"), elem_id="chat-checkpoint")
        beside = gr.Dropdown([], label=N_("Beside it"), elem_id="chat-beside")
    log = markup(templates.LOG, templates.LOG_CSS, js=templates.LOG_JS, elem_id="chat-log")
    with only(Role.curator, N_("Chatting with a checkpoint")):
        text = gr.Textbox(
            label=N_("Message"),
            lines=1,
            max_lines=12,
            info=N_("Enter sends it, Shift and Enter begin a new line, Escape stops the answer."),
            elem_id="chat-text",
        )
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.primary(N_("Send"), elem_id="chat-send")
            stop = buttons.secondary(N_("Stop"), elem_id="chat-stop")
            clear = buttons.secondary(N_("Clear"), elem_id="chat-clear")
        with gr.Accordion(N_("Sampling and system message"), open=False, elem_id="chat-sampling"):
            system = gr.Textbox(label=N_("System message"), lines=2, max_lines=12, elem_id="chat-system")
            with gr.Row():
                temperature = gr.Number(0.7, label="temperature")
                top_p = gr.Number(1.0, label="top_p")
                max_tokens = gr.Number(512, label="max_tokens")
                seed = gr.Number(None, label="seed", info=N_("Empty: another one each time."))

        with gr.Accordion(N_("Keep the last question as a prompt"), open=False, elem_id="chat-keep-part"):
            with gr.Row(equal_height=True):
                set_name = gr.Textbox(
                    label=N_("Prompt set"),
                    info=N_("One that no round uses, or a new one. What was said before goes with the question."),
                    max_length=100,
                    elem_id="chat-keep-set",
                )
                keep = buttons.secondary(N_("Keep as prompt"), elem_id="chat-keep")

    sides = [first, beside]
    gr.on(None, load, None, [*sides, log], **QUIET)
    gr.on([first.input, beside.input], None, sides, None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")
    given = [drawn, *sides, text, temperature, top_p, max_tokens, seed, system]
    sent = gr.on([go.click, text.submit], send_message, given, [text, timer], trigger_mode="once", **QUIET)
    stopped = stop.click(stop_answer, drawn, None, **QUIET)
    cleared = clear.click(clear_chat, drawn, None, **QUIET)
    gr.on([keep.click, set_name.submit], keep_prompt, set_name, None, **PRIVATE)
    # Once more after the event is over: a tick that found the answer before it whole stops the timer meanwhile.
    for event in (sent, stopped, cleared):
        event.success(lambda: gr.Timer(active=True), None, timer, **QUIET)
    # Nothing but the tick draws the chat, and one tick waits for the other: an older state is never drawn over a newer.
    timer.tick(draw, drawn, [log, timer], **QUIET)


@toasts
def load(request: gr.Request) -> list[Any]:
    """Fill the page: `?checkpoint=ID&beside=ID` choose; else the newest."""
    here = context(request)
    rows = [row for row in checkpoints.tree(here.actor, here.project_id) if row.kind != SCORER]
    known = {row.id for row in rows}
    wanted = asked(request, "checkpoint", "checkpoint", known)
    beside = asked(request, "beside", "checkpoint", known)
    choices = [(row.name, row.id) for row in rows]
    missing = wanted.missing or beside.missing
    if chats.is_off():
        missing = gettext("Nobody chats on this machine: RONDO_CHAT_MODELS is 0. Have it raised where Rondo is run.")
    return [
        gr.Dropdown(choices=choices, value=wanted.id or (None if wanted.missing else max(known, default=None))),
        gr.Dropdown(choices=[(gettext("no checkpoint"), NOBODY), *choices], value=beside.id or NOBODY),
        {"missing": missing, "has_none": not known, "is_new": bool(known) and not missing},
    ]


@toasts
def send_message(
    drawn: CurrentChoice,
    first: int | None,
    beside: int | None,
    text: str,
    temperature: float | None,
    top_p: float | None,
    max_tokens: float | None,
    seed: float | None,
    system: str,
    request: gr.Request,
) -> list[Any]:
    """Have the chosen ones answer; the ticks draw it."""
    here = context(request)
    if temperature is None or top_p is None or max_tokens is None:
        raise InvalidInput("temperature, top_p and max_tokens must be numbers. Fill them in.")
    sampling = Sampling(temperature, top_p, max_tokens=int(max_tokens), seed=None if seed is None else int(seed))
    ids = [id_ for id_ in (first, beside) if id_]
    if drawn.value.get("version") is not None and chats.look(here.actor, page_of(request)) is None:
        drawn.put({"version": None})
        raise Conflict(
            "The connection to this page broke, or nobody wrote for long, so the models know nothing of what stands "
            "here. Send the message again to begin anew."
        )
    chats.send(here.actor, page_of(request), ids, text or "", sampling, system=system or "")
    drawn.put({"version": None})
    return ["", gr.Timer(active=True)]


@toasts
def stop_answer(drawn: CurrentChoice, request: gr.Request) -> None:
    """Stop what is being answered."""
    chats.stop(context(request).actor, page_of(request))
    drawn.put({"version": None})


@toasts
def clear_chat(drawn: CurrentChoice, request: gr.Request) -> None:
    """Begin anew."""
    chats.clear(context(request).actor, page_of(request))
    drawn.put({"version": None})


@toasts
def draw(drawn: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw what is new; the timer stops once nothing more is to come."""
    here, wish = context(request), drawn.value
    view = chats.look(here.actor, page_of(request), than=wish.get("version"))
    if view is None:
        return [gr.skip(), gr.Timer(active=False)]
    is_known = view.version == wish.get("version")
    wish["version"] = view.version  # of this wish alone: another one, which came meanwhile, is drawn by the next tick
    is_last = not view.is_answering and drawn.value is wish
    return [gr.skip() if is_known else log_value(view), gr.Timer(active=False) if is_last else gr.skip()]


@toasts
def keep_prompt(set_name: str | None, request: gr.Request) -> None:
    """Put the last question, after what was said before it by the first one, into a prompt set."""
    here = context(request)
    view = chats.look(here.actor, page_of(request))
    turns = view.sides[0].turns if view is not None and view.sides else ()
    if not turns:
        raise InvalidInput("Nothing was asked yet. Send a message, then keep it.")
    kept = keeping.keep(here.actor, here.project_id, set_name or "", chats.asked_with(turns))
    notice(
        gettext("It is prompt {num_prompts} of {prompt_set}.").format(
            num_prompts=f"{kept.num_prompts:,}", prompt_set=kept.prompt_set
        )
    )


def leave(request: gr.Request) -> None:
    """Let the models of a page go that is left; also of one whose project, or session, is out of reach by now."""
    secret = cookies.secret_in(request.request) if request.request is not None else None
    who = sessions.look_up(secret) if secret else None
    chats.leave(who.actor.user_id if who is not None else None, page_of(request))


def page_of(request: gr.Request) -> str:
    """What names the page that somebody has open."""
    return request.session_hash or ""


def log_value(view: ChatView) -> JSON:
    """What the sides said."""
    if not any(side.turns for side in view.sides):
        return {"is_new": True}
    return {
        "is_answering": view.is_answering,
        "sides": [
            {
                "id": side.checkpoint_id,
                "checkpoint": side.checkpoint,
                "turns": [_turn(turn, side.checkpoint) for turn in side.turns],
            }
            for side in view.sides
        ],
    }


def _turn(turn: ChatTurn, who: str) -> JSON:
    return {
        "question": turn.question,
        "answer": turn.answer,
        "who": who,
        "state": str(turn.state),
        "note": turn.note or gettext(NOTES.get(turn.state, "")),
        "is_bad": turn.state is TurnState.failed,
    }
