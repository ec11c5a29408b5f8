"""Round page: the judge's light, letting a held round go on, and the limits of the project."""

import re
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.events import Dependency

from app.form_values import from_input, to_input
from app.forms import Form, draw_knobs
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets import judge_health as widget
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.formats import in_percent
from app.widgets.markup import markup
from app.widgets.roles import needs
from backend.errors import NotFound
from backend.services import judge_health, rounds
from backend.services.recipes import knobs as recipe_knobs
from backend.translations import N_, gettext
from backend.values import JSON, Role, RoundStatus

RELEASED = N_("The round goes on with its training. The reason is kept on its page and in the audit trail.")
SAVED = N_("The limits are saved. They count for all rounds of this project, this one included.")


class JudgeSection:
    """The components, in the order in which `shown` fills them."""

    def __init__(self) -> None:
        self.section = markup(widget.SECTION, widget.CSS, elem_id="round-judge")
        self.curve = gr.Plot(label=N_("Calibration"), visible=False, elem_id="round-calibration")
        with gr.Column(visible=False, elem_id="round-held", elem_classes=needs(Role.curator)) as self.held:
            self.reason = gr.Textbox(
                label=N_("Why may it train all the same?"),
                lines=2,
                max_length=judge_health.MAX_REASON,
                elem_id="release-reason",
                interactive=True,
            )
            self.go = buttons.primary(N_("Let it train"), elem_id="release")
            self.refused = problem("release-problem")
        with gr.Accordion(
            N_("Limits of this light"), open=False, elem_id="judge-limits", elem_classes=needs(Role.curator)
        ) as self.limits:
            self.form = Form(start=typed_limits(judge_health.HealthLimits()))
            draw_knobs(self.form, (), knobs())
            self.save = buttons.secondary(N_("Save limits"), elem_id="judge-limits-save")
            self.unsaved = problem("judge-limits-problem")

    @property
    def outputs(self) -> list[Any]:
        return [self.section, self.curve, self.held, self.limits, *self.form.inputs]

    def wire(self, chosen: gr.Dropdown, quiet: dict[str, Any]) -> Dependency:
        """Wire the buttons; return what lets the round go on, so that the rest of the page can follow."""
        outputs = [*self.outputs, self.refused]
        released = self.go.click(release, [chosen, self.reason], outputs, trigger_mode="once", **quiet)
        self.save.click(save, [chosen, *self.form.inputs], [*self.outputs, self.unsaved], trigger_mode="once", **quiet)
        return released


def knobs() -> list[recipe_knobs.Knob]:
    """The limits as fields of a form: shares in percent, as the table of the judge shows them."""
    every = recipe_knobs.knobs_of(judge_health.HealthLimits)
    return [_in_percent(knob) if knob.name in judge_health.SHARES else knob for knob in every]


def _in_percent(knob: recipe_knobs.Knob) -> recipe_knobs.Knob:
    bounds = re.sub(r"[\d.]+", lambda share: in_percent(_percent(float(share[0]))), knob.bounds)
    return replace(knob, default=_percent(knob.default), bounds=bounds, description=f"{knob.description}, in percent")


def typed_limits(limits: judge_health.HealthLimits) -> JSON:
    """The limits as they are typed."""
    held = limits.model_dump(mode="json")
    return {name: _percent(float(value)) if name in judge_health.SHARES else value for name, value in held.items()}


def _percent(share: float) -> float:
    value = round(share * 100, 10)
    return int(value) if value.is_integer() else value


def shown(here: Context, round_id: int | None) -> list[Any]:
    """The light of a round, and the project's limits."""
    limits = typed_limits(judge_health.limits_of(here.actor, here.project_id))
    fields = [to_input(knob, limits[knob.name]) for knob in knobs()]
    if round_id is None:
        return [None, gr.Plot(visible=False), gr.Column(visible=False), gr.Accordion(visible=False), *fields]
    health, row = judge_health.of_round(here.actor, round_id), rounds.get(here.actor, round_id)
    curve = widget.curve(health)
    return [
        widget.shown(health, row.hold) | ({"rewrite": f"rewrites?round={round_id}"} if health.measures else {}),
        gr.Plot(curve, visible=curve is not None),
        gr.Column(visible=row.status is RoundStatus.held),
        gr.Accordion(visible=True),
        *fields,
    ]


@toasts
@refused_beside(4 + len(knobs()))
def release(round_id: int | None, reason: str | None, request: gr.Request) -> list[Any]:
    """Let a held round train."""
    here = context(request)
    judge_health.release(here.actor, _known(round_id), reason or "")
    notice(gettext(RELEASED))
    return shown(here, round_id)


@toasts
@refused_beside(4 + len(knobs()))
def save(request: gr.Request, round_id: int | None, *values: Any) -> list[Any]:
    """Set the project's limits."""
    here = context(request)
    typed = {k.name: from_input(k, value, k.name) for k, value in zip(knobs(), values, strict=True)}
    judge_health.set_limits(here.actor, here.project_id, typed, in_percent=True)
    notice(gettext(SAVED))
    return shown(here, round_id)


def _known(round_id: int | None) -> int:
    if not round_id:
        raise NotFound("There is no round yet. Launch one first.")
    return round_id
