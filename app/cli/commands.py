"""The commands that run something, and the groups of the others."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.cli import (
    agents,
    archiving,
    benches,
    checkpoints,
    database,
    datasets,
    projects,
    prompts,
    recipes,
    samples,
    sharing,
    tokens,
    trashing,
    users,
    workers,
)
from app.cli.output import AsJson, emit, say

app = typer.Typer(
    help="Curate the data a language model generates about itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(projects.app, name="project", help="Start, list and rename projects, and put them in the trash.")
app.add_typer(archiving.app, name="round", help="Launch rounds and follow them.")
app.add_typer(benches.app, name="judge", help="Try judges side by side.")
app.add_typer(prompts.app, name="prompts", help="Look at files of prompts, import them, list the sets.")
app.add_typer(samples.app, name="samples", help="Take samples along as a file.")
app.add_typer(checkpoints.app, name="checkpoint", help="Look at checkpoints, register and test models and endpoints.")
app.add_typer(trashing.app, name="trash", help="What is in the trash: list it, bring it back, delete it for good.")
app.add_typer(users.app, name="user", help="Who may sign in.")
app.add_typer(tokens.app, name="token", help="Tokens for programs that use REST.")
app.add_typer(workers.app, name="workers", help="List workers; pause, drain and resume them.")
app.add_typer(sharing.app, name="files", help="Files that machines share: list them, share those of this machine.")
app.add_typer(database.app, name="db", help="The database's schema, backup and restore.")
app.command("export")(datasets.export)
app.command("push")(datasets.push)
app.command("scan")(datasets.scan)
app.command("mcp")(agents.mcp)
app.command("recipes")(recipes.recipes)
app.command("clean-up")(trashing.clean_up)

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any. [default: the first free from 7860]")
]
NoWorker = Annotated[bool, typer.Option("--no-worker", help="Run no jobs here; `rondo worker` does.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")]
DataDir = Annotated[Path | None, typer.Option(help="The data folder. [default: rondo-data]")]


@app.command()
def up(
    host: Host = None,
    port: Port = None,
    no_worker: NoWorker = False,
    browser: Browser = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Start the web page and, unless told otherwise, a worker. Ctrl-C ends both."""
    from app.cli import serving

    use_folder(data_dir)
    serving.serve(serving.ServeOptions(host, port, not no_worker, browser, as_json))


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Run the loop here, without a page.")] = False,
    real: Annotated[
        bool,
        typer.Option("--real", help="SmolLM2-135M in place of the tiny model; headless: three recipes."),
    ] = False,
    num_rounds: Annotated[int, typer.Option("--rounds", min=1, max=100, help="How many rounds, headless.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the rounds, headless.")] = 1,
    reviewer_decisions: Annotated[
        int, typer.Option(min=0, help="Decisions of a simulated perfect reviewer in each round, headless.")
    ] = 0,
    host: Host = None,
    port: Port = None,
    no_worker: NoWorker = False,
    browser: Browser = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Start with the demo project: a tiny model that learns to solve number puzzles."""
    from app.cli import headless as loop
    from app.cli import serving
    from backend.services import demo as demo_project
    from backend.services import installation
    from backend.services.demo import real_demo
    from backend.services.people import accounts

    use_folder(data_dir)
    if headless and real:
        loop.run_each(seed=seed, as_json=as_json)
        return
    if headless:
        loop.run(num_rounds=num_rounds, seed=seed, decisions=reviewer_decisions, as_json=as_json)
        return
    installation.prepare()
    (real_demo if real else demo_project).create(accounts.local_owner())
    serving.serve(serving.ServeOptions(host, port, not no_worker, browser, as_json), is_prepared=True)


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="Which jobs to take, with commas; exports always.")] = "generate,train",
    executor_id: Annotated[
        str | None, typer.Option(help="A stable name of this worker. [default: host and slot]")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Jobs of each queue at a time.")] = 1,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take jobs until Ctrl-C."""
    from backend import log
    from backend.jobs.worker import Worker
    from backend.jobs.worker import serve as work
    from backend.services import installation
    from backend.services.recipes import parts
    from backend.services.reviews.close_rules import CloseWatch

    use_folder(data_dir)
    log.setup()
    installation.prepare()
    installation.warn_of_place()
    parts.load()
    names = [name.strip() for name in queues.split(",") if name.strip()]
    runner = Worker(names, executor_id, concurrency=concurrency)
    emit({"queues": names, "executor_id": executor_id}, as_json=as_json, text=f"Taking jobs from {', '.join(names)}.")
    keeper = CloseWatch()
    keeper.start()
    work(runner)
    keeper.stop()
    say("The worker has stopped.")


@app.command()
def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Look for what is wrong with this installation. Exits with 1 where something has to be mended."""
    from backend.services.operations import examination

    use_folder(data_dir)
    lines = examination.examine()
    is_well = examination.is_well(lines)
    value = {"is_well": is_well, "lines": [line.to_json() for line in lines]}
    text = "\n".join(f"{examination.SIGNS[line.outcome]:5} {line.name}: {line.text}" for line in lines)
    emit(value, as_json=as_json, text=text)
    if not is_well:
        raise typer.Exit(1)


def use_folder(data_dir: Path | None) -> None:
    """Work in this data folder; the children read the same variable."""
    if data_dir is not None:
        from backend.config import reread

        os.environ["RONDO_DATA_DIR"] = str(data_dir.expanduser().resolve())
        reread()
