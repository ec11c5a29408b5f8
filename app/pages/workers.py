"""Workers: who takes jobs, what each does since when, and buttons for an owner to pause, drain and resume them."""

from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.first import FirstPart, FirstRow, Toolbar
from app.widgets.markup import markup
from app.widgets.times import ago, moment
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services import projects
from backend.services.operations import workers
from backend.services.operations.workers import WorkerJob, WorkerState, WorkerView
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, WorkerOrder

TITLE, PATH, MENU = N_("Workers"), "workers", "more"
POLL_SECONDS = 3.0
BADGES = {WorkerState.busy: "accent", WorkerState.idle: "ok", WorkerState.silent: "bad"}
SAID = {
    WorkerOrder.pause: N_("takes no new work; what it does goes on."),
    WorkerOrder.drain: N_("ends as soon as what it does is done."),
    WorkerOrder.work: N_("takes work."),
}
LIST = """
{{#if value}}
{{#unless value.rows}}<div class="rondo-empty"><p><b>No worker is alive.</b></p>
<p>Start one on any machine that reaches the database: <code>rondo worker --queues generate,train</code>. What waits for
one stands on <a href="jobs">Jobs</a>.</p></div>{{/unless}}
{{#if value.rows}}
<div class="line">
  <p class="rondo-muted">{{value.summary}}</p>
  {{#if value.can_tell}}<p class="acts" role="group" aria-label="All workers">
    <button type="button" class="rondo-quiet" data-act="pause">Pause all</button>
    <button type="button" class="rondo-quiet" data-act="drain">Drain all</button>
    <button type="button" class="rondo-quiet" data-act="work">Resume all</button></p>{{/if}}
</div>
<ul>{{#each value.rows}}
  <li class="rondo-card" data-worker="{{this.id}}">
    <div class="line"><h2>{{this.id}}</h2> <span class="rondo-badge {{this.badge}}">{{this.state}}</span>
      <span class="rondo-muted">last sign of life {{this.seen}}</span></div>
    {{#if this.work}}<ol aria-label="What it does">{{#each this.work}}
      <li>{{#if this.href}}<a href="{{this.href}}">{{this.what}}</a>{{/if}}{{#unless this.href}}{{this.what}}{{/unless}}
        <span class="rondo-muted">{{this.since}}</span></li>{{/each}}</ol>{{/if}}
    <p class="rondo-muted">{{this.facts}}</p>
    {{#if this.acts}}<p class="acts" role="group" aria-label="{{this.id}}">{{#each this.acts}}
      <button type="button" class="rondo-quiet" data-act="{{this.act}}" data-of="{{this.of}}"
        aria-label="{{this.title}} {{this.of}}">{{this.title}}</button>{{/each}}</p>{{/if}}
  </li>{{/each}}
</ul>
<p class="rondo-muted">A paused worker takes no new work; a drained one also ends, once what it does is done. Neither
loses anything: drain one worker after the other, and start each again, to restart all of them. {{value.who}}</p>
{{/if}}{{/if}}
"""
CSS = """
ul { list-style: none; margin: 8px 0; padding: 0; display: grid; gap: 8px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); }
ul > li { margin: 0; }
.line, .acts { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; margin: 0; }
.line > p:first-child { flex: 1 1 260px; margin: 0; }
.acts { gap: 8px; } li .acts { margin-top: 10px; } .acts button { padding: 4px 14px; }
h2 { margin: 0; overflow-wrap: anywhere; } li p { margin: 6px 0 0; overflow-wrap: anywhere; }
ol { margin: 6px 0 0; padding-left: 18px; } code { overflow-wrap: anywhere; }
"""
JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) trigger("click", { act: button.dataset.act, worker: button.dataset.of || null });
});
"""


def build() -> None:
    """Lay out the page and wire it."""
    page_state = gr.State({})
    refused = problem("workers-problem")
    listed = markup(LIST, CSS, js=JS, elem_id="workers-list")
    timer = gr.Timer(POLL_SECONDS)
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    gr.on(None, refresh, page_state, [listed, page_state], show_progress="hidden", **private)
    timer.tick(refresh, page_state, [listed, page_state], show_progress="hidden", **private)
    listed.click(tell, None, [listed, page_state, refused], **private)


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the place of a refusal, and the workers."""
    return [Toolbar(), FirstPart("workers-list", LIST, CSS, list_value(context(request)))]


@toasts
def refresh(page_state: JSON, request: gr.Request) -> list[Any]:
    """Draw the list where it changed."""
    value = list_value(context(request))
    return [gr.skip(), gr.skip()] if value == page_state else [value, value]


@toasts
@refused_beside(2)
def tell(event: gr.EventData, request: gr.Request) -> list[Any]:
    """Tell the worker of the pressed button, or all."""
    given = event._data if isinstance(event._data, dict) else {}
    act, worker_id = given.get("act"), given.get("worker")
    if act not in [*WorkerOrder] or not (worker_id is None or isinstance(worker_id, str)):
        raise InvalidInput("Nothing was chosen. Press a button beside a worker.")
    here, order = context(request), WorkerOrder(str(act))
    ordered = workers.tell(here.actor, order, worker_id)
    silent = gettext("No sign of life from {names}.").format(names=", ".join(ordered.silent))
    told = f"{', '.join(ordered.workers)}: {gettext(SAID[order])}"
    notice(f"{told} {silent}" if ordered.silent else told)
    value = list_value(here)
    return [value, value]


def list_value(here: Context) -> JSON:
    """What the list shows; texts only."""
    rows = workers.listing(here.actor, here.project_id)
    can_tell, name = here.actor.is_owner, projects.get(here.actor, here.project_id).name
    busy = sum(bool(row.work) for row in rows)
    summary = ngettext("{number} worker, {busy} at work.", "{number} workers, {busy} at work.", len(rows))
    who = "" if can_tell else gettext("Owners of this installation tell workers what to do.")
    return {
        "rows": [row_value(row, name, can_tell=can_tell) for row in rows],
        "summary": summary.format(number=f"{len(rows):,}", busy=f"{busy:,}"),
        "can_tell": can_tell,
        "who": who,
    }


def row_value(row: WorkerView, here: str, *, can_tell: bool) -> JSON:
    """One worker as the list shows it."""
    return {
        "id": row.id,
        "state": gettext(str(row.state)),
        "badge": BADGES.get(row.state, ""),
        "seen": ago(row.heartbeat_at) if row.state is WorkerState.silent else gettext("less than 30 s ago"),
        "facts": facts(row),
        "work": [work_value(job, here) for job in row.work],
        "acts": [{"act": str(act), "title": gettext(title), "of": row.id} for act, title in acts(row)]
        if can_tell
        else [],
    }


def facts(row: WorkerView) -> str:
    """`gpu-box, process 812, Rondo 0.2.0, since 28 Nov 2026, 14:05. Takes generate, train. 16 CPUs, no GPU found.`"""
    where = (
        [row.host, gettext("process {number}").format(number=row.process_id)] if row.process_id is not None else []
    )  # owners alone are told
    where += [gettext("in a web process")] if row.is_embedded else []
    where += [f"Rondo {row.version}"] if row.version else [gettext("an older Rondo, which obeys no orders")]
    machine = "; ".join(row.gpus) or gettext("no GPU found")
    if row.cpus is not None:
        processors = ngettext("1 CPU", "{number} CPUs", row.cpus).format(number=row.cpus)
        machine = f"{processors}, {machine}"
    return gettext("{where}, since {when}. Takes {queues}. {machine}.").format(
        where=", ".join(where),
        when=moment(row.started_at),
        queues=", ".join(word(queue) for queue in row.queues),
        machine=machine,
    )


def work_value(work: WorkerJob, here: str) -> JSON:
    """One thing that a worker does; `here`: the project of the page, whose jobs it can show."""
    since = gettext("since {when}").format(when=moment(work.since)) if work.since is not None else ""
    if work.job_id is None:
        return {"what": gettext("A job of another project"), "href": "", "since": since}
    where = gettext("job {number}").format(number=work.job_id)
    if work.round_number is not None:
        where = gettext("round {number}").format(number=work.round_number)
    text = gettext("{project}, {where}: helps with {stage}") if work.helps else "{project}, {where}: {stage}"
    what = text.format(project=work.project, where=where, stage=word(work.stage))
    return {
        "what": what,
        "href": f"jobs?job={work.job_id}" if work.project == here else "",
        "since": since,
    }


def acts(row: WorkerView) -> list[tuple[WorkerOrder, str]]:
    """What can be asked of the worker as it stands."""
    if not row.version:
        return []
    if row.told is WorkerOrder.work:
        orders = [(WorkerOrder.pause, N_("Pause")), (WorkerOrder.drain, N_("Drain"))]
    elif row.told is WorkerOrder.pause:
        orders = [(WorkerOrder.work, N_("Resume")), (WorkerOrder.drain, N_("Drain"))]
    else:
        orders = [(WorkerOrder.work, N_("Resume"))]
    return [order for order in orders if not (row.is_embedded and order[0] is WorkerOrder.drain)]
