"""Scorers among a project's checkpoints: registered, bound at launch, and refused where they cannot serve."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from backend import demo
from backend.config import settings
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.judges.reference_likelihood import ReferenceLikelihood
from backend.judges.reward_model import RewardModel as Rated
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import checkpoints, rounds
from backend.services.checkpoints import Endpoint, model_checks
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from backend.values import Role, Sampling
from tests import rows
from tests.endpoint import Reply, choices, serving

pytestmark = pytest.mark.usefixtures("database")
SCORED = Recipe(
    name="scored",
    title="Scored",
    steps=(PromptSet(), Sample(n=2), Step(Rated(), by="scorer"), AboveThreshold(), SFT()),
)


class World:
    """A project with weights, a scorer, an endpoint, and prompts whose answers are known."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project)
        weights = {"name": "transformers", "model": "models/base"}
        self.policy = rows.make_checkpoint(self.project, "policy", engine=weights)
        self.scorer = rows.make_checkpoint(self.project, "rater", engine=weights | {"head": "score"}, kind="scorer")
        self.adapter = rows.make_checkpoint(self.project, "adapter", engine=weights | {"adapter": "a"}, kind="adapter")
        self.endpoint = rows.make_checkpoint(
            self.project, "endpoint", engine={"name": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
        )
        self.prompts = rows.make_prompt_set(self.project, answers=["1", "2", "3"])

    def launch(self, *steps: Any, **changes: Any) -> int:
        recipe = Recipe(name="x", title="X", steps=steps) if steps else SCORED
        known = {
            "recipe": recipe.model_dump(mode="json"),
            "policy_id": self.policy.id,
            "reference_id": self.policy.id,
            "sample_set_ids": (self.prompts.id,),
            "is_reviewed": False,
        }
        plan = rounds.Plan(**known | changes)
        rounds.estimate(self.actor, self.project.id, plan)
        return rounds.launch(self.actor, self.project.id, plan)


def test_a_scorer_is_bound_in_a_role_and_kept_for_the_next_round() -> None:
    world = World()
    round_id = world.launch(roles={"scorer": world.scorer.id})
    with reading() as db:
        assert db.get_one(tables.Round, round_id).policy_id == world.policy.id
    assert rounds.again(world.actor, world.project.id, round_id).roles == {"scorer": world.scorer.id}


def test_what_a_checkpoint_cannot_do_is_told_before_launch() -> None:
    world = World()
    policy, scorer, endpoint = world.policy.id, world.scorer.id, world.endpoint.id
    start, end = (PromptSet(), Sample(n=2)), (AboveThreshold(), SFT())
    pairs = (*start, ExactMatch(), BestVersusWorst())
    refused: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (
            (),
            {"roles": {"scorer": policy}},
            r"Step 3 \(judge reward_model\) asks the scorer 'policy' to score texts by a "
            "head of one number, which it cannot. Bind a scorer there: what the trainer",
        ),
        ((*start, Rated(), *end), {}, "asks the judge, which is the policy 'policy', to score texts"),
        (
            (),
            {"roles": {"scorer": scorer}, "policy_id": scorer},
            "The policy 'rater' is a scorer: it cannot write texts",
        ),
        (
            (PromptSet(), Step(Sample(n=2), by="author"), ExactMatch(), *end),
            {"roles": {"author": scorer}},
            r"Step 2 \(generator sample\) asks the author 'rater' to write texts, which it cannot. Bind a language model",
        ),
        (
            (*start, ReferenceLikelihood(), *end),
            {"judge_id": endpoint},
            "asks the judge 'endpoint' to give the log-probabilities of texts it did not write",
        ),
        (
            (*start, ExactMatch(), AboveThreshold(), SFT(start="other")),
            {"roles": {"other": scorer}},
            r"Step 5 \(trainer sft\) trains a language model, or compares with one, but the other 'rater' is a scorer",
        ),
        (
            (*pairs, Step(RewardModel(start="other", lora=True), name="scorer")),
            {"roles": {"other": world.adapter.id}},
            r"Step 5 \(trainer reward_model, named scorer\): The scorer would be an adapter that starts from the adapter",
        ),
    ]
    for steps, changes, reply in refused:
        with pytest.raises(InvalidInput, match=reply):
            world.launch(*steps, **changes)
    with reading() as db:
        assert db.query(tables.Round).count() == 0
    world.launch(*pairs, Step(RewardModel(start="other"), name="scorer"), roles={"other": scorer})


@pytest.fixture
def folder() -> Path:
    """The demo's model with the config of a scorer; its weights are not looked at."""
    result = settings().folder / "models" / "rater"
    shutil.copytree(demo.MODEL_FOLDER, result)
    config = json.loads((result / "config.json").read_text())
    changes = {"architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
    (result / "config.json").write_text(json.dumps(config | changes))
    return result


def test_a_reward_model_is_registered_as_a_scorer(folder: Path) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    with pytest.raises(InvalidInput, match=r"is a scorer: .* cannot be a policy. Register it with the role reward"):
        checkpoints.register(actor, project.id, name="rater", location="models/rater")
    registration = checkpoints.register(actor, project.id, name="rater", location="models/rater", role="reward")
    (row,) = checkpoints.tree(actor, project.id)
    assert (row.kind, row.role) == ("scorer", "reward")
    lines = {line.name: line for line in checkpoints.detail(actor, registration).checks.lines}
    assert "a scorer, whose head gives one number" in lines["architecture"].text
    with reading() as db:
        assert db.get_one(tables.Checkpoint, registration).engine["head"] == "score"
    with pytest.raises(InvalidInput, match="rater is a scorer, which writes no text"):
        checkpoints.try_prompt(actor, [registration], "hello", Sampling(max_tokens=4))
    with pytest.raises(InvalidInput, match="This project has no checkpoint yet"):
        rounds.defaults(actor, project.id)


def test_an_endpoint_that_reads_is_found_out() -> None:
    def reads(body: dict[str, Any]) -> Reply:
        status, headers, value = choices(body)
        text = "".join(message["content"] for message in body["messages"])
        entries = [{str(ord(letter)): {"logprob": -1.0}} for letter in text]
        return status, headers, value | ({"prompt_logprobs": [None, *entries]} if "prompt_logprobs" in body else {})

    project = rows.make_project()
    owner = rows.make_actor(project, is_owner=True)
    with serving() as server:
        plain = checkpoints.register(owner, project.id, name="plain", endpoint=Endpoint(server.url, "m"))
        server.answer = reads
        registration = checkpoints.register(owner, project.id, name="found", endpoint=Endpoint(server.url, "m"))
        with reading() as db:
            known = [db.get_one(tables.Checkpoint, entry).engine["prompt_logprobs"] for entry in (plain, registration)]
        assert known == [False, True]
        model_checks.check(owner, plain)
    with reading() as db:
        assert db.get_one(tables.Checkpoint, plain).engine["prompt_logprobs"] is True
