"""`rondo trash ...` and `rondo clean-up`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import AsJson, Project, emit, table

if TYPE_CHECKING:
    from backend.services.operations.leftovers import Leftover
    from backend.services.projects.own_files import Holdings

app = typer.Typer(no_args_is_help=True)
EntryId = Annotated[int, typer.Argument(help="Its number, as `rondo trash list` shows it.")]
SetId = Annotated[int, typer.Argument(help="The prompt set's number, as `rondo trash list` shows it.")]
MEGABYTE = 1024 * 1024


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List what is in the trash."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import round_trash
    from backend.services.projects import trash
    from backend.services.prompts import set_trash

    actor = asking.owner()
    entries, rounds, sets = trash.list_mine(actor), round_trash.list_mine(actor), set_trash.list_mine(actor)
    rows = [
        [
            entry.id,
            entry.name,
            f"{entry.trashed_at:%Y-%m-%d %H:%M}",
            entry.trashed_by or "-",
            "deleted in part: delete it again" if entry.is_deleting else "whole",
        ]
        for entry in entries
    ]
    lines = [
        [
            round_.number,
            round_.project,
            f"{round_.trashed_at:%Y-%m-%d %H:%M}",
            round_.trashed_by or "-",
            "deleted in part: delete it again" if round_.is_deleting else "whole",
        ]
        for round_ in rounds
    ]
    parts = [table(["number", "what", "since (UTC)", "by", "state"], rows)] if rows else []
    parts += [table(["round", "of", "since (UTC)", "by", "state"], lines)] if lines else []
    of_sets = [
        [row.id, row.name, row.project, row.num_prompts, f"{row.trashed_at:%Y-%m-%d %H:%M}", row.trashed_by or "-"]
        for row in sets
    ]
    parts += [table(["prompt set", "name", "of", "prompts", "since (UTC)", "by"], of_sets)] if of_sets else []
    value = {
        "trash": [asdict(entry) for entry in entries],
        "rounds": [asdict(round_) for round_ in rounds],
        "prompt_sets": [asdict(row) for row in sets],
    }
    emit(value, as_json=as_json, text="\n\n".join(parts) or "The trash is empty.")


@app.command()
def restore(entry: EntryId, as_json: AsJson = False) -> None:
    """Bring a project back as it was."""
    from app.cli import asking
    from backend.services.projects import trash

    actor = asking.owner()
    name = trash.get(actor, entry).name
    project_id = trash.restore(actor, entry)
    emit({"name": name, "project_id": project_id}, as_json=as_json, text=f"{name} is back.")


@app.command()
def delete(
    entry: EntryId, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Delete a project for good, its files too."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.projects import deletion, trash

    actor = asking.owner()
    trash_entry = trash.get(actor, entry)
    name = trash_entry.name
    if not yes:
        asked = f"Delete {name} for good: {in_words(deletion.contents(actor, entry))}?"
        typer.confirm(asked, abort=True, err=True)
    held = deletion.delete_for_good(actor, entry, trash_entry.trashed_at)
    emit({"name": name, **asdict(held)}, as_json=as_json, text=f"{name} is deleted: {in_words(held)}.")


@app.command("delete-round")
def delete_round(
    number: Annotated[int, typer.Argument(help="The round's number, as `rondo trash list` shows it.")],
    project: Project = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a round in the trash for good, its datasets and files too."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.errors import NotFound
    from backend.services import round_trash
    from backend.services.round_trash import emptying

    actor = asking.owner()
    chosen = asking.project(actor, project)
    entry = next(iter(round_trash.list_mine(actor, chosen.id, number=number)), None)
    if entry is None:
        raise NotFound(f"There is no round {number} of {chosen.name} in the trash. `rondo trash list` shows what is.")
    if not yes:
        asked = f"Delete {entry.name} for good: {in_words(emptying.contents(actor, entry.id))}?"
        typer.confirm(asked, abort=True, err=True)
    held = emptying.delete_for_good(actor, entry.id, entry.trashed_at)
    emit({"name": entry.name, **asdict(held)}, as_json=as_json, text=f"{entry.name} is deleted: {in_words(held)}.")


@app.command("restore-prompts")
def restore_prompts(prompt_set: SetId, as_json: AsJson = False) -> None:
    """Bring a prompt set back as it was."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.prompts import set_trash

    entry = set_trash.restore(asking.owner(), prompt_set)
    emit(asdict(entry), as_json=as_json, text=f"{entry.name} is back in {entry.project}.")


@app.command("delete-prompts")
def delete_prompts(
    prompt_set: SetId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a prompt set in the trash for good."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.prompts import set_trash

    actor = asking.owner()
    entry = set_trash.get(actor, prompt_set)
    if not yes:
        asked = f"Delete {entry.name} of {entry.project} for good, with {entry.num_prompts:,} prompts?"
        typer.confirm(asked, abort=True, err=True)
    set_trash.delete_for_good(actor, prompt_set, entry.trashed_at)
    emit(asdict(entry), as_json=as_json, text=f"{entry.name} is deleted.")


def clean_up(
    delete: Annotated[bool, typer.Option("--delete", help="Delete them; otherwise they are only listed.")] = False,
    hours: Annotated[float, typer.Option("--older-than", help="Hours since anything was written there.")] = 24.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the files in the data folder that nothing refers to: of broken-off trainings, deleted rows, old imports."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.config import settings
    from backend.services.operations import clean_up as cleaning
    from backend.services.operations import sharing

    actor = asking.owner(migrate=False)
    leftovers = cleaning.find(actor, hours)
    num_bytes = sum(leftover.num_bytes for leftover in leftovers)
    if delete and leftovers:
        if not yes:
            typer.echo(_listed(leftovers), err=True)
            is_shared = any(leftover.is_shared for leftover in leftovers)
            places = [str(settings().folder), *([sharing.address()] if is_shared else [])]
            asked = f"Delete these from {' and '.join(places)}, {num_bytes / MEGABYTE:,.1f} MB in all?"
            typer.confirm(asked, abort=True, err=True)
        leftovers = cleaning.delete(actor, hours)
        num_bytes = sum(leftover.num_bytes for leftover in leftovers)
    value: dict[str, Any] = {
        "deleted": delete,
        "bytes": num_bytes,
        "files": [asdict(leftover) for leftover in leftovers],
    }
    after = "deleted" if delete else "`rondo clean-up --delete` deletes them"
    text = f"{_listed(leftovers)}\n{num_bytes / MEGABYTE:,.1f} MB in all; {after}."
    emit(value, as_json=as_json, text=text if leftovers else "Nothing lies here that nothing refers to.")


def _listed(leftovers: "list[Leftover]") -> str:
    rows = [[f"{leftover.num_bytes / MEGABYTE:,.1f} MB", leftover.where, leftover.why] for leftover in leftovers]
    return table(["size", "where", "why"], rows)


def emit_entry(entry_id: int, name: str, *, as_json: bool) -> None:
    """Say how it comes back."""
    text = f"{name} is in the trash. `rondo trash restore {entry_id}` brings it back."
    emit({"trash": entry_id, "name": name}, as_json=as_json, text=text)


def in_words(held: "Holdings") -> str:
    """What goes with it, in words."""
    rows = f"{held.rounds} rounds, {held.samples:,} samples, {held.decisions:,} decisions, {held.answers:,} answers"
    rows += f", {held.comments:,} comments" if held.comments else ""
    return f"{rows}, {held.checkpoints} checkpoints, {held.num_bytes / MEGABYTE:,.1f} MB of files"
