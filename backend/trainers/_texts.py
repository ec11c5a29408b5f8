"""Rows of TRL's type language modeling: plain texts, and conversations among them, as tokens and labels.

TRL takes a dataset of `input_ids` and `labels` as it is (TRL docs, "SFT Trainer"). It is made here because TRL's own
reading knows one kind of rows at a time, and cuts off what a text has beyond max_length: a document is learned whole
here, in pieces of that length.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from backend.values import JSON

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEXT = "text"
ROW = "row"
"""Column with the number, among the rows that are trained on, of the row that a piece belongs to."""
IGNORED = -100
"""The label of a token that is not learned."""


def read(row: JSON, columns: Sequence[str]) -> tuple[JSON, tuple[str, ...]]:
    """Return a row as a text, or as a prompt and its completion, and which of its columns are trained on.

    Raises `KeyError` or `TypeError` for a row that is neither.
    """
    others = tuple(column for column in columns if column not in ("prompt", "completion"))
    if "messages" not in row:
        return row, (TEXT, *others)
    messages = list(row["messages"])
    return row | {"prompt": messages[:-1], "completion": messages[-1:]}, ("prompt", "completion", *others)


def tokenized(
    rows: Sequence[JSON], tokenizer: "PreTrainedTokenizerBase", most: int, *, masks: bool
) -> list[dict[str, Any]]:
    """Return the tokens of each row in pieces of at most so many, with labels; further columns stand in each piece.

    A text ends with the end token, as in TRL. A conversation is written by the chat template and cut at the end; with
    `masks` the labels of all but its last message are `IGNORED`.
    """
    rows_made = []
    for number, row in enumerate(rows):
        others = {name: value for name, value in row.items() if name not in (TEXT, "prompt", "completion")}
        pieces = _of_text(row[TEXT], tokenizer, most) if TEXT in row else [_of_chat(row, tokenizer, most, masks)]
        rows_made += [{"input_ids": ids, "labels": labels, ROW: number} | others for ids, labels in pieces]
    return rows_made


def _of_text(text: str, tokenizer: Any, most: int) -> Iterator[tuple[list[int], list[int]]]:
    ids = list(tokenizer(text)["input_ids"])
    if not ids or ids[-1] != tokenizer.eos_token_id:
        ids.append(tokenizer.eos_token_id)
    for start in range(0, len(ids), most):
        piece = ids[start : start + most]
        if len(piece) > 1 or len(ids) == 1:  # a single token has no next one to be learned
            yield piece, piece


def _of_chat(row: JSON, tokenizer: Any, most: int, masks: bool) -> tuple[list[int], list[int]]:
    def ids(chat: Any, *, is_open: bool) -> list[int]:
        return list(
            tokenizer.apply_chat_template(chat, add_generation_prompt=is_open, tokenize=True, return_dict=False)
        )

    whole = ids(row["prompt"] + row["completion"], is_open=False)
    both = zip(ids(row["prompt"], is_open=True), whole, strict=False) if masks else ()
    asked = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))
    return whole[:most], [IGNORED] * min(asked, most) + whole[asked:most]
