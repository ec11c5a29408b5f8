"""Datasets for other tools: by the service, REST and the shell, with the tokens of a real tokenizer."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from backend import registry
from backend.db import tables
from backend.errors import Conflict, EngineError, InvalidInput, NotFound, PermissionDenied
from backend.exporters import Exporter, TrainingRow
from backend.services.access import Actor
from backend.services.datasets import exports, row_tokens, tool_rows
from backend.services.people import accounts
from backend.values import DatasetType, Role
from tests import rows
from tests.integration import site
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]
TEXTS = ["1 2 3", "4", "5 6", "7 8 9 1 2 3", "4 5", "6"]
AROUND = 5
"""Tokens of a prompt of one character, and those of the template around both turns."""
LONGER = [AROUND + len("1 2 3"), AROUND + len("7 8 9 1 2 3"), AROUND + len("4 5")]


def make_pairs() -> tuple[tables.Project, tables.Dataset, Actor]:
    """Three pairs of one prompt each."""
    project = rows.make_project()
    prompt_set = rows.make_prompt_set(project, prompts=["1", "2", "3"])
    round_ = rows.make_round(project, sets=[prompt_set])
    samples = rows.make_samples(round_, prompt_set, texts=TEXTS, scores=[1.0, 0.0])
    pairs = [
        {"prompt_id": good.prompt_id, "sample_id": good.id, "rejected_id": bad.id}
        for good, bad in zip(samples[::2], samples[1::2], strict=True)
    ]
    return project, rows.make_dataset(round_, DatasetType.preference, pairs), rows.make_actor(project, Role.viewer)


@pytest.mark.large_library
def test_tokens_are_those_of_the_checkpoints_template_and_what_is_longer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, dataset, viewer = make_pairs()
    folder = make_tiny_model(tmp_path / "tiny", context=10)
    tiny = rows.make_checkpoint(project, "tiny", engine={"name": "transformers", "model": str(folder)})
    with pytest.raises(PermissionDenied):
        exports.export(viewer, dataset.id, tokens_of=tiny.id)
    curator = rows.make_actor(project, Role.curator)
    export = exports.export(curator, dataset.id, tool="axolotl", tokens_of=tiny.id)
    assert export.tokens is not None
    tokens = export.tokens.tokens
    assert (tokens.rows, tokens.total, tokens.longest, tokens.context) == (3, sum(LONGER), max(LONGER), 10)
    assert (tokens.over, tokens.refused) == (1, 0)
    assert (
        f"axolotl drops rows of more than sequence_len tokens: with {max(LONGER)} or more it keeps all of these."
        in export.warnings
    )
    assert "1 rows are longer than the 10 tokens that tiny was made for." in export.warnings
    template = folder / "chat_template.jinja"
    template.write_text("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
    monkeypatch.setattr(row_tokens, "SECONDS", 0.5)
    with pytest.raises(EngineError, match=r"not counted within 0\.5 seconds"):
        exports.export(curator, dataset.id, tokens_of=tiny.id)
    with row_tokens._counting, pytest.raises(Conflict, match="being counted here"):
        exports.export(curator, dataset.id, tokens_of=tiny.id)


def test_a_checkpoint_without_a_tokenizer_here_is_refused(tmp_path: Path) -> None:
    project, dataset, _ = make_pairs()
    curator = rows.make_actor(project, Role.curator)
    scripted = rows.make_checkpoint(project)
    gone = rows.make_checkpoint(project, engine={"name": "transformers", "model": str(tmp_path / "gone")})
    with pytest.raises(InvalidInput, match="no tokenizer here: it is served by scripted"):
        exports.export(curator, dataset.id, tokens_of=scripted.id)
    with pytest.raises(NotFound):
        exports.export(curator, dataset.id, tokens_of=rows.make_checkpoint(rows.make_project()).id)
    with pytest.raises(InvalidInput, match="no model folder"):
        exports.export(curator, dataset.id, tokens_of=gone.id)


def test_rest_gives_the_rows_what_stands_beside_them_and_a_report() -> None:
    _, dataset, viewer = make_pairs()
    with site.with_token(viewer) as client:
        base = f"/api/v1/datasets/{dataset.id}/export"
        rows_ = client.get(base, params={"tool": "llama_factory"})
        first = json.loads(rows_.text.split("\n")[0])
        assert first["chosen"] == {"role": "assistant", "content": "1 2 3"}
        name = re.search(r'filename="([^"]+)"', rows_.headers["content-disposition"])
        beside = client.get(f"{base}/beside", params={"tool": "llama_factory"})
        assert 'filename="dataset_info.json"' in beside.headers["content-disposition"]
        [info] = beside.json().values()
        assert name is not None
        assert info["file_name"] == name[1]
        assert client.get(f"{base}/beside", params={"tool": "openai"}).status_code == 422
        report = client.get(f"{base}/report", params={"tool": "openai"}).json()
        assert (report["num_rows"], report["tokens"]) == (3, None)
        assert "OpenAI takes 10 rows or more, and these are 3." in report["warnings"]
        refused = client.get(base, params={"tool": "openai", "type": "unpaired_preference"})
        assert "OpenAI does not read" in refused.json()["error"]["message"]


def test_an_exporter_of_ones_own_is_offered_and_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    registry.import_all()
    monkeypatch.setattr(Exporter, "registry", dict(Exporter.registry))

    class BetterThan(Exporter):
        title = "Better Than"
        reads = {DatasetType.preference: {"question": "string", "better": "string", "than": "string"}}
        beside_name = "about.txt"

        def values(self, row: TrainingRow, type: DatasetType) -> tuple[str, ...]:
            return tuple(turns[-1]["content"] for turns in (row.messages, row.answer, row.rejected))

        def beside(self, file: str, type: DatasetType, *, longest: int | None = None) -> str:
            return f"{file} holds {type}"

    assert tool_rows.offered()[1:4:2] == [("axolotl", "axolotl"), ("LLaMA-Factory", "llama_factory")]
    assert ("Better Than", "better_than") in tool_rows.offered()
    accounts.local_owner()
    _, dataset, viewer = make_pairs()
    with site.with_token(viewer) as client:
        base = f"/api/v1/datasets/{dataset.id}/export"
        answer = client.get(base, params={"tool": "better_than"})
        assert json.loads(answer.text.split("\n")[0]) == {"question": "1", "better": "1 2 3", "than": "4"}
        refused = client.get(base, params={"tool": "better_than", "format": "parquet"})
        assert "Files for Better Than are written as jsonl" in refused.json()["error"]["message"]
        unknown = client.get(base, params={"tool": "worse_than"})
        assert unknown.status_code == 422
        assert "better_than" in unknown.json()["error"]["message"], "the known ones are named"
    out = tmp_path / "pairs.jsonl"
    command = ["export", str(dataset.id), "--out", str(out), "--tool", "better_than"]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert (tmp_path / "pairs.about.txt").read_text() == "pairs.jsonl holds preference"


def test_the_shell_writes_beside(tmp_path: Path) -> None:
    accounts.local_owner()
    _, dataset, _ = make_pairs()
    out = tmp_path / "pairs.jsonl"
    for tool in ("llama_factory", "axolotl"):
        command = ["export", str(dataset.id), "--out", str(out), "--tool", tool, "--json"]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["tool"] == tool
    card = tmp_path / "card.md"
    command = ["export", str(dataset.id), "--out", str(out), "--tool", "openai", "--card", str(card)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert "preferred" in card.read_text()
    assert "margin" not in card.read_text()
    assert json.loads((tmp_path / "dataset_info.json").read_text())["pairs"]["ranking"] is True
    assert 'path: "pairs.jsonl"' in (tmp_path / "pairs.axolotl.yaml").read_text()
