"""Rounds whose model folders are served by vLLM: one server for all stages, killed and resumed, adapters swapped in.

Against a process that stands for vLLM; `tests/vllm` asks the real one.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.pipeline import train
from backend.trainers import final_folder
from backend.values import JobStatus, LocalEngine, RoundStatus, Split, Stage
from tests.integration.folders import write_weights
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set
from tests.served_round import recipe
from tests.vllm_server import FakeVLLM, fake_vllm

TWO = {"prompt a": "4", "prompt b": "5"}
pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def vllm(tmp_path: Path, database: object) -> Iterator[FakeVLLM]:
    with fake_vllm(tmp_path / "fake") as made_:
        yield made_


def loop(tiny: Path) -> Loop:
    return Loop(recipe(), {"name": "transformers", "model": str(tiny)}, tiny, right=TWO)


def trained(argv: list[str], **_: Any) -> None:
    """Leave an adapter as a training does, at once: `make test-vllm` trains one."""
    spec = json.loads(Path(argv[-1]).read_text())
    final = final_folder(spec["output_dir"])
    final.mkdir()
    config = {"r": 2, "lora_alpha": 4, "base_model_name_or_path": spec["policy"], "target_modules": ["q_proj"]}
    (final / "adapter_config.json").write_text(json.dumps(config))
    write_weights(final / "adapter_model.safetensors", "a.lora_A")
    rows = len(Path(spec["dataset"]).read_text().splitlines())
    (final / "train.json").write_text(json.dumps({"rows": rows, "rows_used": rows}))


def test_one_server_serves_policy_judge_and_what_the_round_trains(
    tiny: Path, vllm: FakeVLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "run_grandchild", trained)
    own = loop(tiny)
    held_out = make_prompt_set(own.project, prompts=["prompt x"], answers=["4"], split=Split.held_out)
    ended = own.run(own.launch(engine="vllm", held_out_set_ids=(held_out.id,)), trains=True)
    assert (ended.status, ended.error, ended.engine) == (RoundStatus.done, None, LocalEngine.vllm)
    assert len(vllm.servers) == 1
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    assert checkpoint.kind == "adapter"
    asked = vllm.noted("requests")
    assert sum(endpoint_client.get("n") == 4 for endpoint_client in asked) == len(TWO)
    assert any("prompt_logprobs" in entry for entry in asked)
    assert {bool(entry["adapter"]) for entry in asked} == {False, True}
    assert len({*vllm.noted("loaded")}) == 1


def test_a_stage_begins_batches_while_the_server_answers_those_before(tiny: Path, vllm: FakeVLLM) -> None:
    vllm.tell(meeting=4)  # of two batches of two prompts
    own = Loop(
        recipe(), {"name": "transformers", "model": str(tiny)}, tiny, right=TWO | {"prompt c": "6", "prompt d": "7"}
    )
    round_id = own.launch(engine="vllm")
    own.run(round_id)
    with reading() as db:
        samples = db.scalar(select(func.count()).where(tables.Sample.round_id == round_id))
        job_row = db.scalars(select(tables.Job).filter_by(round_id=round_id, stage=Stage.generate)).one()
    assert (samples, job_row.status) == (16, JobStatus.done)
    assert len(vllm.servers) == 1  # that reads prompts beside others nowhere


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
    assert rows_of_round(second) == rows_of_round(first)
    assert len(vllm.servers) == 2


def test_a_stage_without_vllm_says_the_way_out(tiny: Path, vllm: FakeVLLM) -> None:
    vllm.tell(start_error="torch.OutOfMemoryError: no memory")
    own = loop(tiny)
    ended = own.run(own.launch(engine="vllm"))
    assert ended.status is RoundStatus.failed
    assert "no memory" in (ended.error or "")
    with pytest.raises(InvalidInput, match=r"engine: 'sglang' is none\. Choose transformers or vllm"):
        own.launch(engine="sglang")
    wide = recipe().with_changes({"trainer": TRAINING | {"lora": True, "lora_r": 1024}})
    with pytest.raises(InvalidInput, match="vLLM takes 512 at most"):
        Loop(wide, {"name": "transformers", "model": str(tiny)}, tiny).launch(engine="vllm")
