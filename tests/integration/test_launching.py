"""Launching a recipe by its name with a few knobs: on the command line and over REST, by the same service."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import launching, main
from app.cli.commands import app
from app.cli.launching import LaunchOptions
from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import rounds
from backend.services.recipes import recipe_yaml, saved_recipes
from backend.services.rounds import Plan
from backend.values import RoundStatus, Split, Stage
from tests import rows
from tests.installation import leave, point_at
from tests.integration import site
from tests.integration.test_web_cli import ROOT, environment

pytestmark = pytest.mark.on_sqlite
WEIGHTS = {"name": "transformers", "model": "models/base"}


class World:
    """A project with two checkpoints, a scorer, and sets of each split."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project)
        self.base = rows.make_checkpoint(self.project, "base", engine=WEIGHTS)
        self.other = rows.make_checkpoint(self.project, "other", engine=WEIGHTS)
        self.scorer = rows.make_checkpoint(self.project, "rater", engine=WEIGHTS | {"head": "score"}, kind="scorer")
        self.prompts = rows.make_prompt_set(self.project, answers=["1", "2", "3"])
        self.held_out = rows.make_prompt_set(self.project, answers=["1", "2", "3"], split=Split.held_out)

    def plan(self, *, parent_id: int | None = None, again_id: int | None = None, **wish: Any) -> Plan:
        return launching.plan_of(
            self.actor, self.project.id, LaunchOptions(**wish), parent_id=parent_id, again_id=again_id
        )


@pytest.fixture
def world(database: str) -> World:
    return World()


def test_without_a_wish_the_plan_is_what_the_form_begins_with(world: World) -> None:
    assert world.plan() == rounds.defaults(world.actor, world.project.id)


def test_a_registered_recipe_is_launched_with_knobs_roles_and_sets(world: World) -> None:
    plan = world.plan(
        recipe="rso",
        settings=["sample.max_tokens=24", 'dpo.loss_type=["hinge"]', "held_out_accuracy.verifier=countdown"],
        samples=4,
        roles=["scorer=rater"],
        policy="other",
        prompt_sets=[str(world.prompts.id)],
        held_out=[world.held_out.name],
    )
    recipe = recipes.Recipe.model_validate(plan.recipe)
    assert (recipe.name, recipe.generator.n, recipe.generator.max_tokens) == ("rso", 4, 24)
    assert (recipe.trainer.loss_type, recipe.metrics[0].verifier.name) == (("hinge",), "countdown")
    assert (plan.policy_id, plan.reference_id, plan.roles) == (
        world.other.id,
        world.other.id,
        {"scorer": world.scorer.id},
    )
    assert (plan.sample_set_ids, plan.held_out_set_ids) == ((world.prompts.id,), (world.held_out.id,))
    assert rounds.launch(world.actor, world.project.id, plan)
    # Another recipe keeps none of the roles that none of its steps names; the launched one is the next default.
    with reading() as db:
        first = db.query(tables.Round.id).scalar()
    assert world.plan(again_id=first).roles == {"scorer": world.scorer.id}
    assert world.plan(again_id=first, recipe="rest").roles == {"scorer": world.scorer.id}
    assert world.plan(again_id=first, recipe="star").roles == {}


def test_steps_are_called_by_their_number_where_a_kind_repeats(world: World) -> None:
    plan = world.plan(recipe="rest", settings=["5.max_steps=1", "7.max_steps=2", "unparsed_limit=0.9"])
    recipe = recipes.Recipe.model_validate(plan.recipe)
    assert [part.max_steps for part in recipe.of_kind("trainer")] == [1, 2, -1]
    assert recipe.unparsed_limit == 0.9
    phased = world.plan(recipe="meta_rewarding", samples=2).recipe
    assert {phase["steps"][1]["part"]["n"] for phase in phased["phases"]} == {2}


def test_the_projects_own_recipe_and_a_file_are_taken_too(world: World, tmp_path: Path) -> None:
    saved_recipes.save(world.actor, world.project.id, "Mine", recipes.get("star").model_dump(mode="json"))
    assert world.plan(recipe="mine").recipe["name"] == "mine"
    file = tmp_path / "x.yaml"
    file.write_text(recipe_yaml.write(recipes.get("spin").model_dump(mode="json")))
    assert world.plan(recipe=str(file)).recipe["name"] == "spin"


def test_a_policy_that_a_round_made_goes_on_from_that_round(world: World) -> None:
    round_ = rows.make_round(world.project, status=RoundStatus.done, stage=Stage.evaluate, policy_id=world.base.id)
    with session() as db:
        db.get_one(tables.Round, round_.id).checkpoint_id = world.other.id
    plan = world.plan(policy="other", reference="base", judge="policy")
    assert (plan.parent_id, plan.policy_id, plan.reference_id, plan.judge_id) == (
        round_.id,
        world.other.id,
        world.base.id,
        None,
    )
    assert world.plan(policy="base").parent_id is None


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"recipe": "rsso"}, r"There is no recipe 'rsso'. Near it: rso.* `rondo recipes` .* list all"),
        ({"recipe": "missing.yaml"}, "There is no file missing.yaml"),
        ({"settings": ["sampel.n=2"]}, r"no step or field 'sampel' .* prompt_set, .*sample, .*exact_match"),
        ({"settings": ["9.n=2"]}, "9: is not known here"),
        ({"settings": ["sample.n=0"]}, "n: must be at least 1"),
        ({"settings": ["sample.n"]}, r"given as STEP.KNOB=VALUE, not 'sample.n'"),
        ({"recipe": "rest", "settings": ["trainer.max_steps=1"]}, r"has 3 steps of the kind trainer.* number: 5, 7, 9"),
        ({"recipe": "intuitor", "samples": 4}, "its num_generations says how many"),
        ({"policy": "nobody"}, r"no checkpoint 'nobody' .* There is: base \(\d+\), other"),
        ({"roles": ["scorer"]}, "A role is given as ROLE=CHECKPOINT"),
        ({"prompt_sets": ["held"]}, "There is no train set 'held'"),
        ({"held_out": ["x"]}, "There is no held-out set 'x'"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(world: World, wish: dict[str, Any], text: str) -> None:
    with pytest.raises((InvalidInput, NotFound), match=text):
        world.plan(**wish)


def test_the_command_that_the_docs_try_a_recipe_with_on_the_demo_launches(world: World) -> None:
    text = (ROOT / "docs/how-to/write-a-part.md").read_text().replace("\\\n", " ")
    words = shlex.split(re.search(r"^ +rondo (round launch .+)$", text, re.MULTILINE)[1])
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    with reading() as db:
        recipe = db.get_one(tables.Round, json.loads(done.stdout)["id"]).recipe
    assert (recipe["judge"]["name"], recipe["metrics"][0]["verifier"]["name"]) == ("countdown", "countdown")
    assert (recipe["generator"]["n"], recipe["generator"]["max_tokens"], recipe["trainer"]["max_steps"]) == (8, 24, 30)


def test_the_commands_that_train_a_first_scorer_launch_rounds_that_wait_for_nobody(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs/how-to/train-a-scorer.md").read_text()
    (tmp_path / "first_scorer.yaml").write_text(re.search(r"```yaml\n(.+?)```", text, re.DOTALL)[1])
    monkeypatch.chdir(tmp_path)
    rows.make_checkpoint(world.project, "round-1-scorer", engine=WEIGHTS | {"head": "score"}, kind="scorer")
    commands = re.findall(r"^rondo (round launch .+)$", text, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(app, [*shlex.split(command), "--json"])
        assert done.exit_code == 0, done.output
        round_view = rounds.get(world.actor, json.loads(done.stdout)["id"])
        assert (round_view.is_reviewed, round_view.status) == (False, RoundStatus.running)


@pytest.mark.parametrize("step", ["judge", "exact_match", "3"])
def test_over_rest_a_part_is_replaced_by_its_name_alone_and_what_is_no_part_is_refused(world: World, step: str) -> None:
    wish = {"recipe": "rejection_sampling", "num_prompts": 2}
    url = f"/api/v1/projects/{world.project.id}/plan/estimate"
    with site.with_token(world.actor) as client:
        for value, reply in (("countdown", None), (None, "None is no part"), (5, "5 is no part"), ([], "is no part")):
            answer = client.post(url, json=wish | {"changes": {step: value, "sft": {"max_steps": 1}}})
            if reply is None:
                assert answer.status_code == 200, answer.text
            else:
                assert (answer.status_code, reply in answer.text) == (422, True), answer.text


def test_over_rest_a_recipe_is_named_listed_and_changed(world: World) -> None:
    wish = {
        "recipe": {"name": "rso"},
        "changes": {"sample": {"n": 4}},
        "roles": {"scorer": world.scorer.id},
        "num_prompts": 2,
    }
    url = f"/api/v1/projects/{world.project.id}/rounds"
    with site.with_token(world.actor) as client:
        response = client.post(url, json=wish)
        assert response.status_code == 201, response.text
        assert (response.json()["recipe"]["name"], response.json()["recipe"]["steps"][1]["part"]["n"]) == ("rso", 4)
        for recipe, reply in (("rsso", "Near it: rso"), (["rso"], "must be a whole recipe, or the name of one")):
            refused = client.post(url, json=wish | {"recipe": recipe})
            assert (refused.status_code, reply in refused.text) == (422, True), refused.text
        refused = client.post(url, json=wish | {"recipe": {"name": "x", "title": "X"}})
        assert "This recipe has no steps" in refused.json()["error"]["message"]
        body = client.get("/api/v1/recipes/named/rso").json()
        assert body["recipe"] == recipes.get("rso").model_dump(mode="json")
        assert body["lines"][0][2] == "3. judge: reward_model, works on: sample (step 2), by: scorer"
        assert client.get("/api/v1/recipes/named/rsso").status_code == 404
        page = client.get("/api/v1/recipes", params={"limit": 2}).json()
        after = client.get("/api/v1/recipes", params={"limit": 1, "after": page["next"]}).json()
        assert [row["name"] for row in (*page["items"], *after["items"])] == recipes.names()[:3]
        known = [re.sub(r"\{\w+\}", "[^/]+", path) for path in client.get("/api/v1/openapi.json").json()["paths"]]
    shown = re.findall(r"\$RONDO(/[\w$./-]+)", (ROOT / "docs/how-to/use-rest.md").read_text())
    assert "/recipes/named/star" in shown
    missing = [match for match in shown if not any(re.fullmatch(path, f"/api/v1{match}") for path in known)]
    assert missing == ["/openapi.json"], "the document does not describe itself"


def test_the_command_line_launches_and_says_before_what_it_would_make(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_sqlite, folder / "rondo.db")
    point_at("", folder, monkeypatch)
    World()
    leave()
    command = [sys.executable, "-m", "app.cli", "round", "launch", "--recipe", "rso", "--samples", "4", "--json"]
    given = ["--role", "scorer=rater", "--prompts", "2", "--set", "dpo.beta=0.2"]
    for more in (["--dry-run"], ["--no-review"]):
        done = subprocess.run(
            [*command, *given, *more], capture_output=True, text=True, check=False, env=environment(folder), cwd=ROOT
        )
        assert done.returncode == 0, done.stderr
        content = json.loads(done.stdout)
        if more == ["--dry-run"]:
            assert (content["samples"], content["recipe"]["steps"][4]["part"]["beta"]) == (8, 0.2)
        else:
            assert (content["number"], content["recipe"], content["stage"]) == (1, "rso", "generate")


def test_the_name_of_the_recipe_that_the_plan_holds_keeps_its_knobs_as_in_the_form(world: World) -> None:
    """A project's own settings, or those of the round before; another's name gives it as it comes with Rondo."""
    ours = recipes.get("rejection_sampling").with_changes({"generator": {"n": 3}}).model_dump(mode="json")
    with session() as db:
        db.get_one(tables.Project, world.project.id).defaults = {"recipe": ours}
    assert world.plan(recipe="rejection_sampling").recipe == ours
    assert world.plan(recipe="rejection_sampling", samples=5).recipe["generator"]["n"] == 5
    assert world.plan(recipe="star").recipe == recipes.get("star").model_dump(mode="json")
    with site.with_token(world.actor) as client:
        url = f"/api/v1/projects/{world.project.id}/plan/estimate"
        assert client.post(url, json={"recipe": "rejection_sampling", "num_prompts": 2}).json()["samples"] == 6


NO_ANSWERS = r"None of the 3 prompts .* Import prompts with an answer column, or choose a judge that needs none\.$"


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_launch_would_refuse_a_dry_run_refuses_with_the_reason_and_a_way_out(
    database: str, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = rows.make_project()
    rows.make_checkpoint(project, "base", engine=WEIGHTS)
    rows.make_prompt_set(project)
    words = ["rondo", "round", "launch", "--recipe", "star", *(["--json"] if as_json else [])]
    ends = []
    for more in ([], ["--dry-run"]):
        monkeypatch.setattr(sys, "argv", [*words, *more])
        with pytest.raises(SystemExit) as end:
            main()
        reply = capsys.readouterr()
        ends.append((end.value.code, reply.out))
    assert ends[0] == ends[1]
    code, out = ends[1]
    assert re.search(NO_ANSWERS, str(code)), "the interpreter writes it to stderr and ends with 1"
    assert (json.loads(out)["error"]["message"] == code) if as_json else out == ""
    with reading() as db:
        assert db.query(tables.Round.id).all() == []


def test_closing_a_review_that_is_over_is_refused_in_its_preview_too(world: World) -> None:
    rows.make_round(world.project, status=RoundStatus.done, stage=Stage.evaluate)
    for more in ([], ["--preview"]):
        done = CliRunner().invoke(app, ["round", "close-review", *more])
        assert isinstance(done.exception, Conflict), more
        assert "is not in review" in done.exception.message


def test_a_test_that_a_model_does_not_pass_ends_with_exit_code_1(world: World) -> None:
    """Its folder has no weights any more."""
    folder = settings().folder / "models/broken"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    rows.make_checkpoint(world.project, "broken", engine=WEIGHTS | {"model": "models/broken"})
    done = CliRunner().invoke(app, ["checkpoint", "test", "broken"])
    assert "fail" in done.output
    assert done.exit_code == 1
