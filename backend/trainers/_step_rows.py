"""Rows of steps: texts that go on from a prompt ending with the assistant's words, and need not end its turn.

TRL would begin a new turn after such a prompt and end it after each text. Here a row's tokens are those that the model
saw and wrote when it was sampled, with the end of the turn only behind a text that ended there.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.engines import _chat, answered, is_continued
from backend.values import GOES_ON, Messages

if TYPE_CHECKING:
    from datasets import Dataset
    from trl.trainer.dpo_trainer import DPOTrainer

    from backend.trainers._inputs import Row

SIDES = ("chosen", "rejected")


def are_steps(rows: "Sequence[Row]") -> bool:
    """Whether any row's text goes on from the assistant's words, or is not the end of its turn."""
    return any(is_continued(row.columns["prompt"]) or row.notes.get(GOES_ON) for row in rows)


def pairs(tokenizer: Any, rows: "Sequence[Row]", most: int) -> "Dataset":
    """Return the rows of pairs as DPOTrainer tokenizes them, without those whose prompt has `most` tokens or more.

    Raises `StopIteration` where none is left, and one of `_chat.REFUSALS` where the template refuses a row.
    """
    from datasets import Dataset

    rows_made = []
    prompts: list[Messages] = [row.columns["prompt"] for row in rows]
    sides = {side: _ids(tokenizer, prompts, rows, side) for side in SIDES}
    for number, row in enumerate(rows):
        (prompt, chosen), (_, rejected) = (sides[side][number] for side in SIDES)
        if len(prompt) < most:
            others = {name: value for name, value in row.columns.items() if name not in ("prompt", *SIDES)}
            rows_made.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected} | others)
    if not rows_made:
        raise StopIteration
    return Dataset.from_list(rows_made)


def _ids(
    tokenizer: Any, prompts: Sequence[Messages], rows: "Sequence[Row]", side: str
) -> list[tuple[list[int], list[int]]]:
    """The token ids of each prompt and of the text on one side of its row."""
    pattern = _chat.special_texts(tokenizer)
    texts: list[str] = [row.columns[side][0]["content"] for row in rows]
    wholes = [answered(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
    open_ones = _chat.encode(tokenizer, pattern, wholes)
    closed = _chat.encode_closed(tokenizer, pattern, prompts, texts)
    ids_of_sides = []
    split = _chat.encode_answers(tokenizer, pattern, prompts, texts)
    for row, (head, tail), is_open, is_closed in zip(rows, split, open_ones, closed, strict=True):
        end = is_closed[len(is_open) :] if is_closed[: len(is_open)] == is_open else [tokenizer.eos_token_id]
        ids_of_sides.append((head, tail if side in row.notes.get(GOES_ON, ()) else tail + end))
    return ids_of_sides


def as_given(trainer: "type[DPOTrainer]") -> "type[DPOTrainer]":
    """Return the subclass that takes rows which are tokenized."""
    base: Any = trainer

    class AsGiven(base):
        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            return dataset

    return AsGiven
