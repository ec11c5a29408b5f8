"""What is checked when a model or an endpoint is registered, kept on its row, and said before a launch."""

import json
import shutil
from pathlib import Path

import pytest

from backend import demo, recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.engines import _probe
from backend.engines._model_check import CheckLevel
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services import checkpoints, rounds
from backend.services.checkpoints import Endpoint, model_checks
from backend.values import Role
from tests import rows
from tests.endpoint import chat, choices, refusal, serving

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
FOUND = Path(__file__).parents[1] / "data" / "found"


@pytest.fixture
def checks_here() -> None:
    """Models here are hostile: each is checked in a process of its own."""


def model(name: str, template: str = "", **config: object) -> Path:
    """The demo's model in the data folder, with another template or another config."""
    folder = settings().folder / "models" / name
    shutil.copytree(demo.MODEL_FOLDER, folder)
    if template:
        (folder / "chat_template.jinja").write_text((FOUND / template).read_text())
    if config:
        data = json.loads((folder / "config.json").read_text()) | config
        (folder / "config.json").write_text(json.dumps(data))
    return folder


def outcomes(actor: object, checkpoint_id: int) -> dict[str, str]:
    lines = checkpoints.detail(actor, checkpoint_id).checks.lines  # type: ignore[arg-type]
    return {line.name: str(line.outcome) for line in lines}


def test_the_lines_stand_on_a_registered_model_and_are_made_again_on_demand() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    folder = model("gemma", "template_gemma.jinja")
    registration = checkpoints.register(actor, project.id, name="gemma", location="models/gemma")
    assert [name for name, text in outcomes(actor, registration).items() if text != "pass"] == ["system"]
    shutil.copy(FOUND / "template_broken.jinja", folder / "chat_template.jinja")
    checks = model_checks.check(actor, registration)
    assert (checks.worst, outcomes(actor, registration)["template"]) == (CheckLevel.fail, "fail")
    shutil.rmtree(folder)
    assert "There is no folder of that name here, nor" in model_checks.check(actor, registration).lines[0].text


@pytest.mark.parametrize(
    ("template", "config", "text"),
    [
        ("template_broken.jinja", {}, "The chat template cannot be used: line 1: expected token"),
        (
            "",
            {"model_type": "mamba", "architectures": ["MambaForCausalLM"]},
            "keeps a state instead of keys and values",
        ),
        ("", {"is_encoder_decoder": True}, "no chat model"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_with_the_reason(template: str, config: dict, text: str) -> None:
    project = rows.make_project()
    model("bad", template, **config)
    actor = rows.make_actor(project, Role.curator)
    with pytest.raises(InvalidInput, match=text):
        checkpoints.register(actor, project.id, name="bad", location="models/bad")
    assert checkpoints.tree(actor, project.id) == []


def test_an_endpoint_is_tested_and_registered_whatever_it_says() -> None:
    project = rows.make_project()
    owner = rows.make_actor(project, is_owner=True)
    with serving() as server:
        served = Endpoint(server.url, "m")
        good = checkpoints.register(owner, project.id, name="good", endpoint=served, role="judge")
        assert server.bodies[0]["messages"] == chat(_probe.HELLO)
        texts = outcomes(owner, good)
        assert {name for name, text in texts.items() if text == "pass"} == {"connection", "logprobs", "n", "seed"}
        assert set(texts.values()) == {"pass", "no"}
        server.answer = lambda body: refusal(400, "logprobs are not supported") if "logprobs" in body else choices(body)
        replies = {line.name: str(line.outcome) for line in model_checks.check(owner, good).lines}
        assert (replies["logprobs"], replies["refuses"]) == ("no", "warn")
        server.answer = lambda body: refusal(500, "CUDA error")
        bad = checkpoints.register(owner, project.id, name="bad", endpoint=served)
        assert outcomes(owner, bad) == {"connection": "warn"}
    down = checkpoints.register(owner, project.id, name="down", endpoint=served)
    (line,) = checkpoints.detail(owner, down).checks.lines
    assert (line.outcome, line.text.startswith("It did not answer: ")) == (CheckLevel.warn, True)
    with pytest.raises(PermissionDenied):
        model_checks.check(rows.make_actor(project, Role.viewer), good)
    with pytest.raises(NotFound, match="There is no checkpoint"):
        model_checks.check(rows.make_actor(), good)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "template_gemma.jinja",
            "2 prompts have a system turn, which the chat template of m refuses: they are left out ('a 1', 'a 2').",
        ),
        ("template_dropsys.jinja", "drops unsaid: the model never sees it ('a 1', 'a 2')."),
        ("", ""),
    ],
)
def test_the_launch_says_how_many_system_turns_a_template_does_not_take(template: str, text: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    model("m", template)
    registration = checkpoints.register(actor, project.id, name="m", location="models/m")
    prompts = rows.make_prompt_set(project, prompts=["a 0", "a 1", "a 2"])
    with session() as db:
        for prompt in rows.prompts_of(prompts)[1:]:
            row = db.get_one(tables.Prompt, prompt.id)
            row.messages = [{"role": "system", "content": "Be brief."}, *row.messages]
    plan = rounds.Plan(
        recipe=recipes.get("rejection_sampling").model_dump(mode="json"),
        policy_id=registration,
        reference_id=registration,
        sample_set_ids=(prompts.id,),
        num_prompts=3,
    )
    warned = [warning for warning in rounds.estimate(actor, project.id, plan).warnings if "system turn" in warning]
    assert len(warned) == bool(text)
    assert all(text in warning for warning in warned)


def test_what_an_endpoint_refused_in_a_round_stands_on_its_page() -> None:
    from backend.values import Stage
    from tests.integration.slots import Loop

    loop = Loop()
    with serving() as server:
        served = {"name": "openai", "base_url": server.url, "model": "m", "max_retries": 0}
        judge = rows.make_checkpoint(loop.project, "judge", engine=served)

        def answer(body: dict) -> object:
            if "top_p" in body:
                return refusal(400, "'top_p' is not supported with this model.", param="top_p")
            reply = choices(body)
            for choice in reply[2]["choices"]:
                choice["message"] |= {"content": "fine; Y", "reasoning_content": "It is fine; N"}
            return reply

        server.answer = answer  # type: ignore[assignment]
        changes = {
            "judge": {"name": "written_verdict", "template": "{prompt} {response}", "temperature": 0.5, "top_p": 0.9}
        }
        round_id = loop.launch(changes, judge_id=judge.id)
        job = loop.run(round_id, until=Stage.judge)
    assert job.error is None
    (note,) = checkpoints.detail(loop.actor, judge.id).notes
    assert "refuses top_p: top_p is left out, and the server's own is taken" in note
    with reading() as db:
        judgment = db.query(tables.Judgment).filter_by(round_id=round_id).first()
    assert judgment is not None
    assert (judgment.raw, judgment.reasoning, judgment.score) == ("fine; Y", "It is fine; N", 1.0)
