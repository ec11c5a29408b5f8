"""Jobs: what runs in the background, how far it is, what it printed, and how to stop it or start it again."""

from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.context import get_blocks_context

from app.pages.jobs import failures, rollouts, templates, ways_out
from app.pages.jobs.drawing import card_value, table_row
from app.toasts import toasts
from app.widgets import buttons, charts, list_detail
from app.widgets.asked import asked, not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.table import Table, row_number
from backend.errors import NotFound
from backend.services.rounds import job_views
from backend.services.rounds.job_views import JobDetail, JobView
from backend.translations import N_, gettext
from backend.values import JSON, JobStatus, Role

TITLE, PATH = N_("Jobs"), "jobs"
POLL_SECONDS = 1.0
COLUMNS = [
    N_("Job"),
    N_("Round"),
    N_("Stage"),
    N_("Status"),
    N_("Progress"),
    N_("Took"),
    N_("Time left"),
    N_("Rate"),
    N_("Last metrics"),
]
WIDTHS: list[str | int] = ["6%", "7%", "14%", "14%", "16%", "8%", "7%", "11%", "17%"]
LOG_LINES = 16


def build() -> None:
    """Lay out the page and wire it."""
    chosen, page_state = gr.State(CurrentChoice()), gr.State({})
    shown: list[Any] = []
    painted, kept = gr.JSON({}, visible="hidden"), gr.JSON({}, visible="hidden")
    with list_detail.side_by_side():
        with list_detail.listed():
            table = Table(
                headers=COLUMNS,
                datatype="str",
                column_widths=WIDTHS,
                interactive=False,
                wrap=True,
                label=N_("All jobs"),
                show_label=True,
                elem_id="jobs-table",
            )
            with gr.Row(elem_classes="rondo-toolbar"):
                newer = buttons.secondary(N_("Newer"), interactive=False)
                older = buttons.secondary(N_("Older"), interactive=False)
        with list_detail.detail():
            card = markup(templates.CARD, templates.CARD_CSS)
            with gr.Row(elem_classes=["rondo-toolbar", needs(Role.curator)]):
                cancel_button = buttons.stop(N_("Cancel"), interactive=False, elem_id="job-cancel")
                resume_button = buttons.secondary(N_("Resume"), interactive=False, elem_id="job-resume")
                retry_button = buttons.secondary(N_("Retry"), interactive=False, elem_id="job-retry")
            error = gr.Textbox(
                label=N_("What went wrong"), visible=False, interactive=False, lines=2, max_lines=8, elem_id="job-error"
            )
            out = ways_out.build()
            # It is drawn here, and by then the list is whole.
            ways_out.wire(out, [chosen, page_state], (refresh, shown))
            with gr.Row():
                loss = gr.Plot(label=N_("Loss"), visible=False, elem_id="job-loss")
                rewards = gr.Plot(label=N_("Rewards"), visible=False, elem_id="job-rewards")
            rollouts.build(painted)
            log = gr.Textbox(
                label=N_("Log"),
                interactive=False,
                lines=6,
                max_lines=LOG_LINES,
                autoscroll=True,
                buttons=["copy"],
                elem_id="job-log",
            )
    failures.build()
    timer = gr.Timer(POLL_SECONDS)

    shown += [
        card,
        cancel_button,
        resume_button,
        retry_button,
        error,
        loss,
        rewards,
        log,
        table,
        newer,
        older,
        page_state,
        out.stopped,
        painted,
    ]
    blocks = get_blocks_context()
    assert blocks is not None
    wired: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    quiet = wired | {"show_progress": "hidden"}
    blocks.root_block.load(draw, chosen, shown, **quiet)
    timer.tick(refresh, [chosen, page_state], shown, **quiet)
    opened = table.select(choose, chosen, [*shown, kept], **quiet)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")
    newer.click(to_newer, chosen, shown, **quiet)
    older.click(to_older, [chosen, painted], shown, **quiet)
    cancel_button.click(cancel, [chosen, painted], shown, **wired)
    resume_button.click(resume, [chosen, painted], shown, **wired)
    retry_button.click(retry, [chosen, painted], shown, **wired)


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw everything; the address says which job was chosen."""
    wanted = asked(request, "job", "job")
    return _drawn(chosen, {"job": wanted.id, "missing": wanted.missing}, request)


@toasts
def refresh(chosen: CurrentChoice, page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    wish = chosen.value
    return chosen.unless_over(wish, _changes(wish, page_state, request))


@toasts
def choose(chosen: CurrentChoice, event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Show another job, and keep it in the address so that a reload shows it again."""
    job_id = row_number(event)
    return [*_drawn(chosen, chosen.value | {"job": job_id, "missing": ""}, request), {"job": job_id}]


@toasts
def to_newer(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Page towards the newest job."""
    return _drawn(chosen, chosen.value | {"pages": chosen.value.get("pages", [])[:-1]}, request)


@toasts
def to_older(chosen: CurrentChoice, painted: JSON | None, request: gr.Request) -> list[Any]:
    """Page towards the oldest job."""
    last = _number(painted, "last")
    more = [last] if last is not None else []
    return _drawn(chosen, chosen.value | {"pages": chosen.value.get("pages", []) + more}, request)


@toasts
def cancel(chosen: CurrentChoice, painted: JSON | None, request: gr.Request) -> list[Any]:
    """Stop the job that the page shows."""
    job_views.cancel(context(request).actor, _shown_id(painted))
    return _drawn(chosen, chosen.value, request)


@toasts
def resume(chosen: CurrentChoice, painted: JSON | None, request: gr.Request) -> list[Any]:
    """Queue the cancelled job that the page shows again."""
    job_views.resume(context(request).actor, _shown_id(painted))
    return _drawn(chosen, chosen.value, request)


@toasts
def retry(chosen: CurrentChoice, painted: JSON | None, request: gr.Request) -> list[Any]:
    """Queue the failed job that the page shows again."""
    job_views.retry(context(request).actor, _shown_id(painted))
    return _drawn(chosen, chosen.value, request)


def _shown_id(painted: JSON | None) -> int:
    number = _number(painted, "job")
    if number is None:
        raise NotFound("No job is chosen. Choose one from the table.")
    return number


def _number(painted: JSON | None, name: str) -> int | None:
    """What the page says that it shows."""
    value = painted.get(name) if isinstance(painted, dict) else None
    return value if type(value) is int else None


def _drawn(chosen: CurrentChoice, wish: dict[str, Any], request: gr.Request) -> list[Any]:
    """Everything anew for a choice, which stands from then on."""
    drawn = _changes(wish, {}, request)
    chosen.put(dict(wish))
    return drawn


def _changes(wish: dict[str, Any], page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """New values of what differs from what the browser shows; the rest is left alone, so that nothing flickers."""
    here = context(request)
    pages = wish.get("pages", [])
    rows = job_views.list_jobs(here.actor, here.project_id, before_id=pages[-1] if pages else None)
    detail, missing = _detail(here, wish, rows)
    now: dict[str, Any] = {
        "painted": {"job": detail.job.id if detail else None, "last": rows[-1].id if rows else None},
        "card": card_value(detail.job, detail.machine) if detail else {"missing": missing} if missing else None,
        "can": [detail.job.can_cancel, detail.job.can_resume, detail.job.can_retry] if detail else [False] * 3,
        "error": (detail.job.error or "") if detail else "",
        "stopped": ways_out.stopped(here, detail),
        "log": detail.log_tail if detail else "",
        "curves": [detail.job.id, detail.job.last_metrics] if detail else None,
        "table": [table_row(job) for job in rows],
        "ends": [bool(pages), len(rows) == job_views.PAGE],
    }
    is_new = {key: key not in page_state or page_state[key] != value for key, value in now.items()}
    can, ends = now["can"], now["ends"]
    buttons = [gr.Button(interactive=each) if is_new["can"] else gr.skip() for each in can]
    plots = _plots(here, detail) if is_new["curves"] else [gr.skip(), gr.skip()]
    return [
        now["card"] if is_new["card"] else gr.skip(),
        *buttons,
        gr.Textbox(now["error"], visible=bool(now["error"])) if is_new["error"] else gr.skip(),
        *plots,
        now["log"] if is_new["log"] else gr.skip(),
        now["table"] if is_new["table"] else gr.skip(),
        *[gr.Button(interactive=each) if is_new["ends"] else gr.skip() for each in ends],
        now if any(is_new.values()) else gr.skip(),
        now["stopped"] if is_new["stopped"] else gr.skip(),
        now["painted"] if is_new["painted"] else gr.skip(),
    ]


def _detail(here: Context, wish: dict[str, Any], rows: list[JobView]) -> tuple[JobDetail | None, str]:
    """The chosen job, or that it is not here; without a choice the one that runs, else the newest."""
    if wish.get("missing"):
        return None, wish["missing"]
    if wish.get("job") is not None:
        try:
            detail = job_views.get(here.actor, wish["job"])
        except NotFound:
            detail = None
        is_here = detail is not None and detail.job.project_id == here.project_id
        return (detail, "") if is_here else (None, not_here("job", wish["job"]))
    running = [job for job in rows if job.status is JobStatus.running]
    best = (running or rows)[:1]
    return job_views.get(here.actor, best[0].id) if best else None, ""


def _plots(here: Context, detail: JobDetail | None) -> list[gr.Plot]:
    curves = job_views.curves(here.actor, detail.job.id) if detail else {}
    return [_plot(curves, "loss"), _plot(curves, "reward")]


def _plot(curves: dict[str, list[tuple[int, float]]], word: str) -> gr.Plot:
    series = {name: points for name, points in curves.items() if word in name}
    figure: go.Figure | None = charts.curves(series, y=gettext(word)) if series else None
    return gr.Plot(figure, visible=bool(series))
