"""Every command that README and the guides show: it is one, and where the demo's project is enough it runs as it stands."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli.commands import app
from backend.services import demo
from backend.services.people import accounts
from tests.integration.test_web_cli import ROOT

pytestmark = pytest.mark.on_sqlite

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs/how-to").glob("*.md")),
    *sorted((ROOT / "docs/tutorial").glob("*.md")),
]
ENDLESS = ("up", "worker", "demo", "mcp")
"""Commands that run until they are stopped; other tests start them."""
ELSEWHERE = {
    "run-from-a-shell.md": "test_shell_round.py runs it, on an empty installation",
    "train-a-scorer.md": "test_launching.py runs it, with a scorer",
    "share-files.md": "needs an address for files; test_shared_files.py",
    "use-an-endpoint.md": "needs a server; test_endpoints.py",
    "run-several-workers.md": "needs several workers; test_worker_orders.py",
}
MISSING = {
    "NAME": "a person of that name",
    "/backup/rondo.tar": "a disk for backups",
    "judges.yaml": "a file of judges, and a worker",
    "judge show": "a bench",
    ".jsonl": "a file of prompts or samples",
    "fetch": "the model hub",
    "push": "the model hub",
    "round-3": "three rounds",
    "--round": "three rounds",
    "round wait": "a round, and a worker",
    "few_shot": "samples that people accepted",
    "clear_votes.yaml": "the file of that page; test_docs.py reads it",
}
"""What the demo's project lacks, by the words of a command that need it."""


def shown() -> list[tuple[str, str]]:
    """(page, command) of all that stand in blocks, without what runs them: docker, kubectl, variables."""
    commands = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for block in re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
            for line in block.splitlines():
                words = line.split(" #")[0].strip()
                words = re.sub(
                    r"^(?:[A-Z_]+=\S+ )+|^.*? exec (?:-\w \w+ )?\S+ (?:-- )?(?=rondo )|^\.venv/bin/", "", words
                )
                if words.startswith("rondo "):
                    commands.append((page.name, words.removeprefix("rondo ").removesuffix("&").strip()))
    return commands


def on_demo() -> list[str]:
    """Those that the demo's project is enough for, each once, in order."""
    rest = [
        command
        for page, command in shown()
        if page not in ELSEWHERE
        and command.split()[0] not in ENDLESS
        and not any(words in command for words in MISSING)
    ]
    return list(dict.fromkeys(rest))


def test_every_command_that_is_shown_is_one() -> None:
    commands = shown()
    assert len({page for page, _ in commands}) > 15
    root = typer.main.get_command(app)
    for page, command in commands:
        group, words = root, shlex.split(command)
        while hasattr(group, "commands") and words and words[0] in group.commands:
            group = group.commands[words.pop(0)]
        options = {name for parameter in group.params for name in (*parameter.opts, *parameter.secondary_opts)}
        unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in options]
        assert (group is not root, unknown) == (True, []), (page, command)


def test_what_is_said_to_be_missing_is_asked_for() -> None:
    pages, commands = {page for page, _ in shown()}, [command for _, command in shown()]
    assert pages >= ELSEWHERE.keys()
    assert [words for words in MISSING if not any(words in command for command in commands)] == []


def test_on_the_demo_every_command_that_is_shown_does_what_it_says(database: str, tmp_path: Path) -> None:
    demo.create(accounts.local_owner())
    # A preview last: its job then waits, which the doctor finds.
    commands = sorted(on_demo(), key=lambda command: command.startswith("round preview"))
    assert "round launch --recipe rejection_sampling --dry-run" in commands
    for command in commands:
        # No worker runs here: a preview is started, and not waited for.
        more = ["--no-wait"] if command.startswith("round preview") else []
        done = CliRunner().invoke(app, [*shlex.split(command), *more])
        assert done.exit_code == 0, (command, done.output, done.exception)
