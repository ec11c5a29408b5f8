"""Plain texts: what is learned of them, by hand and as TRL does it."""

from pathlib import Path
from typing import Any

import pytest

from backend.trainers import _models, _rows, _run, _texts
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT
from tests.integration.trainers.losses import ONE_STEP, first_loss, first_metrics
from tests.integration.trainers.training import message, spec_for, train
from tests.tiny import make_tiny_model

TEXTS = [{"text": "a text"}, {"text": "another one, longer"}]
CHAT = {"messages": [*message("user", "1 + 1 ="), *message("assistant", "2")]}


@pytest.fixture(scope="module")
def tokenizer(tiny: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny)


def columns(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    results = []
    for line in lines:
        row, names = _texts.read(line, ("prompt", "completion"))
        results.append({name: row[name] for name in names})
    return results


def test_a_text_is_learned_whole_and_of_a_chat_the_answer(tokenizer: Any):
    entry, two = _texts.tokenized(columns(TEXTS[0], CHAT), tokenizer, 99, masks=True)
    assert entry["labels"] == entry["input_ids"]
    assert tokenizer.decode(entry["input_ids"]).endswith(f"a text{tokenizer.eos_token}")
    learned = [token for token, label in zip(two["input_ids"], two["labels"], strict=True) if label != _texts.IGNORED]
    assert tokenizer.decode(learned).strip().startswith("2")
    assert "1" not in tokenizer.decode(learned)
    (whole,) = _texts.tokenized(columns(CHAT), tokenizer, 99, masks=False)
    assert (whole["labels"], whole["input_ids"]) == (whole["input_ids"], two["input_ids"])


def test_a_long_text_is_learned_in_pieces_and_a_long_chat_is_cut(tokenizer: Any):
    rows = columns({"text": "abcdefg"}, CHAT)
    result = _texts.tokenized(rows, tokenizer, 3, masks=True)
    ids = tokenizer("abcdefg")["input_ids"]
    pieces = [entry["input_ids"] for entry in result if entry[_texts.ROW] == 0]
    assert [token for piece in pieces for token in piece][: len(ids)] == ids
    assert max(map(len, pieces)) == 3
    assert [len(entry["input_ids"]) for entry in result if entry[_texts.ROW] == 1] == [3]


def test_the_loss_of_texts_is_trls_own(tiny: Path, tmp_path: Path):
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    value = first_loss(SFT(**ONE_STEP), tiny, tmp_path / "ours", TEXTS, dataset_type="language_modeling")
    import datasets

    stock = SFTTrainer(
        str(tiny),
        train_dataset=datasets.Dataset.from_list(TEXTS),
        args=SFTConfig(
            output_dir=str(tmp_path / "stock"),
            max_steps=1,
            learning_rate=1e-9,
            per_device_train_batch_size=4,
            use_cpu=True,
            bf16=False,
            report_to="none",
            gradient_checkpointing=False,
            disable_tqdm=True,
            logging_steps=1,
            dataloader_pin_memory=False,
            save_strategy="no",
        ),
    )
    stock.train()
    assert value == pytest.approx(stock.state.log_history[0]["loss"], abs=1e-3)


def test_texts_and_chats_are_learned_together(tiny: Path, tmp_path: Path):
    """As many tokens as both have apart; a chat without its answer's tokens has none that is learned."""
    more = {"dataset_type": "language_modeling"}
    both = first_loss(SFT(**ONE_STEP), tiny, tmp_path / "both", [*TEXTS, CHAT], **more)
    texts = first_loss(SFT(**ONE_STEP), tiny, tmp_path / "texts", TEXTS, **more)
    chat = first_loss(SFT(**ONE_STEP), tiny, tmp_path / "chat", [CHAT], **more)
    assert min(texts, chat) < both < max(texts, chat)
    whole = first_loss(SFT(**ONE_STEP, answers_only=False), tiny, tmp_path / "whole", [CHAT], **more)
    assert whole != pytest.approx(chat, abs=1e-3)


def test_rows_are_counted_as_rows_and_left_out_with_their_reason(tiny: Path, tmp_path: Path):
    import json

    long = {"text": "abc" * 40}
    data = [long, {"text": "a<|eos|>"}, CHAT, {"messages": [*message("user", "x" * 90), *message("assistant", "2")]}]
    trainer = SFT(**ONE_STEP, max_length=60)
    final = train(trainer, tiny, tmp_path / "out", data=data, dataset_type="language_modeling")
    record = json.loads((final / "train.json").read_text())
    assert (record["rows"], record["rows_used"]) == (4, 2)
    assert [(number, kind) for number, kind, _ in record["left_out"]] == [(1, "special"), (3, "too_long")]


def test_the_rows_of_a_file_are_read_by_its_type(tiny: Path, tmp_path: Path):
    spec = spec_for(SoftTargetSFT(), tiny, tmp_path / "x", data=[*TEXTS, CHAT], dataset_type="language_modeling")
    rows = _rows.read(SoftTargetSFT(), spec)
    assert [sorted(row.columns) for row in rows] == [["text"], ["text"], ["completion", "prompt"]]
    assert rows[2].columns["completion"] == message("assistant", "2")


def test_the_pull_by_texts_of_a_teacher_is_logged(tiny: Path, tmp_path: Path):
    from backend.trainers.hidden_state_sft import HiddenStateSFT

    teacher = make_tiny_model(tmp_path / "teacher", hidden=16, layers=1, seed=9)
    train(HiddenStateSFT(**ONE_STEP), tiny, tmp_path / "out", data=TEXTS, reference=teacher)
    assert first_metrics(tmp_path / "out")["distance"] > 0


def test_pieces_of_a_packed_text_stand_for_no_row_that_was_dropped(tiny: Path, tmp_path: Path):
    from datasets import Dataset

    trainer = SFT(**ONE_STEP, packing=True, max_length=8)
    spec = spec_for(trainer, tiny, tmp_path / "out", data=TEXTS, dataset_type="language_modeling")
    weights = _models.load(trainer, spec)
    piece = {"input_ids": [5] * 8, "labels": [5] * 8, _texts.ROW: 0}
    dropped = {"input_ids": [5] * 8, "labels": [_texts.IGNORED] * 8, _texts.ROW: 1}
    fitted = trainer.build(_run.arguments(trainer, spec, weights), weights, Dataset.from_list([*[piece] * 3, dropped]))
    assert trainer.rows_kept(fitted, _rows.read(trainer, spec)) == 1
