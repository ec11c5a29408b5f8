"""A checkpoint as a GGUF file: transformers reads it back with the same logits; converters that fail say why."""

import hashlib
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.pages.checkpoints import gguf as page
from backend import demo, shared_files
from backend.config import settings
from backend.db import reading, session, tables
from backend.engines import _gguf, _gguf_vocabulary, _weights
from backend.engines._gguf_vocabulary import LLAMA_3
from backend.errors import Conflict, EngineError, InvalidInput, MissingPrerequisite, NotFound
from backend.pipeline import export_places
from backend.pipeline import gguf as gguf_job
from backend.services import checkpoints
from backend.services.checkpoints import gguf_files, merging
from backend.services.projects import own_files
from backend.values import JobStatus, Role
from tests import rows
from tests.integration.adapters import make_adapter_checkpoint
from tests.integration.test_merging import work

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


def logits(folder: Path, **how: str) -> list[float]:
    """What the model in a folder, or in a file of it, makes of one text: all numbers, in order."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **how).eval()
    tokens = torch.tensor([[2, 4, 9, 17, 33, 21, 60, 5, 40, 41, 42]])
    with torch.no_grad():
        return [float(number) for number in model(tokens).logits.flatten()]


@pytest.mark.parametrize(("outtype", "within"), [("f32", 1e-4), ("f16", 0.1)])
def test_the_demo_model_reads_back_with_equal_logits(outtype: str, within: float) -> None:
    gguf = pytest.importorskip("gguf")
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    model = {"name": "transformers", "model": str(demo.MODEL_FOLDER)}
    checkpoint = rows.make_checkpoint(project, "Countdown (base)", engine=model)
    job_id = gguf_files.start(actor, checkpoint.id, outtype)
    assert "is queued" in str(page.state_value(gguf_files.get(actor, job_id)))
    with pytest.raises(Conflict, match="not written yet"):
        gguf_files.file_of(actor, job_id)
    with pytest.raises(Conflict, match=r"writes Countdown .base. already"):
        gguf_files.start(actor, checkpoint.id)
    assert work(job_id) == 0, gguf_files.get(actor, job_id)
    path, name = gguf_files.file_of(actor, job_id)
    written = checkpoints.detail(actor, checkpoint.id).gguf
    assert written is not None
    assert (name, written.by, written.is_ready) == (f"Countdown-base-{outtype}.gguf", "Rondo's exporter", True)
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert logits(path.parent, gguf_file=path.name) == pytest.approx(logits(demo.MODEL_FOLDER), abs=within)
    fields = gguf.GGUFReader(path).fields
    assert fields["tokenizer.ggml.eos_token_id"].contents() == 3
    tokens, template = fields["tokenizer.ggml.tokens"].contents(), fields["tokenizer.chat_template"].contents()
    assert (tokens[4], "Ġ" in tokens, "generation" in template.replace("add_generation_prompt", "")) == (
        "<|user|>",
        True,
        False,
    )
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name], "nothing half written stays"
    path.unlink()
    with pytest.raises(NotFound, match="go after 7 days"):
        gguf_files.file_of(actor, job_id)
    assert page.state_value(gguf_files.get(actor, job_id)) is None


def test_an_adapter_is_written_as_it_is_merged() -> None:
    pytest.importorskip("gguf")
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    adapter = make_adapter_checkpoint(project)
    job_id = gguf_files.start(actor, adapter.id, "f32")
    assert work(job_id) == 0, gguf_files.get(actor, job_id)
    path, _ = gguf_files.file_of(actor, job_id)
    merge_id = merging.start(actor, adapter.id)
    assert work(merge_id) == 0
    merged_id = merging.get(actor, merge_id).merged_id
    with reading() as db:
        merged = db.get_one(tables.Checkpoint, merged_id)
    assert logits(path.parent, gguf_file=path.name) == pytest.approx(
        logits(Path(_weights.locate(merged.location))), abs=1e-4
    )


def test_what_cannot_be_written_is_refused_and_the_converter_writes_where_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    checkpoint = rows.make_checkpoint(project, engine={"name": "transformers", "model": str(demo.MODEL_FOLDER)})
    served = rows.make_checkpoint(project, "served")
    with pytest.raises(InvalidInput, match="served is served by others"):
        gguf_files.start(actor, served.id)
    with pytest.raises(InvalidInput, match=r"writes f32 and f16.*RONDO_GGUF_CONVERTER"):
        gguf_files.start(actor, checkpoint.id, "q8_0")
    with pytest.raises(InvalidInput, match="no number format 'q2'"):
        gguf_files.start(actor, checkpoint.id, "q2")
    converter = tmp_path / "convert_hf_to_gguf.py"
    monkeypatch.setattr(_gguf, "settings", lambda: settings().model_copy(update={"gguf_converter": str(converter)}))
    with pytest.raises(MissingPrerequisite, match="There is no file"):
        gguf_files.start(actor, checkpoint.id, "q8_0")
    # What stands for llama.cpp's converter takes its arguments, and fails as it does: with lines and an exit code.
    converter.write_text("import sys; print('Model FooForCausalLM is not supported'); sys.exit(1)")
    job_id = gguf_files.start(actor, checkpoint.id, "q8_0")
    assert work(job_id) == 1
    failed = gguf_files.get(actor, job_id)
    assert (failed.status, failed.is_ready) == (JobStatus.failed, False)
    assert "FooForCausalLM is not supported" in str(failed.error)
    assert list(gguf_job.path_of(job_id).parent.iterdir()) == []
    converter.write_text("import sys; a = sys.argv; open(a[a.index('--outfile') + 1], 'w').write(' '.join(a[1:]))")
    job_id = gguf_files.start(actor, checkpoint.id, "q8_0")
    assert work(job_id) == 0
    assert gguf_files.get(actor, job_id).by == "convert_hf_to_gguf.py"
    arguments = gguf_job.path_of(job_id).read_text()
    assert arguments.startswith(str(demo.MODEL_FOLDER))
    assert arguments.endswith("--outtype q8_0")


def copied(folder: Path, **config: Any) -> Path:
    """The demo's model in a folder of its own, with another config.json."""
    shutil.copytree(demo.MODEL_FOLDER, folder)
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return folder


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"rope_parameters": None, "rope_scaling": {"type": "linear", "factor": 4.0}}, r"scales its positions .linear"),
        ({"rope_parameters": None, "rope_scaling": {"rope_type": "llama3"}}, r"scales its positions .llama3"),
        ({"rope_parameters": {"partial_rotary_factor": 0.5}}, r"otherwise .partial_rotary_factor"),
        ({"vocab_size": 3}, "tokens, and its weights have rows for 3"),
    ],
)
def test_what_the_file_would_not_say_is_refused(config: dict[str, Any], why: str, tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    with pytest.raises(InvalidInput, match=why):
        _gguf.check(str(copied(tmp_path / "model", **config)), "f16")


def test_weights_that_are_not_whole_and_names_on_the_hub_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    folder = copied(tmp_path / "model", num_hidden_layers=9)
    with pytest.raises(InvalidInput, match=r"hold no blk\.\d\.attn_k"):
        _gguf.write(str(folder), tmp_path / "model.gguf", "f16", "model")
    (folder / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(InvalidInput, match="missing or cut off"):
        _gguf.check(str(folder), "f16")
    with pytest.raises(InvalidInput, match="is a name on the hub"):
        _gguf.check("team/model", "f16")
    _gguf.check("team/model", "f16", is_first_merged=True)


def test_no_code_of_a_model_is_handed_to_the_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (converter := tmp_path / "convert_hf_to_gguf.py").write_text(
        "import os, sys; print('secret' if 'of-somebody' in os.environ.values() else 'none'); sys.exit(1)"
    )
    monkeypatch.setattr(_gguf, "settings", lambda: settings().model_copy(update={"gguf_converter": str(converter)}))
    folder = copied(tmp_path / "model")
    monkeypatch.setenv("RONDO_OPENAI_API_KEY", "of-somebody")
    with pytest.raises(EngineError, match="last lines:\nnone"):
        _gguf.write(str(folder), tmp_path / "model.gguf", "f16", "model")
    (folder / "modeling.py").write_text("")
    with pytest.raises(InvalidInput, match="code of its own"):
        _gguf.check(str(folder), "f16")
    (folder / "modeling.py").unlink()
    copied(other := tmp_path / "other", auto_map={"AutoConfig": "configuration.Other"})
    with pytest.raises(InvalidInput, match="code of its own"):
        _gguf.check(str(other), "f16")
    with pytest.raises(InvalidInput, match="is a name on the hub"):
        _gguf.check("team/model", "f16")


def test_keys_of_fewer_heads_are_turned_by_their_own_number(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    AutoTokenizer.from_pretrained(demo.MODEL_FOLDER).save_pretrained(folder := tmp_path / "grouped")
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4}
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(vocab_size=128, num_key_value_heads=2, **sizes)).save_pretrained(folder)
    _gguf.write(str(folder), folder / "grouped.gguf", "f32", "grouped")
    assert logits(folder, gguf_file="grouped.gguf") == pytest.approx(logits(folder), abs=1e-4)


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([], "gpt-2"),
        ([{"type": "Digits", "individual_digits": True}], "smollm"),
        ([{"type": "Split", "pattern": {"Regex": LLAMA_3}, "behavior": "Isolated", "invert": False}], "llama-bpe"),
        ([{"type": "Split", "pattern": {"Regex": "x"}, "behavior": "Isolated", "invert": False}], ""),
    ],
)
def test_how_texts_are_cut_has_llama_cpps_name_or_none(steps: list[Any], name: str) -> None:
    last = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": name in ("gpt-2", "smollm")}
    assert _gguf_vocabulary.cut_by({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [*steps, last]}}) == name
    spaced = last | {"add_prefix_space": True}
    assert _gguf_vocabulary.cut_by({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [*steps, spaced]}}) == ""


def test_a_file_goes_after_a_week_and_may_come_from_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gguf")
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    checkpoint = rows.make_checkpoint(project, engine={"name": "transformers", "model": str(demo.MODEL_FOLDER)})
    shared = settings().model_copy(update={"files_url": str(tmp_path / "shared")})
    monkeypatch.setattr(shared_files, "settings", lambda: shared)
    job_id = gguf_files.start(actor, checkpoint.id)
    assert work(job_id) == 0
    path = gguf_job.path_of(job_id)
    written = path.read_bytes()
    with reading() as db:
        assert f"exports/{path.name}" in own_files.patterns(db, [project.id])
    path.unlink()  # as on the machine of the pages
    assert gguf_files.get(actor, job_id).is_ready
    assert gguf_files.file_of(actor, job_id)[0].read_bytes() == written
    with session() as db:
        job = db.get_one(tables.Job, job_id)
        assert job.finished_at is not None
        job.finished_at -= timedelta(days=gguf_job.KEPT_DAYS)
    assert not gguf_files.get(actor, job_id).is_ready
    os.utime(path, (0, 0))
    export_places.forget_old()
    assert not path.exists()
