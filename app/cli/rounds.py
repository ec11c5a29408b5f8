"""`rondo round ...`"""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.launch_options import Judge, Knobs, Policy, PromptSets, Recipe, Samples
from app.cli.output import AsJson, Project, emit, say, table
from backend.values import Mode, RoundStatus

if TYPE_CHECKING:
    from backend.services.access import Actor
    from backend.services.rounds import RoundView

app = typer.Typer(no_args_is_help=True)

Number = Annotated[int | None, typer.Argument(help="The round's number, as the pages show it. [default: the newest]")]
Timeout = Annotated[float | None, typer.Option(help="Seconds to wait at most. [default: no limit]")]
FINAL = (RoundStatus.done, RoundStatus.failed, RoundStatus.cancelled)
WAITING = (RoundStatus.review, RoundStatus.held)
"""For people."""


@app.command()
def launch(
    project: Project = None,
    recipe: Recipe = None,
    knobs: Knobs = None,
    samples: Samples = None,
    num_prompts: Annotated[int | None, typer.Option("--prompts", min=1, help="How many prompts.")] = None,
    prompt_set: PromptSets = None,
    held_out: Annotated[list[str] | None, typer.Option(help="Set to measure on, likewise.")] = None,
    mix_set: Annotated[list[str] | None, typer.Option(help="Set of seed rows or documents, likewise.")] = None,
    policy: Policy = None,
    reference: Annotated[str | None, typer.Option(help="Checkpoint of the loss. [default: the policy]")] = None,
    judge: Judge = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Who acts as a role of the recipe, as ROLE=CHECKPOINT; several times.")
    ] = None,
    parent: Annotated[int | None, typer.Option(help="Number of the round to go on from. [default: the best]")] = None,
    again: Annotated[int | None, typer.Option(help="Number of a round whose settings to take, seed included.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of prompts, samples and training.")] = None,
    review: Annotated[
        bool | None, typer.Option("--review/--no-review", help="Whether people look before training.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--review-set",
            help="Any setting of the review, as name=value; may be given several times. "
            f"`mode` is one of {', '.join(Mode)}; `rondo round review` lists the others.",
        ),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="What serves model folders: transformers, or vllm, a server that Rondo starts.")
    ] = None,
    num_rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="How many rounds follow each other, this one included.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would make; exit 1 where it would be refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Launch the next round, set up as the one before where nothing else is given."""
    from dataclasses import asdict, replace

    from app.cli import asking, launching
    from app.widgets.formats import round_time
    from backend.services import rounds
    from backend.services.recipes import parts

    actor = asking.owner()
    for problem in parts.left_out():
        say(problem)
    chosen = asking.project(actor, project)
    wish = launching.LaunchOptions(
        recipe,
        knobs or (),
        samples,
        role or (),
        policy,
        reference,
        judge,
        prompt_set or (),
        held_out or (),
        mix_set or (),
    )
    above = find(actor, chosen.id, parent).id if parent is not None else None
    same = find(actor, chosen.id, again).id if again is not None else None
    plan = launching.plan_of(actor, chosen.id, wish, parent_id=above, again_id=same)
    wishes = {
        "num_prompts": num_prompts,
        "seed": seed,
        "is_reviewed": review,
        "num_rounds": num_rounds,
        "engine": engine,
    }
    changes: dict[str, Any] = {name: value for name, value in wishes.items() if value is not None}
    plan = replace(plan, **changes)
    plan = replace(plan, review=plan.review | settings_from(set_ or []))
    guess = rounds.estimate(actor, chosen.id, plan)
    # What would be refused is among the warnings: a refusal says it, so it is not said before.
    if dry_run:
        rounds.check_plan(actor, chosen.id, plan)
    launched = None if dry_run else rounds.launch(actor, chosen.id, plan)
    for warning in guess.warnings:
        say(warning)
    if launched is None:
        time_ = round_time(guess.seconds, guess.seconds_at_most, is_measured=guess.is_measured)
        text = f"{guess.samples} samples, {guess.judge_calls} judge calls, {guess.tokens} new tokens at most"
        text += f"; time: {time_}"
        return emit(asdict(guess) | {"recipe": plan.recipe}, as_json=as_json, text=text)
    return emit_round(rounds.get(actor, launched), as_json=as_json)


@app.command("list")
def list_rounds(project: Project = None, as_json: AsJson = False) -> None:
    """List the project's rounds."""
    from app.cli import asking
    from backend.services import rounds

    actor = asking.owner()
    rows = [as_dict(row) for row in rounds.list_rounds(actor, asking.project(actor, project).id)]
    columns = ["number", "status", "stage", "samples", "kept", "recipe"]
    emit({"rounds": rows}, as_json=as_json, text=table(columns, [[row[name] for name in columns] for row in rows]))


@app.command()
def status(number: Number = None, project: Project = None, as_json: AsJson = False) -> None:
    """Show one round."""
    emit_round(one_round(project, number)[1], as_json=as_json)


@app.command()
def wait(number: Number = None, project: Project = None, timeout: Timeout = None, as_json: AsJson = False) -> None:
    """Wait until a round is done, waits for people or is held; exit 1 if it failed, was cancelled or kept nothing."""
    from backend.errors import RondoError
    from backend.services import rounds

    actor, round_ = one_round(project, number)
    started, last = time.monotonic(), None
    while round_.status not in (*FINAL, *WAITING):
        if timeout is not None and time.monotonic() - started > timeout:
            raise RondoError(
                f"Round {round_.number} is still in stage {round_.stage} after {timeout:g} seconds. Wait longer."
            )
        if round_.stage != last:
            say(f"Round {round_.number}: {round_.stage}")
        last = round_.stage
        time.sleep(0.5)
        round_ = rounds.get(actor, round_.id)
    emit_round(round_, as_json=as_json)
    if round_.status in (RoundStatus.failed, RoundStatus.cancelled) or round_.error is not None:
        # A round of which nothing was kept waits for people again, with its error.
        raise typer.Exit(1)


@app.command("select")
def reselect(
    number: Number = None,
    project: Project = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A knob of the selector, as name=value.")] = None,
    as_json: AsJson = False,
) -> None:
    """Select again from a round that stopped after judging, or in a branch of one that has a checkpoint; show which."""
    from backend.services import rounds
    from backend.services.rounds import job_views
    from backend.services.rounds import reselect as reselecting

    actor, round_ = one_round(project, number)
    detail = job_views.get(actor, reselecting.reselect(actor, round_.id, settings_from(set_ or [])))
    emit_round(rounds.get(actor, detail.job.round_id or round_.id), as_json=as_json)


@app.command()
def cancel(number: Number = None, project: Project = None, as_json: AsJson = False) -> None:
    """Stop a round; what it has made so far stays."""
    from backend.services import rounds

    actor, round_ = one_round(project, number)
    rounds.cancel(actor, round_.id)
    emit_round(rounds.get(actor, round_.id), as_json=as_json)


def settings_from(given: list[str]) -> dict[str, Any]:
    """Read `name=value` pairs; what a value may be, the settings say."""
    from backend.errors import InvalidInput

    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise InvalidInput(f"A review setting is given as name=value, not {wrong[0]!r}.")
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in given)}


def find(actor: "Actor", project_id: int, number: int | None) -> "RoundView":
    """Return the round of that number, or the newest."""
    from backend.errors import NotFound
    from backend.services import rounds

    views = rounds.list_rounds(actor, project_id)
    if not views:
        raise NotFound("This project has no round yet. Launch one: `rondo round launch`.")
    for view in views:
        if view.number == (views[-1].number if number is None else number):
            return view
    raise NotFound(f"There is no round {number} in this project. `rondo round list` shows them.")


def as_dict(row: "RoundView") -> dict[str, Any]:
    """Return what programs get of a round."""
    return {
        "id": row.id,
        "number": row.number,
        "status": row.status,
        "stage": row.stage,
        "recipe": row.recipe["name"],
        "engine": row.engine,
        "checkpoint_id": row.checkpoint_id,
        "samples": row.counts.get("samples", 0),
        "kept": row.counts.get("kept", 0),
        "counts": row.counts,
        "error": row.error,
        "branch_of_id": row.branch_of_id,
        "hold": row.hold,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "archived_at": row.archived_at,
    }


def one_round(project: str | None, number: int | None) -> "tuple[Actor, RoundView]":
    """Return who asks, and the round of that number."""
    from app.cli import asking

    actor = asking.owner()
    return actor, find(actor, asking.project(actor, project).id, number)


def emit_round(row: "RoundView", *, as_json: bool) -> None:
    """Print a round."""
    counts = ", ".join(f"{value} {name}" for name, value in row.counts.items() if isinstance(value, int))
    text = f"Round {row.number}: {row.status}, stage {row.stage}" + (f" ({counts})" if counts else "")
    emit(as_dict(row), as_json=as_json, text=text + (f"\n{row.error}" if row.error else ""))
