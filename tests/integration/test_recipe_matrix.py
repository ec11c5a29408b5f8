"""The list of recipes with their parts and their newest rounds, as the command prints it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from backend import recipes
from backend.db import session, tables
from backend.services.people import accounts
from backend.services.recipe_list import recipe_matrix, recipe_tests
from backend.values import RoundStatus
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def run_of(name: str, project: tables.Project, **columns: object) -> tables.Round:
    return rows.make_round(project, recipe=recipes.get(name).model_dump(mode="json"), **columns)


def test_each_recipe_has_its_parts_and_its_newest_round() -> None:
    project, other = rows.make_project("Sums"), rows.make_project("Other")
    checkpoint = rows.make_checkpoint(project)
    run_of("star", project, status=RoundStatus.failed, error="no disk")
    done = run_of("star", project, status=RoundStatus.done, checkpoint_id=checkpoint.id)
    run_of("star", other, status=RoundStatus.failed, error="nothing was kept")
    run_of("spin", other)
    with session() as db:
        db.add(
            tables.Metric(
                project_id=project.id,
                round_id=done.id,
                checkpoint_id=checkpoint.id,
                name="held_out_accuracy",
                value=0.625,
                n=8,
                details={},
            )
        )
    recipe_lines = {recipe_line.name: recipe_line for recipe_line in recipe_matrix.lines(rows.make_actor(project))}
    assert [*recipe_lines] == recipes.names()
    assert recipe_lines["star"].parts == (
        "prompt_set, sample, exact_match, above_threshold, ask, sample, exact_match, above_threshold, sft"
    )
    assert len(recipe_lines["meta_rewarding"].phases) == 4
    assert str(recipe_lines["star"].last) == "Sums, round 2: done, 62.5%"
    assert recipe_lines["spin"].last is None, "no project of this person ran it"
    everything = {recipe_line.name: recipe_line for recipe_line in recipe_matrix.lines(accounts.local_owner())}
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
    assert [recipe["name"] for recipe in listed] == recipes.names()


def test_the_matrix_says_what_a_recipe_is_made_of_what_checks_it_and_which_recipes_a_part_is_in() -> None:
    run_of("star", rows.make_project("Sums | and more"), status=RoundStatus.done)
    written = CliRunner().invoke(app, ["recipes", "--matrix"]).stdout
    lines = written.splitlines()
    (star,) = [line for line in lines if line.startswith("| `star` ")]
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", star)[1:-1]]
    assert cells[1] == "2203.14465"
    assert cells[2].startswith("prompt_set, sample, exact_match")
    assert "integration/recipes/test_star.py" in cells[3]
    assert cells[4] == r"Sums \| and more, round 1: done"
    (phases,) = [line for line in lines if line.startswith("| `constitutional_ai` ")]
    assert r"sft \| prompt_set" in phases
    (match,) = [line for line in lines if line.startswith("| judge | `exact_match` |")]
    assert {"star", "spark"} <= set(match.split(" | ")[2].removesuffix(" |").split(", ")), "as a reward, too"
    (rule,) = [line for line in lines if line.startswith("| judge | `surface_rules` |")]
    assert "ladder" in rule, "a judge within another one"
    assert f"\n{len(recipes.names())} recipes." in written


def test_a_file_that_is_called_after_a_recipe_or_names_it_checks_it(tmp_path: Path) -> None:
    folder = tmp_path / "unit"
    folder.mkdir()
    (folder / "test_score.py").write_text("")
    (folder / "test_more.py").write_text(
        'from backend import recipes\nrecipes.get("rise")\nrow["score"], {"star": 1}\n'
    )
    (folder / "test_other.py").write_text('"rise"')
    texts = recipe_tests.named_in(["score", "rise", "star"], tmp_path)
    assert texts == {"score": ("unit/test_score.py",), "rise": ("unit/test_more.py",), "star": ()}
    assert recipe_tests.named_in(["score"], tmp_path / "none") is None
