"""The form of one more judge to try: the part with its knobs, who is asked, and the button that adds it."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from app import forms
from app.pages.judge_bench import shown
from app.toasts import toasts
from app.widgets import buttons, judge_template
from app.widgets.context import Context, context
from app.widgets.form_fields import touched
from backend.errors import InvalidInput
from backend.services.judge_bench import entries
from backend.services.judge_bench.entries import BenchEntry
from backend.services.recipes import parts
from backend.translations import gettext
from backend.values import JSON

QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}
NOBODY = 0
"""Stands for "no checkpoint" in a dropdown, which cannot hold None."""
USUAL = "written_verdict"


@dataclass(frozen=True)
class FormState:
    """What stays on the page when the form is drawn again. `draft` is what is drawn, `added` the judges to try."""

    draft: gr.State
    versions: gr.State
    added: gr.State
    listed: Component


def draft_of(judge: JSON, checkpoints: Sequence[Any], checkpoint_id: int | None) -> JSON:
    """What is drawn. The time makes every draft differ from the one before, so that the same judge is drawn again."""
    return {
        "judge": judge,
        "checkpoints": [*checkpoints],
        "checkpoint": checkpoint_id or NOBODY,
        "at": time.monotonic_ns(),
    }


def beginning(here: Context, checkpoints: Sequence[Any]) -> tuple[JSON, list[JSON]]:
    """What the form begins with, and the judges to try: the newest round's judge."""
    usual = entries.usual(here.actor, here.project_id)
    if usual is None or not isinstance(usual.judge, dict):
        return draft_of(parts.defaults("judge", USUAL), checkpoints, None), []
    return draft_of(usual.judge, checkpoints, usual.checkpoint_id), [asdict(usual)]


def to_entries(added: Sequence[JSON]) -> list[BenchEntry]:
    return [BenchEntry(**entry) for entry in added]


def listed(here: Context, added: Sequence[JSON]) -> JSON:
    """The judges to try, as the list shows them; raises for one that cannot be tried."""
    if not added:
        return {"rows": []}
    checked = entries.checked(here.actor, here.project_id, to_entries(added))
    return {
        "rows": [
            {
                "title": checked_entry.title,
                "knobs": shown.knobs_of(entry["judge"]),
                "notes": list(checked_entry.notes),
                "place": place,
            }
            for place, (checked_entry, entry) in enumerate(zip(checked, added, strict=True))
        ]
    }


def draw(drawn: JSON, saved: list[Any], frame: FormState) -> None:
    """Draw the form and wire it."""
    form = forms.Form(start={"judge": drawn["judge"]})
    with gr.Group():
        forms.draw_part(form, ("judge",), "judge", gettext("Judge"))
    judge_template.draw(form, saved, frame.versions)
    with gr.Row(equal_height=False):
        choices = [(gettext("Nobody: the judge computes"), NOBODY), *map(tuple, drawn["checkpoints"])]
        is_there = drawn["checkpoint"] in {id_ for _, id_ in choices}
        who = gr.Dropdown(
            choices,
            value=drawn["checkpoint"] if is_there else NOBODY,
            label=gettext("Checkpoint or endpoint"),
            info=gettext("Who is asked."),
            interactive=True,
            elem_id="bench-checkpoint",
        )
        title = gr.Textbox(
            label=gettext("Title"), info=gettext("Left empty it gets one."), max_length=100, elem_id="bench-title"
        )
        add = buttons.secondary(gettext("Add this judge"), elem_id="bench-add")
    for switch in form.switches:
        given = [switch.input, who, frame.draft, *form.inputs]
        gr.on(touched(switch.input), _switcher(form, switch), given, [frame.draft], **QUIET)
    given = [frame.added, frame.draft, title, who, *form.inputs]
    add.click(_adder(form, drawn["at"]), given, [frame.added, frame.listed, title], trigger_mode="once", **QUIET)


def _switcher(form: forms.Form, switch: forms.Switch) -> Any:
    @toasts
    def put_part(chosen: Any, who: Any, now: dict[str, Any], *values: Any) -> JSON:
        if chosen == form.drawn(switch):
            return gr.skip()  # type: ignore[no-any-return]
        judge = form.switched(switch, values, chosen)["judge"]
        if judge is None:
            raise InvalidInput("Choose a judge from the list.")
        return draft_of(judge, now["checkpoints"], who if type(who) is int else None)

    return put_part


def _adder(form: forms.Form, at: int) -> Any:
    @toasts
    def add_judge(
        request: gr.Request, added: list[Any], now: dict[str, Any], title: str | None, who: Any, *values: Any
    ) -> list[Any]:
        if now.get("at") != at:
            raise InvalidInput("The form is being drawn again for what was chosen. Add the judge when it is there.")
        here = context(request)
        judge = form.read(values)["judge"]
        if judge is None:
            raise InvalidInput("Choose a judge from the list.")
        entry = {"judge": judge, "checkpoint_id": who if type(who) is int and who else None, "title": title or ""}
        return [[*added, entry], listed(here, [*added, entry]), ""]

    return add_judge
