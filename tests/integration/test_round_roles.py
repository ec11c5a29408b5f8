"""Roles that steps name: bound at launch, made on the way, or taken from the rounds before."""

from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.pipeline.bind import acting
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Phase, Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import checkpoints, rounds
from backend.services.access import Actor
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from backend.values import RoundStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")
TWICE = Recipe(
    name="twice",
    title="Twice",
    steps=(
        PromptSet(),
        Step(Sample(n=2), by="author"),
        ExactMatch(),
        AboveThreshold(),
        Step(SFT(), name="future"),
        Step(Sample(n=2), by="future"),
        ExactMatch(),
        BestVersusWorst(),
        DPO(start="future"),
    ),
)


class World:
    """A project with weights, an endpoint, and prompts whose answers are known."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.actor: Actor = rows.make_actor(self.project)
        weights = {"name": "transformers", "model": "models/base"}
        self.base = rows.make_checkpoint(self.project, "base", engine=weights)
        self.policy = rows.make_checkpoint(self.project, "policy", parent=self.base, engine=weights)
        self.endpoint = rows.make_checkpoint(self.project, "endpoint")
        self.prompts = rows.make_prompt_set(self.project, answers=["1", "2", "3"])

    def plan(self, recipe: Recipe = TWICE, **changes: Any) -> rounds.Plan:
        known = {
            "recipe": recipe.model_dump(mode="json"),
            "policy_id": self.policy.id,
            "reference_id": self.policy.id,
            "sample_set_ids": (self.prompts.id,),
            "is_reviewed": False,
        }
        return rounds.Plan(**known | changes)

    def launch(self, recipe: Recipe = TWICE, **changes: Any) -> int:
        return rounds.launch(self.actor, self.project.id, self.plan(recipe, **changes))

    def end(self, round_id: int) -> None:
        """As if the round had run."""
        with session() as db:
            job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
            job.active_key = None
            row = db.get_one(tables.Round, round_id)
            row.status, row.stage = RoundStatus.done, Stage.evaluate


def test_a_role_without_a_checkpoint_is_refused_before_launch() -> None:
    world = World()
    text = r"Step 2 \(generator sample\) names the role 'author', but no checkpoint is bound to it, and no round before"
    with pytest.raises(InvalidInput, match=text):
        rounds.estimate(world.actor, world.project.id, world.plan())
    with pytest.raises(InvalidInput, match=text):
        world.launch()
    with pytest.raises(InvalidInput, match="The author checkpoint 999 is not in this project"):
        world.launch(roles={"author": 999})
    with pytest.raises(InvalidInput, match="No step of the recipe acts as 'writer'"):
        world.launch(roles={"author": world.endpoint.id, "writer": world.endpoint.id})


def test_a_bound_role_acts_and_is_kept_for_the_next_round() -> None:
    world = World()
    round_id = world.launch(roles={"author": world.endpoint.id})
    with reading() as db:
        row = db.get_one(tables.Round, round_id)
        bound = db.execute(select(tables.RoundRole.role, tables.RoundRole.step, tables.RoundRole.checkpoint_id)).all()
    assert [tuple(record) for record in bound] == [("author", -1, world.endpoint.id)]
    assert (row.stage, row.step, row.phase) == (Stage.generate, 1, 0)
    assert acting(row, "author", 1) == world.endpoint.id
    world.end(round_id)
    assert rounds.defaults(world.actor, world.project.id, round_id).roles == {"author": world.endpoint.id}
    assert rounds.again(world.actor, world.project.id, round_id).roles == {"author": world.endpoint.id}


def test_a_role_that_rounds_train_is_left_unbound_for_the_next_round() -> None:
    """Bound again at each launch, it would stay what it was in the first round."""
    world = World()
    steps = [Step(DPO(), name="author") if step.part == DPO(start="future") else step for step in TWICE.phases[0].steps]
    recipe = Recipe(name="in_turn", title="In turn", steps=tuple(steps), product="author")
    first = world.launch(recipe, roles={"author": world.endpoint.id})
    with session() as db:
        db.add(tables.RoundRole(round_id=first, role="author", step=8, checkpoint_id=world.base.id))
    world.end(first)
    plan = rounds.defaults(world.actor, world.project.id, first)
    assert (plan.parent_id, plan.roles) == (first, {})
    assert rounds.again(world.actor, world.project.id, first).roles == {"author": world.endpoint.id}


def test_a_binding_may_be_for_another_phase_and_for_no_built_in_role() -> None:
    world = World()
    plain = (PromptSet(), Sample(n=2), ExactMatch(), AboveThreshold(), SFT())
    recipe = Recipe(name="phased", title="Phased", phases=(Phase(*plain), Phase(*TWICE.phases[0].steps)))
    world.launch(recipe, roles={"author": world.endpoint.id})
    with pytest.raises(InvalidInput, match="The role 'base' cannot be bound"):
        world.launch(roles={"author": world.endpoint.id, "base": world.endpoint.id})


def test_what_a_training_made_acts_in_the_steps_after_it() -> None:
    world = World()
    round_id = world.launch(roles={"author": world.endpoint.id})
    future = rows.make_checkpoint(world.project, "round-1-future", parent=world.policy)
    with session() as db:
        db.add(tables.RoundRole(round_id=round_id, role="future", step=4, checkpoint_id=future.id))
    with reading() as db:
        row = db.get_one(tables.Round, round_id)
    assert acting(row, "future", 5) == future.id
    with pytest.raises(NotFound, match="has no checkpoint for the role 'future'"):
        acting(row, "future", 4)
    tree = {checkpoint_row.name: checkpoint_row for checkpoint_row in checkpoints.tree(world.actor, world.project.id)}
    assert (tree["round-1-future"].round_id, tree["policy"].round_id) == (round_id, None)


def test_built_in_roles() -> None:
    world = World()
    round_id = world.launch(roles={"author": world.endpoint.id}, judge_id=world.endpoint.id, reference_id=world.base.id)
    with reading() as db:
        row = db.get_one(tables.Round, round_id)
    numbers = [acting(row, role, 1) for role in ("policy", "reference", "judge", "base")]
    assert numbers == [world.policy.id, world.base.id, world.endpoint.id, world.base.id]
    with session() as db:
        db.get_one(tables.Round, round_id).judge_id = None
        round_role = tables.RoundRole(round_id=round_id, role="policy", step=4, checkpoint_id=world.base.id)
        db.add(round_role)
    with reading() as db:
        row = db.get_one(tables.Round, round_id)
    # An unset judge is the policy as it is at that step.
    assert [acting(row, "judge", step) for step in (2, 6)] == [world.policy.id, world.base.id]


def test_a_role_means_what_the_nearest_round_before_made() -> None:
    world = World()
    first = world.launch(roles={"author": world.endpoint.id})
    with session() as db:
        db.add(tables.RoundRole(round_id=first, role="author", step=4, checkpoint_id=world.base.id))
    world.end(first)
    second = world.launch(parent_id=first)
    with reading() as db:
        row = tables.RoundRole
        assert db.scalar(select(row.checkpoint_id).where(row.round_id == second, row.role == "author")) == world.base.id


def test_a_training_needs_weights_where_it_starts() -> None:
    world = World()
    steps = [*TWICE.phases[0].steps[:4], SFT(start="author")]
    recipe = Recipe(name="x", title="X", steps=steps)
    with pytest.raises(InvalidInput, match="The author 'endpoint' is served by scripted, and training needs weights"):
        world.launch(recipe, roles={"author": world.endpoint.id})
    # Who only answers needs none, the policy either.
    assert world.launch(recipes.get("star"), policy_id=rows.make_checkpoint(world.project, parent=world.base).id)


def test_the_phase_follows_from_the_finished_rounds_above() -> None:
    world = World()
    first_steps = (PromptSet(), Sample(n=2), ExactMatch(), AboveThreshold(), SFT())
    recipe = Recipe(
        name="phased",
        title="P",
        phases=(
            Phase(*first_steps, rounds=2),
            Phase(PromptSet(), Sample(n=3), ExactMatch(), BestVersusWorst(), DPO()),
        ),
    )
    result, parent = [], None
    for _ in range(4):
        parent = world.launch(recipe, parent_id=parent)
        world.end(parent)
        result.append(rounds.get(world.actor, parent).phase)
    assert result == [0, 0, 1, 1]
    # A round of another recipe does not count.
    other = world.launch(recipes.get("rejection_sampling"), parent_id=parent)
    world.end(other)
    assert rounds.get(world.actor, world.launch(recipe, parent_id=other)).phase == 1
    plan = world.plan(recipe, parent_id=parent)
    assert rounds.estimate(world.actor, world.project.id, plan).samples == 3 * 3


def test_a_checkpoint_that_acts_in_a_round_is_not_forgotten() -> None:
    world = World()
    world.launch(roles={"author": world.endpoint.id})
    with pytest.raises(Conflict, match="roles of rounds"):
        checkpoints.delete(world.actor, world.endpoint.id)
