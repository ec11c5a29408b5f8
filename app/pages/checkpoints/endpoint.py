"""The settings of an endpoint: the same fields where it is registered and on its card."""

import json
from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import context
from app.widgets.markup import Markup
from app.widgets.number import Number
from app.widgets.roles import needs
from backend.errors import InvalidInput
from backend.services import checkpoints
from backend.services.checkpoints import CheckpointDetail, EndpointSettings, endpoints
from backend.translations import N_, gettext
from backend.values import Role

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
DEFAULTS = EndpointSettings()
LIKE = 'Write an object like {"min_p": 0.05}, or leave it empty.'


def fields(prefix: str) -> list[Any]:
    """Draw the fields in the order in which `settings_of` gets their values."""
    with gr.Row():
        key = gr.Textbox(
            label="api_key_env",
            info=N_("The environment variable that holds the key, like RONDO_MY_API_KEY; never the key."),
            elem_id=f"{prefix}-key",
        )
        concurrency = gr.Number(
            DEFAULTS.concurrency,
            label="concurrency",
            info=N_("Requests in flight at once."),
            elem_id=f"{prefix}-at-once",
        )
        timeout = gr.Number(
            DEFAULTS.timeout, label="timeout", info=N_("Seconds to wait for a reply."), elem_id=f"{prefix}-timeout"
        )
    with gr.Row():
        extra = gr.Textbox(
            label=N_("Further fields of each request"),
            info=N_('A JSON object, like {"chat_template_kwargs": {"enable_thinking": false}}. No key goes in here.'),
            lines=2,
            max_lines=8,
            elem_id=f"{prefix}-extra",
        )
        price_in = Number(
            None, label=N_("Price in"), info=N_("Of a million tokens that it reads."), elem_id=f"{prefix}-price-in"
        )
        price_out = Number(
            None, label=N_("Price out"), info=N_("Of a million tokens that it writes."), elem_id=f"{prefix}-price-out"
        )
    defaults = gr.Checkbox(
        False,
        label=N_("Send temperature and top_p also where they are 1"),
        info=N_("For vLLM, which else takes the model's own defaults, unless it runs with --generation-config vllm."),
        elem_id=f"{prefix}-defaults",
    )
    return [key, concurrency, timeout, extra, price_in, price_out, defaults]


def field_ids(prefix: str) -> dict[str, str]:
    """The ids of the fields by what a refusal calls each."""
    names = {
        "key": ("api_key_env",),
        "at-once": ("concurrency",),
        "timeout": ("timeout",),
        "extra": ("Further fields", "extra"),
        "price-in": ("Price in", "price_in"),
        "price-out": ("Price out", "price_out"),
    }
    return {name: f"{prefix}-{field}" for field, called in names.items() for name in called}


def settings_of(values: list[Any]) -> EndpointSettings:
    """The settings that the fields say; raises `InvalidInput` with the field's name."""
    key, concurrency, timeout, extra, price_in, price_out, defaults = values
    return EndpointSettings(
        api_key_env=key or "",
        concurrency=_whole(concurrency),
        timeout=float(_number(timeout, "timeout")),
        extra=_object(extra or ""),
        price_in=None if price_in is None else float(_number(price_in, gettext("Price in"))),
        price_out=None if price_out is None else float(_number(price_out, gettext("Price out"))),
        send_defaults=bool(defaults),
    )


def draw() -> tuple[gr.Accordion, list[Any], gr.Button, Markup]:
    """Draw the settings of the chosen checkpoint, hidden until it is an endpoint; the page wires them."""
    with gr.Accordion(
        N_("Endpoint settings"), open=False, visible=False, elem_id="endpoint-settings", elem_classes=needs(Role.admin)
    ) as accordion:
        drawn = fields("endpoint")
        with gr.Row(elem_classes="rondo-toolbar"):
            save = buttons.primary(N_("Save"), elem_id="endpoint-settings-save")
        refused = problem("endpoint-settings-problem")
    return accordion, drawn, save, refused


def values(detail: CheckpointDetail | None) -> list[Any]:
    """Updates of the accordion and its fields, and of the button that tests or checks."""
    if detail is None or detail.endpoint is None:
        return [gr.Accordion(visible=False), *[gr.skip()] * 7, gr.Button(value=gettext("Check again"))]
    endpoint = detail.endpoint.settings
    extra = json.dumps(endpoint.extra, ensure_ascii=False, indent=1) if endpoint.extra else ""
    shown = [
        endpoint.api_key_env,
        endpoint.concurrency,
        endpoint.timeout,
        extra,
        endpoint.price_in,
        endpoint.price_out,
        endpoint.send_defaults,
    ]
    return [gr.Accordion(visible=True), *shown, gr.Button(value=gettext("Test connection"))]


@toasts
@refused_beside(9, field_ids("endpoint"))
def save(request: gr.Request, checkpoint_id: int | None, *given: Any) -> list[Any]:
    """Keep the settings of an endpoint."""
    if checkpoint_id is None:
        raise InvalidInput("Choose a checkpoint first.")
    here = context(request)
    endpoints.change(here.actor, checkpoint_id, settings_of(list(given)))
    notice(gettext("The endpoint's settings are saved."))
    return values(checkpoints.detail(here.actor, checkpoint_id))


def _object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"Further fields: this is no JSON ({str(error)[:120]}). {LIKE}") from error
    if not isinstance(parsed, dict):
        raise InvalidInput(f"Further fields: this is no object. {LIKE}")
    return parsed


def _number(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidInput(f"{name}: must be a number. Type one.")
    return value


def _whole(value: Any) -> int:
    number = _number(value, "concurrency")
    if number != int(number):
        raise InvalidInput("concurrency: must be a whole number. Type one.")
    return int(number)
