"""A checkpoint as a GGUF file: transformers reads it back with the same logits; converters that fail say why."""

import hashlib
from pathlib import Path

import pytest

from app.pages.checkpoints import gguf as page
from backend import demo
from backend.config import settings
from backend.db import reading, tables
from backend.engines import _gguf, _weights
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, NotFound
from backend.pipeline import gguf as gguf_job
from backend.services import checkpoints
from backend.services.checkpoints import gguf_files, merging
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
