"""`rondo checkpoint list`, `register`, `endpoint`, `set-endpoint`, `test`, `merge`, `gguf`, `card` and `push`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import AsJson, Project, Public, Repo, emit, table, write_file

if TYPE_CHECKING:
    from backend.services.checkpoints import CheckpointDetail

app = typer.Typer(no_args_is_help=True)
Which = Annotated[str, typer.Argument(help="Name or id of the checkpoint.")]
Key = Annotated[str | None, typer.Option(help="Environment variable that holds the key, like RONDO_MY_API_KEY.")]
Concurrency = Annotated[int | None, typer.Option(min=1, help="Requests in flight at once.")]
Timeout = Annotated[float | None, typer.Option(min=0.001, help="Seconds to wait for a reply.")]
Extra = Annotated[str | None, typer.Option(help="Further fields of each request, a JSON object.")]
PriceIn = Annotated[float | None, typer.Option(min=0, help="Price of a million tokens that it reads.")]
SendDefaults = Annotated[
    bool | None,
    typer.Option("--send-defaults/--no-send-defaults", help="Send temperature and top_p also where they are 1."),
]
Clear = Annotated[
    list[str] | None,
    typer.Option(help="Setting that gets its default again, such as price-in, which then is none; may be repeated."),
]
PriceOut = Annotated[float | None, typer.Option(min=0, help="Price of a million tokens that it writes.")]


@app.command("list")
def list_(project: Project = None, as_json: AsJson = False) -> None:
    """List the checkpoints of a project, children after their parent."""
    from app.cli import asking
    from backend.services import checkpoints

    actor = asking.owner()
    nodes = checkpoints.tree(actor, asking.project(actor, project).id)
    rows = [
        [
            checkpoint.id,
            "  " * checkpoint.depth + checkpoint.name,
            "endpoint" if checkpoint.is_endpoint else checkpoint.kind,
            checkpoint.engine,
            checkpoint.location,
        ]
        for checkpoint in nodes
    ]
    value = {"checkpoints": [asdict(checkpoint) for checkpoint in nodes]}
    emit(value, as_json=as_json, text=table(["id", "name", "kind", "served by", "location"], rows))


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="What it is called here.")],
    location: Annotated[str, typer.Argument(help="A folder, or a name on the model hub.")],
    role: Annotated[str, typer.Option(help="policy, judge or reward: what it is listed as.")] = "policy",
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Register a model from a folder, and check it. A folder of the data folder may be given by its place in there."""
    from app.cli import asking
    from backend.services import checkpoints

    actor = asking.owner()
    here = asking.project(actor, project).id
    checkpoint_id = checkpoints.register(actor, here, name=name, location=_place(location), role=role)
    _emit(checkpoints.detail(actor, checkpoint_id), as_json)


def _place(location: str) -> str:
    """A folder beside where one is as a whole path, unless the data folder has one of that name."""
    from backend.config import settings

    path = Path(location).expanduser()
    is_here = path.is_dir() and not (settings().folder / path).is_dir()
    return str(path.resolve()) if is_here else location


@app.command()
def endpoint(
    name: Annotated[str, typer.Argument(help="What it is called here.")],
    base_url: Annotated[str, typer.Argument(help="Address up to and including /v1.")],
    model: Annotated[str, typer.Argument(help="The model's name on the server.")],
    api_key_env: Key = None,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    extra: Extra = None,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    send_defaults: SendDefaults = None,
    role: Annotated[str, typer.Option(help="policy, judge or reward: what it is listed as.")] = "policy",
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Register an OpenAI-compatible endpoint, and test what it can do."""
    from app.cli import asking
    from backend.services import checkpoints
    from backend.services.checkpoints import Endpoint, EndpointSettings

    actor = asking.owner()
    given = _given(api_key_env, concurrency, timeout, extra, price_in, price_out, send_defaults)
    served = Endpoint(base_url, model, settings=EndpointSettings(**given))
    here = asking.project(actor, project).id
    _emit(checkpoints.detail(actor, checkpoints.register(actor, here, name=name, endpoint=served, role=role)), as_json)


@app.command("set-endpoint")
def set_endpoint(
    checkpoint: Which,
    api_key_env: Key = None,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    extra: Extra = None,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    send_defaults: SendDefaults = None,
    clear: Clear = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Change the settings of an endpoint that are named; the others stay."""
    from app.cli import asking
    from backend.services import checkpoints
    from backend.services.checkpoints import endpoints

    actor = asking.owner()
    detail = _find(actor, asking.project(actor, project).id, checkpoint)
    given = _given(api_key_env, concurrency, timeout, extra, price_in, price_out, send_defaults)
    endpoints.change_some(actor, detail.row.id, _cleared(clear or []) | given)
    _emit(checkpoints.detail(actor, detail.row.id), as_json)


@app.command("test")
def check(checkpoint: Which, project: Project = None, as_json: AsJson = False) -> None:
    """Check a model's folder again, or test what an endpoint can do; exit 1 where it cannot be used."""
    from app.cli import asking
    from backend.services import checkpoints
    from backend.services.checkpoints import model_checks

    actor = asking.owner()
    detail = _find(actor, asking.project(actor, project).id, checkpoint)
    model_checks.check(actor, detail.row.id)
    detail = checkpoints.detail(actor, detail.row.id)
    _emit(detail, as_json)
    if any(line.outcome == "fail" for line in detail.checks.lines):
        raise typer.Exit(1)


@app.command()
def merge(
    checkpoint: Which,
    name: Annotated[str, typer.Option(help="What the new checkpoint is called. [default: NAME-merged]")] = "",
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Have a worker merge an adapter into the model below it, as a checkpoint that needs neither."""
    from app.cli import asking
    from backend.services.checkpoints import merging

    actor = asking.owner()
    detail = _find(actor, asking.project(actor, project).id, checkpoint)
    job = merging.get(actor, merging.start(actor, detail.row.id, name))
    text = f"Job {job.job_id} merges {detail.row.name} into {job.name}, once a worker takes it (`rondo worker`)."
    emit(asdict(job), as_json=as_json, text=text)


@app.command()
def gguf(
    checkpoint: Which,
    outtype: Annotated[
        str, typer.Option(help="Number format: f32 or f16; with llama.cpp's converter bf16 or q8_0, too.")
    ] = "f16",
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Have a worker write a checkpoint as a GGUF file, an adapter merged into the model below it."""
    from app.cli import asking
    from backend.services.checkpoints import gguf_files

    actor = asking.owner()
    detail = _find(actor, asking.project(actor, project).id, checkpoint)
    file = gguf_files.get(actor, gguf_files.start(actor, detail.row.id, outtype))
    place = gguf_files.place_of(file)
    text = f"Job {file.job_id} writes {detail.row.name} to {place}, once a worker takes it (`rondo worker`)."
    emit(asdict(file), as_json=as_json, text=text)


@app.command()
def card(
    checkpoint: Which,
    out: Annotated[Path | None, typer.Option(help="The file to write. [default: show it]")] = None,
    project: Project = None,
) -> None:
    """Write the model card of a checkpoint, for the model hub."""
    from app.cli import asking
    from backend.services.checkpoints import model_cards

    actor = asking.owner()
    detail = _find(actor, asking.project(actor, project).id, checkpoint)
    text = model_cards.of_checkpoint(actor, detail.row.id)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_file(out, text)


@app.command()
def push(
    checkpoint: Which,
    repo: Repo,
    public: Public = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Have a worker push a checkpoint's weights and card to the model hub, in one commit."""
    from app.cli import asking
    from backend.services.hub import pushes

    actor = asking.owner()
    detail = _find(actor, asking.project(actor, project).id, checkpoint)
    job = pushes.get(actor, pushes.push_checkpoint(actor, detail.row.id, repo, is_private=not public))
    text = f"Job {job.job_id} pushes {detail.row.name} to {job.repo}, once a worker takes it (`rondo worker`)."
    emit(asdict(job), as_json=as_json, text=text)


def _given(
    api_key_env: str | None,
    concurrency: int | None,
    timeout: float | None,
    extra: str | None,
    price_in: float | None,
    price_out: float | None,
    send_defaults: bool | None,
) -> dict[str, Any]:
    """The settings that were named; raises `InvalidInput` for further fields that are no JSON object."""
    from backend.errors import InvalidInput

    known: dict[str, Any] = {
        "api_key_env": api_key_env,
        "concurrency": concurrency,
        "timeout": timeout,
        "price_in": price_in,
        "price_out": price_out,
        "send_defaults": send_defaults,
    }
    if extra is not None:
        try:
            known["extra"] = json.loads(extra)
        except ValueError as error:
            raise InvalidInput(f"--extra is no JSON: {error}. Write an object in quotes.") from error
        if not isinstance(known["extra"], dict):
            raise InvalidInput("--extra is no JSON object. Write an object in quotes.")
    return {name: value for name, value in known.items() if value is not None}


def _cleared(names: list[str]) -> dict[str, Any]:
    """The defaults of these settings; raises `InvalidInput` for a name that is none."""
    from backend.errors import InvalidInput
    from backend.services.checkpoints import EndpointSettings

    defaults = asdict(EndpointSettings())
    wanted = [name.replace("-", "_") for name in names]
    if unknown := [name for name in wanted if name not in defaults]:
        raise InvalidInput(f"There is no setting {unknown[0]!r}. There is: {', '.join(defaults)}.")
    return {name: defaults[name] for name in wanted}


def _find(actor: Any, project_id: int, wanted: str) -> "CheckpointDetail":
    from backend.errors import NotFound
    from backend.services import checkpoints

    rows = checkpoints.tree(actor, project_id)
    for row in rows:
        if wanted in (row.name, str(row.id)):
            return checkpoints.detail(actor, row.id)
    known = ", ".join(repr(row.name) for row in rows) or "none yet"
    raise NotFound(f"There is no checkpoint {wanted!r} in this project. There is: {known}.")


def _emit(detail: "CheckpointDetail", as_json: bool) -> None:
    lines = [[line.outcome, line.name, line.text] for line in detail.checks.lines]
    value = {
        "id": detail.row.id,
        "name": detail.row.name,
        "tested": detail.checks.at,
        "lines": [line.to_json() for line in detail.checks.lines],
        "endpoint": None if detail.endpoint is None else asdict(detail.endpoint),
    }
    parts = [f"{detail.row.name} (checkpoint {detail.row.id}), checked {detail.checks.at or 'never'}"]
    if lines:
        parts.append(table(["", "what", "found"], lines))
    if detail.endpoint is not None:
        known = asdict(detail.endpoint.settings)
        parts.append(", ".join(f"{name} {value}" for name, value in known.items() if value not in ("", None, {})))
    emit(value, as_json=as_json, text="\n".join(parts))
