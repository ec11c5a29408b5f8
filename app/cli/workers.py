"""`rondo workers ...`"""

from typing import Annotated, Any

import typer

from app.cli.output import AsJson, emit, table

app = typer.Typer(no_args_is_help=False)

Worker = Annotated[str | None, typer.Argument(help="The worker's name, as the list shows it.")]
All = Annotated[bool, typer.Option("--all", help="All workers.")]


@app.callback(invoke_without_command=True)
def workers(context: typer.Context) -> None:
    """Without a command: list them."""
    if context.invoked_subcommand is None:
        list_workers()


@app.command("list")
def list_workers(as_json: AsJson = False) -> None:
    """List the workers: where they are, what they take, what they do."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.operations import workers

    views = workers.listing(asking.owner(migrate=False))
    rows = [[w.id, w.host, w.process_id, w.state, ",".join(w.queues), "; ".join(map(work_line, w.work))] for w in views]
    text = table(["worker", "host", "process", "state", "queues", "does"], rows)
    none = "No worker is alive. Start one: rondo worker"
    emit({"workers": [asdict(worker) for worker in views]}, as_json=as_json, text=text if views else none)


@app.command()
def pause(worker: Worker = None, all_of_them: All = False, as_json: AsJson = False) -> None:
    """Let a worker take no new work. What it does goes on."""
    _tell("pause", worker, all_of_them, as_json)


@app.command()
def drain(worker: Worker = None, all_of_them: All = False, as_json: AsJson = False) -> None:
    """Let a worker end as soon as what it does is done, as before an upgrade."""
    _tell("drain", worker, all_of_them, as_json)


@app.command()
def resume(worker: Worker = None, all_of_them: All = False, as_json: AsJson = False) -> None:
    """Let a worker take work again."""
    _tell("work", worker, all_of_them, as_json)


def work_line(work: Any) -> str:
    """`round 3 of loop: generate (job 12)`."""
    where = f"round {work.round_number} of {work.project}" if work.round_number is not None else work.project
    return f"{where}: {'helps ' if work.helps else ''}{work.stage} (job {work.job_id})"


def _tell(order: str, worker: str | None, all_of_them: bool, as_json: bool) -> None:
    from app.cli import asking
    from backend.errors import InvalidInput
    from backend.services.operations import workers
    from backend.values import WorkerOrder

    if all_of_them == (worker is not None):
        raise InvalidInput("Name a worker, as `rondo workers list` shows it, or say --all.")
    ordered = workers.tell(asking.owner(migrate=False), WorkerOrder(order), worker)
    verb = {"work": "resume"}.get(order, order)
    text = f"Told to {verb}: {', '.join(ordered.workers)}. A worker hears of it within seconds."
    if ordered.silent:
        text += f" No sign of life for half a minute from: {', '.join(ordered.silent)}."
    emit({"workers": ordered.workers, "silent": ordered.silent, "told": order}, as_json=as_json, text=text)
