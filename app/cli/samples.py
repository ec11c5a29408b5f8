"""`rondo samples ...`"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.output import AsJson, Project, emit
from backend.errors import InvalidInput

app = typer.Typer(no_args_is_help=True)
Numbers = Annotated[
    list[int] | None, typer.Option("--round", help="Number of a round; may be given several times. [default: all]")
]


@app.callback()
def group() -> None:
    """Samples of rounds."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[
        str | None, typer.Option(help="jsonl, parquet or csv. [default: as the file's name ends]")
    ] = None,
    numbers: Numbers = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="A filter of the list, as name=value, such as verdict=accept; several times."),
    ] = None,
    text: Annotated[str, typer.Option(help="Search in the samples.")] = "",
    prompt: Annotated[str, typer.Option(help="Search in their prompts.")] = "",
    sort: Annotated[
        str,
        typer.Option(
            help="id, score, length or spread; with a minus before it, the other way. Two keys: -score+length."
        ),
    ] = "id",
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Write what a filter of samples finds, with judgments, decisions and lineage."""
    from app.cli import asking
    from app.cli.rounds import find
    from backend.services.samples import exports
    from backend.services.samples.exports import ExportRequest

    actor = asking.owner()
    here = asking.project(actor, project).id
    rounds = tuple(find(actor, here, number).id for number in numbers or ())
    chosen: Any = format or out.suffix.removeprefix(".").lower()
    if format is None and chosen not in exports.FORMATS:
        known = ", ".join(f".{format_name}" for format_name in exports.FORMATS)
        raise InvalidInput(f"{out.name} does not tell the format. Let it end with {known}, or give --format.")
    wanted = ExportRequest(rounds, _filters(filters or [], text, prompt), _sort(sort), chosen)
    exported = exports.export(actor, here, wanted, out=out)
    value = {"file": str(exported.path), "rows": exported.num_rows, "bytes": exported.num_bytes, "format": chosen}
    emit(value, as_json=as_json, text=f"{exported.num_rows} rows in {exported.path}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSONL, JSON, CSV, Parquet or Arrow.")],
    name: Annotated[str, typer.Option(help="Of the prompt set that the import makes.")] = "Imported samples",
    columns: Annotated[
        str | None, typer.Option(help='Which column holds what, as JSON: {"completion": "reply"}.')
    ] = None,
    people: Annotated[
        str | None, typer.Option(help='Who somebody of the file is here, as JSON: {"ann@tool.example": "ann"}.')
    ] = None,
    accept_at: Annotated[
        float | None, typer.Option(help="From which score on a sample is good. [default: 0.5 of scores from 0 to 1]")
    ] = None,
    lowest: Annotated[float | None, typer.Option(help="Lowest score of the scale. [default: the file's]")] = None,
    highest: Annotated[float | None, typer.Option(help="Highest score of the scale. [default: the file's]")] = None,
    policy: Annotated[int | None, typer.Option(help="Id of the checkpoint. [default: the newest]")] = None,
    open_review: Annotated[
        bool, typer.Option("--not-blind", help="Show reviewers the judgments before they decide.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Write other scores and metadata of samples on which nobody has decided.")
    ] = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Import samples with scores, judgments and decisions as a round that waits for review."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.imports import importing
    from backend.services.imports.row_columns import chosen_from, text_map

    actor = asking.owner()
    here = asking.project(actor, project).id
    asked = importing.ImportRequest(
        name,
        chosen_from(columns),
        text_map(people, "The people", '{"ann": "bob"}'),
        accept_at,
        policy,
        not open_review,
        lowest,
        highest,
        update=update,
    )
    imported = importing.import_samples(actor, here, file, asked)
    there = f"{imported.num_present} samples were there already"
    if imported.num_updated:
        there += f", {imported.num_updated} of them have other scores or metadata now"
    if imported.num_repeated:
        there += f", {imported.num_repeated} came twice"
    text = f"No new sample: {there}."
    if imported.round_id is not None:
        text = (
            f"Round {imported.round_number}: {imported.num_samples} samples of {imported.num_prompts} prompts, "
            f"{imported.num_judgments} judgments, {imported.num_decisions} decisions; {there}. Reviewers an item: "
            f"{imported.num_reviewers}."
        )
    for why, count in imported.left_out.items():
        text += f" Not imported: {count} {why}."
    emit(asdict(imported), as_json=as_json, text=text)


def _filters(given: list[str], text: str, prompt: str) -> Any:
    """The filters; a value is read as the field's type is. Raises `InvalidInput` for one that is none."""
    from pydantic import TypeAdapter, ValidationError

    from backend.services.samples import Filters

    fields: dict[str, Any] = {"text": text, "prompt": prompt}
    for argument in given:
        name, is_pair, value = argument.partition("=")
        name = name.strip()
        known = ", ".join(Filters.__dataclass_fields__)
        if not is_pair:
            raise InvalidInput(f"A filter is given as name=value, not {argument!r}. The names are {known}.")
        if name not in Filters.__dataclass_fields__:
            raise InvalidInput(f"There is no filter {name!r}. The names are {known}.")
        is_many = name in ("verdict", "source", "kind", "step", "answer", "metadata", "human_verdict", "tag")
        apart = ";" if name == "metadata" else ","
        fields[name] = tuple(part.strip() for part in value.split(apart)) if is_many else value.strip()
    try:
        return TypeAdapter(Filters).validate_python(fields)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise InvalidInput(f"The filter {wrong['loc'][0]} is {wrong['input']!r}: {wrong['msg']}. Correct it.") from None


def _sort(given: str) -> Any:
    from backend.services.samples import Sort

    return Sort.read(given)
