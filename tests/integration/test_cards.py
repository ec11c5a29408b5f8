"""Cards for the model hub: heads that it reads, numbers of the rows, and nobody's name."""

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from backend.config import settings
from backend.db import session, tables
from backend.errors import NotFound
from backend.services.checkpoints import card_text, model_cards, model_folders
from backend.services.datasets import dataset_cards
from backend.values import DatasetType, Role, RoundStatus
from tests import rows
from tests.integration.test_checkpoints import decide

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
FUNNEL = [{"stage": "prompts", "count": 3, "dropped": {}}, {"stage": "kept", "count": 2, "dropped": {"no verdict": 1}}]
HASHES = {"recipe_hash": "b" * 64, "template_hashes": ["c" * 64], "libraries": {"trl": "1.16.0", "vllm": None}}


class Made:
    """A base with a license, and a checkpoint that a round made of it; Ottokar decided three times, once otherwise."""

    def __init__(self) -> None:
        self.project = rows.make_project("Sums | *and* more")
        self.actor = rows.make_actor(self.project, Role.viewer)
        folder = settings().folder / "models" / "base"
        folder.mkdir(parents=True)
        (folder / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: en\n---\n# A model\n")
        engine = {"name": "transformers", "model": "models/base", "adapter": None}
        self.base = rows.make_checkpoint(self.project, "base", location="models/base", engine=engine)
        self.checkpoint = rows.make_checkpoint(
            self.project, "round-1", parent=self.base, kind="adapter", engine=engine | {"adapter": "lora"}
        )
        self.round = rows.make_round(
            self.project, self.base, status=RoundStatus.done, checkpoint_id=self.checkpoint.id, seed=77
        )
        samples = rows.make_samples(self.round, rows.make_prompt_set(self.project))
        decide(rows.make_user("Ottokar"), samples[:3], overrides=1)
        chosen = [{"prompt_id": sample.prompt_id, "sample_id": sample.id} for sample in samples[:2]]
        self.dataset = rows.make_dataset(
            self.round,
            DatasetType.prompt_completion,
            chosen,
            funnel=FUNNEL,
            content_hash="a" * 64,
            provenance=HASHES,
        )
        with session() as db:
            numbers = {"name": "held_out_accuracy", "value": 0.625, "low": 0.5, "high": 0.75, "n": 40}
            place = {"project_id": self.project.id, "round_id": self.round.id, "checkpoint_id": self.checkpoint.id}
            db.add(tables.Metric(**place, **numbers))


def test_a_model_card_has_the_hubs_head_and_says_what_the_rows_say() -> None:
    from huggingface_hub import ModelCard

    here = Made()
    card = ModelCard(model_cards.of_checkpoint(here.actor, here.checkpoint.id))
    head = card.data
    assert (head.license, head.library_name, head.pipeline_tag) == ("apache-2.0", "peft", "text-generation")
    assert (head.base_model, head.tags) == (None, ["rondo", "self_rewarding"])
    [result] = head.eval_results
    assert (result.metric_type, result.metric_value) == ("held_out_accuracy", 0.625)
    assert result.dataset_name == "Held-out prompts of Sums | *and* more"
    for line in (
        "round-1 ← base",
        "| 1 | Self-Rewarding Language Models (arXiv 2401.10020) | base | the policy itself "
        "| 2 prompt completion rows | 3 (1 overrides) |",
        "| held out accuracy | 0.625 | 0.5 to 0.75 | 40 |",
        "1 person decided 3 times on its samples. 1 of their decisions differ",
        f"| dataset of round 1 | sha256 {'a' * 64} |",
        "| seed of round 1 | 77 |",
        "| libraries | trl 1.16.0 |",
        "| kept | 2 | 1 no verdict |",
        r"Sums \| \*and\* more",
    ):
        assert line in card.content, line
    assert "Ottokar" not in card.content
    of_base = model_cards.of_checkpoint(here.actor, here.base.id)
    assert not any(word in of_base for word in ("seed", "decided", "in rounds"))
    with pytest.raises(NotFound):
        model_cards.of_checkpoint(rows.make_actor(), here.checkpoint.id)


def test_the_card_of_a_merged_checkpoint_has_the_provenance_of_what_was_merged() -> None:
    here = Made()
    engine = {"name": "transformers", "model": "checkpoints/merged-7-x", "adapter": None}
    record = {"checkpoint_id": here.checkpoint.id, "adapter_hash": "d" * 64}
    merged = rows.make_checkpoint(
        here.project, "merged", parent=here.checkpoint, kind="full", engine=engine, details={"merge": record}
    )
    card = model_cards.of_checkpoint(here.actor, merged.id)
    for line in (
        "merged ← round-1 ← base",
        f"| dataset of round 1 | sha256 {'a' * 64} |",
        f"| recipe of the last round | sha256 {'b' * 64} |",
        f"| merged adapter | sha256 {'d' * 64} |",
        "| libraries | trl 1.16.0 |",
        "| kept | 2 | 1 no verdict |",
    ):
        assert line in card, line


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("team/model", "team/model"),
        ("models/gone", ""),
        ("checkpoints/round-3-x", ""),
        ("mine/gone", ""),
        ("gone", ""),
        ("gpt2", "gpt2"),
    ],
)
def test_a_folder_that_is_gone_is_no_name_on_the_hub(monkeypatch: pytest.MonkeyPatch, model: str, name: str) -> None:
    (settings().folder / "mine").mkdir(parents=True)
    monkeypatch.setattr(model_folders, "is_cached", lambda name: name == "gpt2")
    assert model_cards.hub_name({"name": "transformers", "model": model}) == name


def test_no_address_in_a_name_is_a_link() -> None:
    text = card_text.plain("![x](https://a.example) www.b.example &lt; mailto:c")
    assert text == r"\!\[x\](https\://a.example) www\.b.example \&lt; mailto\:c"


def test_a_dataset_card_has_the_hubs_head_and_says_what_the_rows_say() -> None:
    from huggingface_hub import DatasetCard

    here = Made()
    card = DatasetCard(dataset_cards.of_dataset(here.actor, here.dataset.id))
    head = card.data
    file = f"dataset-{here.dataset.id}-prompt_completion.jsonl"
    assert (head.license, head.size_categories) == ("unknown", ["n<1K"])
    assert head.configs == [{"config_name": "default", "data_files": [{"split": "train", "path": file}]}]
    assert "prompt-completion" in head.tags
    for line in ("| kept | 2 | 1 no verdict |", "1 person decided 2 times", f"sha256 {'a' * 64}", "| completion |"):
        assert line in card.content, line
    assert "Ottokar" not in card.content
    with pytest.raises(NotFound):
        dataset_cards.of_dataset(rows.make_actor(), here.dataset.id)


@pytest.mark.parametrize(
    ("count", "size"), [(0, "n<1K"), (999, "n<1K"), (1_000, "1K<n<10K"), (2 * 10**7, "10M<n<100M")]
)
def test_sizes_are_in_the_hubs_classes(count: int, size: str) -> None:
    assert dataset_cards.size_of(count) == size


@pytest.mark.parametrize(
    ("readme", "license"),
    [
        ("---\nlicense: mit\n---\n", "mit"),
        ("\ufeff---\r\nlicense: mit\r\n---\r\ntext", "mit"),
        ("---\nlicense: [Apache-2.0]\n---\n", "apache-2.0"),
        ("---\nlicense: [mit, other]\n---\n", ""),
        ("---\nlicense: 'mit\n  evil: 1'\n---\n", ""),
        ("---\n: :\n  - [\n---\n", ""),
        ("no head\n---\nlicense: mit\n---\n", ""),
        ("", ""),
    ],
)
def test_a_license_is_read_from_a_head_alone(readme: str, license: str) -> None:
    assert card_text.license_of(readme) == license


def test_the_shell_writes_a_card_beside_an_export(tmp_path) -> None:  # type: ignore[no-untyped-def]
    here = Made()
    out, card = tmp_path / "rows.jsonl", tmp_path / "README.md"
    run = CliRunner()
    done = run.invoke(app, ["export", str(here.dataset.id), "--out", str(out), "--card", str(card)])
    assert done.exit_code == 0, done.output
    assert "path: rows.jsonl" in card.read_text()
    refused = run.invoke(app, ["export", str(here.dataset.id), "--out", str(out), "--card", str(out)])
    assert refused.exit_code != 0
    shown = run.invoke(app, ["checkpoint", "card", "round-1"])
    assert shown.output.startswith("---\nlicense: apache-2.0\n")
