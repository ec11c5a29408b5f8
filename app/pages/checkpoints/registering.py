"""The tab of Checkpoints that registers a folder, a name of the model hub or an endpoint."""

from typing import Any

import gradio as gr

from app.pages.checkpoints import endpoint
from app.widgets import buttons
from app.widgets.beside import problem
from app.widgets.markup import markup
from backend.translations import N_

FIELDS = {
    "A checkpoint's name": "register-name",
    "There is a checkpoint named": "register-name",
    "There is no role": "register-role",
    "location": "register-location",
    "The model": "register-location",
    "The model's name": "register-model",
    "model": "register-model",
    "base_url": "register-url",
} | endpoint.field_ids("register")
"""The fields by what a refusal calls them."""
ROLES = [(N_("Policy"), "policy"), (N_("Judge"), "judge"), (N_("Reward"), "reward")]
"""Those of `checkpoints.ROLES`; the message `judge` is the stage."""


def draw() -> tuple[Any, ...]:
    """Lay the tab out.

    Return its fields and buttons, and where refusals stand: name, role, location, folder, url, model, given, served,
    refused.
    """
    with gr.Row():
        name = gr.Textbox(label=N_("Name"), max_length=120, elem_id="register-name")
        role = gr.Dropdown(ROLES, value="policy", label=N_("Role"), elem_id="register-role")
    with gr.Tab(N_("Folder or model hub")):
        location = gr.Textbox(
            label=N_("Folder or model-hub name"),
            info=N_(
                "A folder inside the data folder, an absolute folder (project admins only), or a name like org/model. "
                "Weights must be safetensors, with a tokenizer and a chat template. Adapters name their base."
            ),
            elem_id="register-location",
        )
        with gr.Row(elem_classes="rondo-toolbar"):
            folder = _register_button("register-folder")
    with gr.Tab(N_("OpenAI-compatible endpoint")):
        with gr.Row():
            url = gr.Textbox(label="base_url", info=N_("For example http://127.0.0.1:8000/v1."), elem_id="register-url")
            model = gr.Textbox(label="model", info=N_("The name under which it is served."), elem_id="register-model")
        given = endpoint.fields("register")
        with gr.Row(elem_classes="rondo-toolbar"):
            served = _register_button("register-endpoint")
            markup(
                "<p class='rondo-muted'>Owners of this installation only. It is tested with a few short requests. It "
                "can answer and judge in any role, but it cannot be trained.</p>"
            )
    refused = problem("register-problem")
    return name, role, location, folder, url, model, given, served, refused


def _register_button(elem_id: str) -> gr.Button:
    return buttons.primary(N_("Register"), elem_id=elem_id)
