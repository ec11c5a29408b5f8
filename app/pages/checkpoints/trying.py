"""The tab of Checkpoints that asks one or two of them a prompt."""

from typing import Any

import gradio as gr

from app.pages.checkpoints import templates
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services import checkpoints
from backend.services.checkpoints import Trial
from backend.translations import N_, gettext, ngettext
from backend.values import Sampling


def draw() -> tuple[gr.Dropdown, gr.Dropdown, list[gr.components.Component], gr.Button, gr.HTML, list[gr.Textbox]]:
    """Lay the tab out; return both checkpoints, what is asked (the prompt first), button, state and replies."""
    with gr.Row():
        first_field = gr.Dropdown([], label=N_("Checkpoint"), elem_id="try-one")
        two = gr.Dropdown([], label=N_("And another one"), elem_id="try-two")
    prompt = gr.Textbox(label=N_("Prompt"), lines=4, max_lines=20, elem_id="try-prompt")
    with gr.Row():
        temperature = gr.Number(0.0, label="temperature")
        top_p = gr.Number(1.0, label="top_p")
        max_tokens = gr.Number(256, label="max_tokens")
        seed = gr.Number(0, label="seed")
    with gr.Row(elem_classes="rondo-toolbar"):
        ask = buttons.primary(N_("Try"), elem_id="try-go")
    state = markup(templates.STATE, elem_id="try-state")
    with gr.Row():
        replies = [
            gr.Textbox(
                label=N_("Reply"),
                lines=6,
                max_lines=30,
                interactive=False,
                visible=False,
                elem_id=f"reply-{i}",
            )
            for i in range(2)
        ]
    return first_field, two, [prompt, temperature, top_p, max_tokens, seed], ask, state, replies


@toasts
def ask_checkpoints(
    tried: CurrentChoice,
    one_id: int | None,
    two: int | None,
    text: str,
    temperature: float | None,
    top_p: float | None,
    max_tokens: float | None,
    seed: float | None,
    request: gr.Request,
) -> list[Any]:
    """Start a trial."""
    here = context(request)
    if temperature is None or top_p is None or max_tokens is None:
        raise InvalidInput("temperature, top_p and max_tokens must be numbers. Fill them in.")
    sampling = Sampling(temperature, top_p, max_tokens=int(max_tokens), seed=None if seed is None else int(seed))
    ids = [id_ for id_ in dict.fromkeys((one_id, two)) if id_]
    job_id = checkpoints.try_prompt(here.actor, ids, text, sampling)
    reply = drawn(checkpoints.try_result(here.actor, job_id))
    tried.put({"job": job_id})
    return reply


def drawn(trial: Trial | None) -> list[Any]:
    """The line of the trial's state and the two replies."""
    if trial is None:
        return [None, gr.Textbox(visible=False), gr.Textbox(visible=False)]
    boxes = [
        gr.Textbox(
            reply.text,
            visible=True,
            label=ngettext(
                "{checkpoint}: {number} token, {reason}", "{checkpoint}: {number} tokens, {reason}", reply.num_tokens
            ).format(checkpoint=reply.checkpoint, number=reply.num_tokens, reason=reply.finish_reason),
        )
        for reply in trial.replies
    ]
    state = "" if trial.replies else trial.error or gettext("The trial is {status}.").format(status=word(trial.status))
    return [{"text": state, "is_bad": bool(trial.error)}, *boxes, *[gr.Textbox(visible=False)] * (2 - len(boxes))]


def now(tried: CurrentChoice, request: gr.Request) -> list[Any]:
    """The same as a timer asks for it; nothing where no trial is followed."""
    wish = tried.value
    if wish.get("job") is None:
        return [gr.skip()] * 3
    with tried.until_refused(wish):
        trial = checkpoints.try_result(context(request).actor, wish["job"])
    reply = tried.unless_over(wish, drawn(trial))
    if trial.is_over:
        tried.end(wish)
    return reply
