"""`rondo prompts ...`"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import AsJson, Project, emit, say, table
from backend.values import Split

app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The file, or the folder that save_to_disk made.")]
MappingText = Annotated[
    str | None,
    typer.Option("--mapping", help='Which column holds what, as JSON: {"prompt": "question", "answer": "target"}.'),
]


@app.command("list")
def list_(project: Project = None, as_json: AsJson = False) -> None:
    """List the prompt sets of a project, newest first."""
    from app.cli import asking
    from backend.services import prompts

    actor = asking.owner()
    prompt_sets = prompts.list_sets(actor, asking.project(actor, project).id)
    rows = [
        [prompt_set.id, prompt_set.name, prompt_set.split, prompt_set.num_prompts, prompt_set.num_rounds]
        for prompt_set in prompt_sets
    ]
    value = {"prompt_sets": [asdict(prompt_set) for prompt_set in prompt_sets]}
    emit(value, as_json=as_json, text=table(["id", "name", "for", "prompts", "rounds"], rows))


@app.command("trash")
def put_in_trash(
    prompt_set: Annotated[int, typer.Argument(help="The set's number, as `rondo prompts list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Put a prompt set that nothing uses in the trash, where nobody sees it."""
    from app.cli import asking
    from backend.services.prompts import set_trash

    entry = set_trash.put(asking.owner(), prompt_set)
    text = f"{entry.name} is in the trash. `rondo trash restore-prompts {entry.id}` brings it back."
    emit(asdict(entry), as_json=as_json, text=text)


@app.command()
def preview(file: File, mapping: MappingText = None, project: Project = None, as_json: AsJson = False) -> None:
    """Say what an import would make of a file; nothing is written."""
    from app.cli import asking
    from backend.services import prompts
    from backend.services.prompts.mapping import from_json

    actor = asking.owner()
    chosen = asking.project(actor, project)
    result = prompts.preview(actor, chosen.id, file.resolve(), mapping=from_json(mapping))
    for remark in (*result.notes, *result.warnings):
        say(remark)
    columns = table(
        ["column", "role", "what becomes of it"], [[f.column, f.role or "-", f.becomes] for f in result.becomes]
    )
    rows = [
        f"{row.line}: left out: {row.reason}" if row.reason else f"{row.line}: {row.text}" for row in result.prompts[:3]
    ]
    text = "\n\n".join([f"{result.kind}: {result.format}", columns, *rows])
    emit(asdict(result), as_json=as_json, text=text)


@app.command()
def fetch(
    dataset: Annotated[str, typer.Argument(help="A public dataset of the hub, as owner/name.")],
    config: Annotated[str, typer.Option(help="Its configuration. [default: its own default]")] = "",
    split: Annotated[str, typer.Option(help="Its split.")] = "train",
    revision: Annotated[str, typer.Option(help="A commit, branch or tag. [default: the newest]")] = "",
    rows: Annotated[int, typer.Option(min=1, help="How many of its first rows at most.")] = 100_000,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Have a worker fetch a dataset of the model hub, to be imported as a file."""
    from app.cli import asking
    from backend.config import settings
    from backend.services.hub import fetching

    actor = asking.owner()
    wanted = fetching.HubDataset(dataset, config, split, revision, rows)
    fetch = fetching.get(actor, fetching.start(actor, asking.project(actor, project).id, wanted))
    place = settings().folder / "imports" / wanted.file_of(fetch.job_id)
    text = f"Job {fetch.job_id} fetches it to {place}, once a worker takes it (`rondo worker`). Then import that file."
    emit(asdict(fetch), as_json=as_json, text=text)


@app.command("import")
def import_(
    file: File,
    name: Annotated[str, typer.Option(help="The name of the set.")],
    mapping: MappingText = None,
    split: Annotated[Split, typer.Option(help="What the set is for.")] = Split.train,
    held_out_share: Annotated[float, typer.Option(min=0, max=0.99, help="Share that goes to a held-out set.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the held-out share.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if any row is bad.")] = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Import a file of prompts as a set; where its mapping names external ids, again into the set that is there."""
    from app.cli import asking
    from backend.services import prompts
    from backend.services.prompts.mapping import from_json

    actor = asking.owner()
    chosen = asking.project(actor, project)
    report = prompts.import_file(
        actor,
        chosen.id,
        name,
        file.resolve(),
        mapping=from_json(mapping),
        split=split,
        held_out_share=held_out_share,
        seed=seed,
        on_bad="refuse" if strict else "keep good",
    )
    for note in report.notes:
        say(note)
    for problem in report.problems:
        if problem.kind == "near duplicate":
            say(f"{problem.line}: near-duplicate, {problem.reason}")
    left_out = f"{report.num_bad} bad rows, {report.num_duplicates} duplicates, {report.num_overlaps} overlaps"
    near = f"; {report.num_near} near-duplicates, kept" if report.num_near else ""
    again = f"; {report.num_updated} changed, {report.num_unchanged} unchanged" if report.num_known else ""
    came = f"{report.num_imported} prompts and {report.num_completions} completions imported{again}"
    text = f"{came}; left out: {left_out}{near}"
    emit(asdict(report), as_json=as_json, text=text)
