"""Training: what trainings logged, rounds on top of each other; what a training is about to do; the same with TRL."""

from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from app.pages.training import figures, looking, shown, templates
from app.toasts import toasts
from app.widgets.asked import NUMBER
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.first import Fields, FirstPart, FirstRow
from app.widgets.form_fields import touched
from app.widgets.markup import markup
from app.widgets.value_words import word
from backend.services.rounds import preflights, training_curves
from backend.services.rounds.training_curves import MOST_ROUNDS, SeriesGroup
from backend.translations import N_, gettext
from backend.values import JSON

TITLE, PATH, MENU = N_("Training"), "training", "more"
POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
TITLES = {
    SeriesGroup.loss: N_("Loss"),
    SeriesGroup.reward: N_("Reward"),
    SeriesGroup.kl: N_("KL"),
    SeriesGroup.entropy: N_("Entropy"),
    SeriesGroup.lengths: N_("Lengths"),
    SeriesGroup.learning_rate: N_("Learning rate"),
    SeriesGroup.other: N_("Others"),
}

AXES = {SeriesGroup.kl: N_("KL"), SeriesGroup.lengths: N_("tokens"), SeriesGroup.other: N_("value")}
"""What the axis of a group says where it is not the group's title."""


def build() -> None:
    """Lay out the page and wire it."""
    chosen, page_state, kept = gr.State(CurrentChoice()), gr.State({}), gr.JSON({}, visible="hidden")
    rounds = gr.Dropdown(
        [],
        multiselect=True,
        max_choices=MOST_ROUNDS,
        label=N_("Rounds"),
        elem_id="training-rounds",
    )
    status = markup(templates.SAID, templates.SAID_CSS, elem_id="training-said")
    plots = []
    with gr.Row(elem_classes="training-plots"):
        for group in SeriesGroup:
            name = str(group).lower().replace(" ", "-")
            plots.append(gr.Plot(label=TITLES[group], visible=False, min_width=340, elem_id=f"training-{name}"))
    with gr.Tabs():
        with gr.Tab(N_("Of the newest chosen round"), id="began"):
            report = markup(templates.REPORT, templates.REPORT_CSS, elem_id="training-report")
            with gr.Accordion(N_("The same training with TRL alone"), open=False):
                script = gr.Code(language="python", interactive=False, max_lines=30, elem_id="training-script")
        with gr.Tab(N_("Before a launch"), id="look"):
            looking.build()
    timer = gr.Timer(POLL_SECONDS)

    drawn = [status, *plots, report, script, timer, page_state]
    blocks = get_blocks_context()
    assert blocks is not None
    blocks.root_block.load(draw, chosen, [rounds, *drawn], **QUIET)
    gr.on(touched(rounds), choose, [chosen, rounds], [*drawn, kept], trigger_mode="always_last", **QUIET)
    timer.tick(refresh, [chosen, page_state], drawn, **QUIET)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """Return the chosen trainings and what is said above their curves; nothing where none is there."""
    here = context(request)
    choices, ids, missing = _asked(here, request)
    if not ids:
        return []
    known = [round_ for round_ in training_curves.trained(here.actor, here.project_id) if round_.round_id in ids]
    points = training_curves.newest_points(here.actor, here.project_id, ids)
    line = FirstPart(
        "training-said", templates.SAID, templates.SAID_CSS, shown.lines_above(known, bool(points), missing)
    )
    return [Fields([(gettext("Rounds"), ", ".join(choices[id_] for id_ in ids))]), line]


def _asked(here: Context, request: gr.Request) -> tuple[dict[int, str], list[int], list[int]]:
    """Return the rounds that were trained, with their words, those that the address asks for, and those not there."""
    known = training_curves.trained(here.actor, here.project_id)
    text = gettext("Round {number}, {status}")
    choices = {round_.round_id: text.format(number=round_.number, status=word(round_.status)) for round_ in known}
    asked = [int(part) for part in str(request.query_params.get("rounds", "")).split(",") if NUMBER.fullmatch(part)]
    ids = [id_ for id_ in dict.fromkeys(asked) if id_ in choices][:MOST_ROUNDS] or [
        round_.round_id for round_ in known[:1]
    ]
    return choices, ids, [id_ for id_ in asked if id_ not in choices]


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw everything as the address says; without a word of it the newest training."""
    here = context(request)
    choices, ids, missing = _asked(here, request)
    field = gr.Dropdown(choices=[(text, id_) for id_, text in choices.items()], value=ids)
    return [field, *_drawn(here, chosen, {"rounds": ids, "missing": missing})]


@toasts
def choose(chosen: CurrentChoice, rounds: list[int] | None, request: gr.Request) -> list[Any]:
    """Show the curves of other rounds, and keep them in the address."""
    ids = [int(id_) for id_ in rounds or []]
    return [*_drawn(context(request), chosen, {"rounds": ids}), {"rounds": ",".join(map(str, ids))}]


@toasts
def refresh(chosen: CurrentChoice, page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    wish = chosen.value
    return chosen.unless_over(wish, _changes(context(request), wish, page_state))


def _drawn(here: Context, chosen: CurrentChoice, wish: JSON) -> list[Any]:
    drawn = _changes(here, wish, {})
    chosen.put(wish)
    return drawn


def _changes(here: Context, wish: JSON, page_state: JSON) -> list[Any]:
    """The line above the curves, the curves, the report and the script, as far as they differ from what is shown."""
    ids = wish.get("rounds", [])
    known = [round_ for round_ in training_curves.trained(here.actor, here.project_id) if round_.round_id in ids]
    points = training_curves.newest_points(here.actor, here.project_id, ids)
    newest = max(ids, default=None)
    view = preflights.newest(here.actor, here.project_id, round_id=newest) if newest is not None else None
    now: JSON = {
        "said": shown.lines_above(known, bool(points), wish.get("missing", [])),
        "curves": [[job_id, *series_points] for job_id, series_points in points.items()],
        "is_live": not all(round_.is_over for round_ in known),
        "report": shown.report(view),
        "script": shown.script(view),
    }
    new = {key: page_state.get(key) != value or key not in page_state for key, value in now.items()}
    plots: list[Any] = [gr.skip()] * len(SeriesGroup)
    if new["curves"]:
        series = training_curves.series(here.actor, here.project_id, ids) if ids else []
        by_group = {group: [curve for curve in series if curve.group is group] for group in SeriesGroup}
        axes = {group: gettext(AXES.get(group, TITLES[group].lower())) for group in SeriesGroup}
        plots = [
            gr.Plot(figures.overlaid(some, axes[group]) if some else None, visible=bool(some))
            for group, some in by_group.items()
        ]
    return [
        now["said"] if new["said"] else gr.skip(),
        *plots,
        now["report"] if new["report"] else gr.skip(),
        now["script"] if new["script"] else gr.skip(),
        gr.Timer(active=now["is_live"]) if new["is_live"] else gr.skip(),
        now if any(new.values()) else gr.skip(),
    ]
