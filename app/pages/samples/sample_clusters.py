"""The part of the Samples page that has vectors made, and shows the clusters of a round."""

from typing import Any

import gradio as gr

from app.pages.samples.drawing import UNKEPT, round_of
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.formats import percent
from app.widgets.markup import markup
from app.widgets.sample_card import one_line
from app.widgets.sample_facts import score
from app.widgets.sample_filters import to_address
from app.widgets.times import moment
from backend.errors import PermissionDenied
from backend.services.samples import embeddings, round_jobs, sample_clusters
from backend.services.samples.embeddings import EmbeddingJob
from backend.services.samples.sample_clusters import SampleCluster
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus

POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
NEVER = N_(
    "A worker makes a small vector of each text: samples that are similar to one can be listed then, and those of a "
    "cluster. Vectors here tell what words texts share, more than what they mean."
)
STAND_IN = N_("They stand in for a model that is made for similarity, and barely see numbers.")
TEMPLATE = """
<p class="rondo-muted" role="status">{{value.text}}
{{#if value.job}} <a href="jobs?job={{value.job}}">job {{value.job}}</a>{{/if}}</p>
{{#if value.clusters}}<div class="scroll"><table>
<thead><tr><th>Cluster</th><th>Samples</th><th>Pass rate</th><th>Judge mean</th><th>Words</th><th>Most typical</th></tr>
</thead><tbody>{{#each value.clusters}}<tr>
<td data-title="Cluster"><a href="samples?{{this.address}}">{{this.number}}</a></td>
<td data-title="Samples">{{this.size}}</td><td data-title="Pass rate">{{this.rate}}</td>
<td data-title="Judge mean">{{this.mean}}</td><td data-title="Words" dir="auto">{{this.words}}</td>
<td>{{#each this.typical}}<p dir="auto">
<a href="samples?{{this.address}}">{{this.id}}</a> {{this.text}}</p>{{/each}}</td>
</tr>{{/each}}</tbody></table></div>{{/if}}
"""
CSS = """
a { color: var(--rondo-accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
td:last-child { min-width: 260px; }
td p { margin: 0 0 2px; overflow-wrap: anywhere; }
/* On a phone a cluster is a block with a line for each column. */
@media (max-width: 640px) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: 6px 0; border-bottom: 1px solid var(--rondo-border); }
  td { padding: 1px 0; border: 0; }
  td:last-child { min-width: 0; }
  td[data-title]::before { content: attr(data-title) ": "; color: var(--rondo-muted); }
}
"""


def build(asked_for: gr.State) -> None:
    """Lay the part out and wire it."""
    with gr.Accordion(N_("Similar samples and clusters"), open=False, elem_id="samples-clusters-part") as part:
        shown = markup(TEMPLATE, CSS, value={"text": NEVER}, elem_id="samples-clusters")
        with gr.Row(elem_classes="rondo-toolbar rondo-needs-curator"):
            go = buttons.secondary(N_("Make vectors and clusters"), elem_id="samples-clusters-go")
    timer = gr.Timer(POLL_SECONDS, active=False)
    part.expand(follow, [asked_for], [shown, go, timer], **QUIET)
    go.click(start, [asked_for], [shown, go, timer], **PRIVATE)
    timer.tick(follow, [asked_for], [shown, go, timer], **QUIET)


@toasts
def start(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Have a worker make them."""
    here, query = context(request), asked_for.value
    round_jobs.start(here.actor, round_of(query), embeddings.WORK)
    return drawn(here, query)


@toasts
def follow(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """How far the last job is, and the clusters."""
    here, query = context(request), asked_for.value
    return drawn(here, query) if query.get("round") else [{"text": gettext(NEVER)}, gr.skip(), gr.Timer(active=False)]


def drawn(here: Context, query: JSON) -> list[Any]:
    """What is said of the job, the clusters, whether another may be started, and whether to ask again."""
    job = embeddings.newest(here.actor, round_of(query))
    try:
        clusters = sample_clusters.list_clusters(here.actor, round_of(query))
    except PermissionDenied as error:
        return [{"text": error.message}, gr.skip(), gr.Timer(active=False)]
    shown = state_of(job, clusters) | {"clusters": [row_of(cluster, query) for cluster in clusters]}
    is_over = job is None or job.is_over
    return [shown, gr.Button(interactive=is_over), gr.Timer(active=not is_over)]


def state_of(job: EmbeddingJob | None, clusters: list[SampleCluster]) -> JSON:
    """What is said of a job."""
    if job is None:
        return {"text": gettext(NEVER)}
    if job.status is JobStatus.done:
        at = clusters[0].at if clusters else None
        number = job.num_vectors or 0
        have = ngettext("{number} sample has a vector.", "{number} samples have a vector.", number)
        parts = [
            have.format(number=f"{number:,}"),
            gettext("Samples that came since have none until they are made again."),
        ]
        if job.model and job.is_stand_in:
            parts += [gettext("The vectors are of the token embeddings of {model}.").format(model=job.model)]
            parts += [gettext(STAND_IN)]
        elif job.model:
            parts += [gettext("The vectors are of {model}.").format(model=job.model)]
        if at:
            parts += [gettext("Pass rates and means are those of {when}.").format(when=moment(at))]
        return {"text": " ".join(parts)}
    going_on = gettext("{number} of {whole} samples have a vector:")
    texts = {
        JobStatus.queued: gettext("Making vectors waits for a worker:"),
        JobStatus.failed: gettext("It failed. {error}").format(error=job.error),
        JobStatus.cancelled: gettext("It was cancelled; what was made stays and goes on from there:"),
    }
    text = texts.get(job.status, going_on.format(number=f"{job.done:,}", whole=f"{job.total:,}"))
    return {"text": text, "job": job.job_id}


def row_of(cluster: SampleCluster, query: JSON) -> JSON:
    """A cluster for the template; its links keep the filters of the list."""
    left = ("at", "view", "sample", "similar")
    kept = {name: value for name, value in query.items() if name not in (*UNKEPT, *left) and value is not None}
    of_it = kept | {"cluster": cluster.cluster}
    return {
        "number": str(cluster.cluster),
        "size": f"{cluster.size:,}",
        "rate": percent(cluster.pass_rate, 0),
        "mean": score(cluster.judge_mean),
        "words": ", ".join(cluster.words) or "–",
        "address": to_address(of_it),
        "typical": [
            {"id": str(sample.id), "text": one_line(sample.text), "address": to_address(of_it | {"sample": sample.id})}
            for sample in cluster.typical
        ],
    }
