"""Which engine serves a step of a round that was launched with vLLM."""

import pytest

from backend import recipes
from backend.db import tables
from backend.engines import Ability
from backend.jobs import JobProgress
from backend.pipeline import evaluate, serve
from backend.pipeline.stage import StageContext
from backend.recipes import Recipe
from backend.values import JSON, LocalEngine, Stage

FOLDER: JSON = {"name": "transformers", "model": "m", "dtype": "float32"}
CERTAIN = recipes.get("rejection_sampling").with_changes({"judge": {"name": "self_certainty"}})


def stage(recipe: Recipe, of: Stage, kind: str = "", engine: LocalEngine = LocalEngine.vllm) -> StageContext:
    round_ = tables.Round(id=1, seed=1, phase=0, recipe=recipe.model_dump(mode="json"), engine=engine)
    return StageContext(0, 0, round_, recipe, JobProgress(0, 0), of, kind)


def served(stage_context: StageContext, monkeypatch: pytest.MonkeyPatch, **engine: str) -> str:
    monkeypatch.setattr(serve, "highest_rank", lambda stage: 8)
    return str(serve.engine_of(stage_context, FOLDER | engine)["name"])


def test_a_step_that_vllm_cannot_do_keeps_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert served(stage(CERTAIN, Stage.generate), monkeypatch) == "vllm"
    assert served(stage(CERTAIN, Stage.judge), monkeypatch) == "transformers"
    assert served(stage(CERTAIN, Stage.evaluate), monkeypatch) == "vllm"


def test_trials_ask_what_all_their_steps_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """They judge in the job that generates."""
    assert Ability.read_all in serve.asked_of(stage(CERTAIN, Stage.generate, serve.TUNE))
    assert served(stage(CERTAIN, Stage.generate, serve.TUNE), monkeypatch) == "transformers"
    assert served(stage(recipes.get("rejection_sampling"), Stage.generate, serve.TUNE), monkeypatch) == "vllm"


def test_a_checkpoint_that_is_bound_to_a_device_keeps_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    stage_context = stage(CERTAIN, Stage.generate)
    assert served(stage_context, monkeypatch, device="cuda:1") == "transformers"
    assert served(stage_context, monkeypatch, device="auto") == "vllm"


def test_measurements_by_vllm_are_compared_with_their_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StageContext, "set_ids", lambda self, use: [1])
    by = [evaluate.measured_by(stage(CERTAIN, Stage.evaluate, engine=entry), ()) for entry in LocalEngine]
    assert [endpoint_client.get("engine") for endpoint_client in by] == [None, "vllm"]
