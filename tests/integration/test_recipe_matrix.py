"""The list of recipes with their parts and their newest rounds, as the command prints it."""

import json
import re

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from backend import recipes
from backend.db import session, tables
from backend.services import accounts, recipe_matrix
from backend.values import RoundStatus
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def run_of(name: str, project: tables.Project, **columns: object) -> tables.Round:
    return rows.make_round(project, recipe=recipes.get(name).model_dump(mode="json"), **columns)


def test_each_recipe_has_its_parts_and_its_newest_round() -> None:
    project, other = rows.make_project("Sums"), rows.make_project("Other")
    made = rows.make_checkpoint(project)
    run_of("star", project, status=RoundStatus.failed, error="no disk")
    done = run_of("star", project, status=RoundStatus.done, checkpoint_id=made.id)
    run_of("star", other, status=RoundStatus.failed, error="nothing was kept")
    run_of("spin", other)
    with session() as db:
        db.add(tables.Metric(
            project_id=project.id, round_id=done.id, checkpoint_id=made.id, name="held_out_accuracy", value=0.625, n=8,
            details={},
        ))  # fmt: skip
    found = {one.name: one for one in recipe_matrix.lines(rows.make_actor(project))}
    assert [*found] == recipes.names()
    assert found["star"].parts == (
        "prompt_set, sample, exact_match, above_threshold, ask, sample, exact_match, above_threshold, sft"
    )
    assert len(found["meta_rewarding"].phases) == 4
    assert str(found["star"].last) == "Sums, round 2: done, 62.5%"
    assert found["spin"].last is None, "no project of this person ran it"
    everything = {one.name: one for one in recipe_matrix.lines(accounts.local_owner())}
    assert str(everything["star"].last) == "Other, round 1: failed"
    assert everything["star"].last is not None
    assert everything["star"].last.error == "nothing was kept"


def test_the_command_prints_it() -> None:
    run_of("star", rows.make_project("Sums"), status=RoundStatus.done)
    text = CliRunner().invoke(app, ["recipes"])
    assert text.exit_code == 0, text.output
    (star,) = [line for line in text.stdout.splitlines() if line.startswith("star ")]
    assert re.fullmatch(r"star +Sums, round 1: done +prompt_set, sample, .*, sft", star)
    listed = json.loads(CliRunner().invoke(app, ["recipes", "--json"]).stdout)["recipes"]
    assert [one["name"] for one in listed] == recipes.names()
