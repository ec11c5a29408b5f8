"""Rounds whose model folders are served by vLLM: one server for all stages, killed and resumed, adapters swapped in.

Against a process that stands for vLLM; `tests/vllm` asks the real one.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.values import LocalEngine, RoundStatus, Split
from tests.integration.loop import RIGHT, Loop, dying, made
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set
from tests.served_round import recipe
from tests.vllm_server import FakeVLLM, fake_vllm

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def vllm(tmp_path: Path, database: object) -> Iterator[FakeVLLM]:
    with fake_vllm(tmp_path / "fake") as made_:
        yield made_


def loop(tiny: Path) -> Loop:
    return Loop(recipe(), {"name": "transformers", "model": str(tiny)}, tiny)


def test_one_server_serves_policy_judge_and_what_the_round_trains(tiny: Path, vllm: FakeVLLM) -> None:
    own = loop(tiny)
    held_out = make_prompt_set(own.project, prompts=["prompt x"], answers=["4"], split=Split.held_out)
    ended = own.run(own.launch(engine="vllm", held_out_set_ids=(held_out.id,)), trains=True)
    assert (ended.status, ended.error, ended.engine) == (RoundStatus.done, None, LocalEngine.vllm)
    assert len(vllm.servers) == 1
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    assert checkpoint.kind == "adapter"
    asked = vllm.noted("requests")
    assert sum(one.get("n") == 4 for one in asked) == len(RIGHT)
    assert any("prompt_logprobs" in one for one in asked)
    assert {bool(one["adapter"]) for one in asked} == {False, True}
    assert len({*vllm.noted("loaded")}) == 1


def test_a_round_whose_job_and_server_die_ends_in_the_same_rows(
    tiny: Path, vllm: FakeVLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = loop(tiny)
    first, second = own.launch(engine="vllm"), own.launch(engine="vllm")
    own.run(first)
    os.kill(vllm.servers[0], signal.SIGKILL)
    with dying(monkeypatch) as kills:
        assert own.run(second).error is None
    assert kills[0] > 2
    assert made(second) == made(first)
    assert len(vllm.servers) == 2


def test_a_step_that_vllm_cannot_do_keeps_transformers(tiny: Path, vllm: FakeVLLM) -> None:
    changed = recipe().with_changes({"judge": {"name": "self_certainty", "accept_at": -100.0}})
    own = Loop(changed, {"name": "transformers", "model": str(tiny)}, tiny)
    round_id = own.launch(engine="vllm")
    assert own.run(round_id).error is None
    assert all("prompt_logprobs" not in one for one in vllm.noted("requests"))
    assert len(made(round_id)["texts"]) == 4 * len(RIGHT)


def test_a_stage_without_vllm_says_the_way_out(tiny: Path, vllm: FakeVLLM) -> None:
    vllm.tell(start_error="torch.OutOfMemoryError: no memory")
    own = loop(tiny)
    ended = own.run(own.launch(engine="vllm"))
    assert ended.status is RoundStatus.failed
    assert "no memory" in (ended.error or "")
    with pytest.raises(InvalidInput, match=r"engine: 'sglang' is none\. Choose transformers or vllm"):
        own.launch(engine="sglang")
