"""The fold of the tab Scan that says what is looked for, and what findings do to an export."""

import re
from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.context import context
from backend.errors import InvalidInput
from backend.scanning import FindingKind
from backend.scanning.patterns import MARKS
from backend.services.datasets import scan_settings
from backend.services.datasets.scan_settings import ContentChecks
from backend.translations import N_, gettext

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
MODES = [
    (N_("Off: look for nothing"), "off"),
    (N_("Warn: say what was found"), "warn"),
    (N_("Hold: let no export leave with findings until somebody says what becomes of them"), "hold"),
]
LABELS = {
    "kinds": N_("Personal data and credentials"),
    "names": N_("Names, one a line"),
    "region": N_("Country of phone numbers that name none"),
    "run_words": N_("Words in a row shared with a held-out text"),
}


def build() -> None:
    """Lay the fold out and wire it."""
    with gr.Accordion(
        N_("What is looked for"), open=False, elem_id="scan-settings", elem_classes="rondo-needs-curator"
    ) as part:
        mode = gr.Radio(MODES, value="warn", label=N_("An export with findings"), elem_id="scan-mode")
        kinds = gr.CheckboxGroup(
            [(kind.in_words, kind.value) for kind in MARKS], label=LABELS["kinds"], elem_id="scan-kinds"
        )
        names = gr.Textbox(label=LABELS["names"], lines=2, max_lines=12, elem_id="scan-names")
        with gr.Row():
            region = gr.Textbox(
                label=LABELS["region"],
                info=N_("Two letters, as DE. Empty: only numbers that begin with +."),
                max_length=2,
            )
            run_words = gr.Number(
                13,
                label=LABELS["run_words"],
                info=N_("5 or more, up to 100. Held-out prompts and answers that stand whole in a row are found, too."),
                precision=0,
            )
        with gr.Row(elem_classes="rondo-toolbar"):
            save = buttons.secondary(N_("Save"), elem_id="scan-save")
    fields = [mode, kinds, names, region, run_words]
    part.expand(load, None, fields, **QUIET)
    save.click(put, fields, fields, **PRIVATE)


@toasts
def load(request: gr.Request) -> list[Any]:
    """Fill the settings."""
    here = context(request)
    return _fields(scan_settings.get(here.actor, here.project_id))


@toasts
def put(
    mode: str, kinds: list[str], names: str, region: str, run_words: float | None, request: gr.Request
) -> list[Any]:
    """Set what is looked for."""
    here = context(request)
    changes = {"mode": mode, "kinds": kinds, "region": region or "", "run_words": run_words}
    try:
        after = scan_settings.change(here.actor, here.project_id, changes | {"names": (names or "").splitlines()})
    except InvalidInput as error:
        raise InvalidInput(labelled(error.message)) from error
    notice(gettext("Saved. A scan of before counts no more where something else is looked for now."))
    return _fields(after)


def labelled(message: str) -> str:
    """What is refused, with the fields called as on the page."""
    for name, label in LABELS.items():
        message = re.sub(rf"^{name}(?:\.\d+)?: ", f"{gettext(label)}: ", message, flags=re.MULTILINE)
    return message


def _fields(checks: ContentChecks) -> list[Any]:
    kinds = [kind.value for kind in checks.kinds if kind in MARKS and kind in FindingKind]
    return [checks.mode, kinds, "\n".join(checks.names), checks.region, checks.run_words]
