"""`rondo round preview`."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.deciding import app
from app.cli.launch_options import Judge, Knobs, Policy, PromptSets, Recipe, Samples
from app.cli.output import AsJson, Project, emit, say, table
from app.cli.rounds import Timeout, find

if TYPE_CHECKING:
    from backend.services.previews import PreviewView

__all__ = ["app"]


@app.command()
def preview(
    project: Project = None,
    recipe: Recipe = None,
    knobs: Knobs = None,
    samples: Samples = None,
    num_prompts: Annotated[int, typer.Option("--prompts", min=1, max=20, help="How many prompts.")] = 5,
    round_prompts: Annotated[
        int | None, typer.Option("--round-prompts", min=1, help="How many prompts the full round has.")
    ] = None,
    prompt_set: PromptSets = None,
    policy: Policy = None,
    judge: Judge = None,
    parent: Annotated[int | None, typer.Option(help="Number of the round to go on from. [default: the best]")] = None,
    again: Annotated[int | None, typer.Option(help="Number of a round whose settings to take, seed included.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for its end; a worker has to run.")] = True,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Run a few prompts through the whole recipe of the next round, which is not launched; exit 1 if that failed."""
    from dataclasses import asdict, replace

    from app.cli import asking, launching
    from backend.errors import RondoError
    from backend.services import previews

    actor = asking.owner()
    chosen = asking.project(actor, project)
    wish = launching.LaunchOptions(
        recipe, knobs or (), samples, policy=policy, judge=judge, prompt_sets=prompt_set or ()
    )
    above = find(actor, chosen.id, parent).id if parent is not None else None
    same = find(actor, chosen.id, again).id if again is not None else None
    plan = launching.plan_of(actor, chosen.id, wish, parent_id=above, again_id=same)
    if round_prompts is not None:
        plan = replace(plan, num_prompts=round_prompts)
    view = previews.get(actor, previews.start(actor, chosen.id, plan, num_prompts=num_prompts))
    began, told = time.monotonic(), 0
    while wait and not view.is_over:
        if timeout is not None and time.monotonic() - began > timeout:
            raise RondoError(f"Preview {view.id} still runs after {timeout:g} seconds. Wait longer.")
        time.sleep(0.5)
        view = previews.get(actor, view.id)
        for step in view.result.get("took", [])[told:]:
            say(f"{step['line'] or 'The schedule tried changes out'}: {step['seconds']:.1f} s")
            told += 1
    emit(asdict(view), as_json=as_json, text=_text(view))
    if view.error is not None:
        raise typer.Exit(1)


def _text(preview: "PreviewView") -> str:
    from app.widgets.formats import round_time

    samples: list[dict[str, Any]] = [
        sample for group in preview.result.get("groups", []) for sample in group["samples"]
    ]
    lines = [
        [
            sample["id"],
            sample["text"].replace("\n", " ")[:60],
            "-" if sample.get("score") is None else f"{sample['score']:.3g}",
            sample.get("verdict") or "-",
            ", ".join(kept["as"] for kept in sample["kept"]) or "not kept" if "kept" in sample else "-",
        ]
        for sample in samples
    ]
    parts = [f"Preview {preview.id}: {preview.status}", preview.result.get("empty", ""), preview.error or ""]
    full = preview.result["estimate"]["full"]
    if full["seconds"] is not None:
        time_ = round_time(full["seconds"], full["seconds_at_most"], is_measured=full["is_measured"])
        parts.append(f"All of the full round: {time_}")
    elif preview.seconds is not None:
        parts.append(
            f"The full round up to its training: at most {preview.seconds:.0f} s (loose: so few prompts fill no batch)"
        )
    rows = table(["text", "", "score", "verdict", "kept"], lines) if lines else ""
    return "\n".join(filter(None, [parts[0], rows, *parts[1:]]))
