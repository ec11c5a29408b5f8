"""`rondo judge bench` and `show`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import AsJson, Project, emit, say, table

if TYPE_CHECKING:
    from backend.services.access import Actor
    from backend.services.judge_bench.entries import BenchEntry
    from backend.services.judge_bench.results import BenchView
    from backend.services.samples import Filters

app = typer.Typer(no_args_is_help=True)

SHAPE = "Give each judge as `- judge: {name: written_verdict, votes: 3}` with `checkpoint: NAME` below it."
COLUMNS = ("title", "state", "kappa", "alpha", "precision", "recall", "unread", "tokens", "seconds", "cost")
POLL_SECONDS = 0.5
NO_FILTERS = ("sort", "at", "view", "columns")
"""What an address of samples says beside its filters."""


@app.command()
def bench(
    judges: Annotated[Path, typer.Argument(help="YAML: a list of judges, each with `judge` and `checkpoint`.")],
    project: Project = None,
    number: Annotated[int, typer.Option(help="How many labelled samples to draw.")] = 50,
    round_number: Annotated[int | None, typer.Option("--round", help="Only samples of this round.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="What a filter finds in the round instead, as NAME=VALUE; several times."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another one draws other samples.")] = 0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the judges; a worker has to run.")] = True,
    as_json: AsJson = False,
) -> None:
    """Try judges side by side on samples that people labelled, or on what a filter of a round finds."""
    from app.cli import asking
    from app.cli.rounds import find
    from backend.errors import InvalidInput
    from backend.services.judge_bench import opening, results

    actor = asking.owner()
    here = asking.project(actor, project).id
    if filters and round_number is None:
        raise InvalidInput("A filter is of the samples of one round. Name it with --round.")
    round_id = find(actor, here, round_number).id if round_number is not None else None
    bench_id = opening.open_bench(
        actor,
        here,
        _entries(actor, here, judges),
        number=number,
        seed=seed,
        round_id=round_id,
        filters=_filters(filters) if filters else None,
    )
    view = results.get(actor, bench_id)
    while wait and view.is_running:
        time.sleep(POLL_SECONDS)
        view = results.get(actor, bench_id)
    if not wait:
        say(f"Bench {bench_id} is open. `rondo judge show {bench_id}` shows how far it is.")
    _emit(view, as_json=as_json)


@app.command()
def show(
    number: Annotated[int | None, typer.Argument(help="The bench. [default: the newest]")] = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Show the judges of a bench side by side."""
    from app.cli import asking
    from backend.errors import NotFound
    from backend.services.judge_bench import results

    actor = asking.owner()
    ids = [bench.id for bench in results.list_benches(actor, asking.project(actor, project).id, also=number)]
    if not ids:
        raise NotFound("This project has no judge bench yet. Open one: `rondo judge bench`.")
    if number is not None and number not in ids:
        raise NotFound(f"There is no judge bench {number} in this project. There are: {', '.join(map(str, ids))}.")
    _emit(results.get(actor, number or ids[0]), as_json=as_json)


def _entries(actor: "Actor", project_id: int, path: Path) -> "list[BenchEntry]":
    from app.cli.launching import find_checkpoint
    from backend.errors import InvalidInput
    from backend.services import checkpoints
    from backend.services.judge_bench.entries import BenchEntry
    from backend.services.recipes import recipe_yaml

    known, entries = checkpoints.tree(actor, project_id), []
    for place, item in enumerate(recipe_yaml.read_list(path), start=1):
        if not isinstance(item, dict) or "judge" not in item or item.keys() - {"judge", "checkpoint", "title"}:
            raise InvalidInput(f"Entry {place} of {path.name} is no judge. {SHAPE}")
        wanted = item.get("checkpoint")
        checkpoint_id = None if wanted is None else find_checkpoint(known, str(wanted)).id
        entries.append(BenchEntry(item["judge"], checkpoint_id, str(item.get("title") or "")))
    return entries


def _filters(given: list[str]) -> "Filters":
    from app.widgets.sample_filters import from_address, read_filters
    from backend.errors import InvalidInput

    wrong = next((text for text in given if "=" not in text), None)
    if wrong is not None:
        raise InvalidInput(f"A filter is given as NAME=VALUE, not {wrong!r}.")
    pairs = [(name.strip(), value.strip()) for name, _, value in (text.partition("=") for text in given)]
    asked = dict(pairs)
    if twice := [name for name in asked if sum(asked_name == name for asked_name, _ in pairs) > 1]:
        raise InvalidInput(
            f"The filter {twice[0]} is given twice. Give it once; where it takes several values, write them as "
            f"{twice[0]}=A,B."
        )
    read = from_address(asked)
    if unknown := [name for name in asked if not _is_whole(read.get(name), asked[name]) or name in NO_FILTERS]:
        raise InvalidInput(
            f"{unknown[0]}={asked[unknown[0]]} is no filter of samples. Filter on the Samples page, and copy the names "
            "and values from its address."
        )
    return read_filters(read)


def _is_whole(read: object, asked: str) -> bool:
    """Whether all that was asked of a filter was understood."""
    return len(read) == len(asked.split(",")) if isinstance(read, list) else read is not None


def _emit(bench: "BenchView", *, as_json: bool) -> None:
    """Print a bench; leave with 1 where its job or one of its judges failed."""
    from dataclasses import asdict

    from app.pages.judge_bench import shown

    fields = shown.bench(bench)
    lines = [[row.get(name, "–") for name in COLUMNS] for row in fields["rows"]]
    lines_out = [f"Judge bench {fields['id']}: {fields['status']}. {fields['about']}", table(COLUMNS, lines)]
    lines_out += [f"{row['title']}: {row['error']}" for row in fields["rows"] if row.get("error")]
    lines_out += [f"{row['title']}: {judge}." for row in fields["rows"] for judge in row.get("missing", [])]
    lines_out += [f"{row['title']}: {judge}" for row in fields["rows"] for judge in row.get("notes", [])]
    lines_out += [fields["error"]] if fields["error"] else []
    emit(asdict(bench), as_json=as_json, text="\n".join(lines_out))
    if bench.error or any(judge.error for judge in bench.judges):
        raise typer.Exit(1)
