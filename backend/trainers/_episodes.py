"""Rows of episodes: several turns after the prompt, of which only the assistant's are learned.

TRL's `completion_only_loss` would train on all that stands behind the prompt, and its `assistant_only_loss` needs a
chat template with generation marks, which few models have. So the labels are made here: a turn by the assistant is what
the template writes between the chat before it, an answer being due, and the chat with it. What the environment says has
no labels. Rows become `input_ids` and `labels`, which TRL takes as they are (TRL docs, "SFT Trainer").
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.trainers._texts import IGNORED, ROW
from backend.values import JSON, Failure, FailureKind, Messages
from backend.values.episodes import ASSISTANT

if TYPE_CHECKING:
    from backend.trainers._inputs import LeftOut, Row

UNSTEADY = (
    "The chat template writes an earlier turn of this episode otherwise once later turns follow, so that it is not "
    "what the policy wrote. Train on single steps (episode_steps), or choose a model whose template keeps all turns."
)


def are_episodes(rows: "Sequence[Row]") -> bool:
    """Whether any row has several turns after its prompt."""
    return any(len(row.columns.get("completion", ())) > 1 for row in rows)


def labelled(tokenizer: Any, prompt: Messages, turns: Messages) -> tuple[list[int], list[int]] | None:
    """Return the tokens of the whole chat, and their labels; None where the template does not keep earlier turns."""
    whole = _ids(tokenizer, [*prompt, *turns], is_open=False)
    labels = [IGNORED] * len(whole)
    for place, turn in enumerate(turns):
        if turn["role"] != ASSISTANT:
            continue
        start = _ids(tokenizer, [*prompt, *turns[:place]], is_open=True)
        end = _ids(tokenizer, [*prompt, *turns[: place + 1]], is_open=False)
        if whole[: len(start)] != start or whole[: len(end)] != end:
            return None
        labels[len(start) : len(end)] = whole[len(start) : len(end)]
    return whole, labels


def unsteady(tokenizer: Any, rows: "Sequence[Row]") -> "LeftOut":
    """Rows whose earlier turns the chat template does not write as they were when the policy saw them."""
    failure = Failure(FailureKind.template, UNSTEADY)
    return {
        row.number: failure
        for row in rows
        if labelled(tokenizer, row.columns["prompt"], row.columns["completion"]) is None
    }


def tokenized(tokenizer: Any, rows: Sequence[JSON], most: int) -> list[JSON]:
    """Return the tokens of each row, cut at so many, with labels; rows of which nothing is left to learn are dropped.

    Raises `StopIteration` where none is left, as TRL does.
    """
    rows_made = []
    for number, row in enumerate(rows):
        pieces = labelled(tokenizer, row["prompt"], row["completion"])
        ids, labels = pieces or ([], [])
        if any(label != IGNORED for label in labels[:most]):
            others = {name: value for name, value in row.items() if name not in ("prompt", "completion")}
            rows_made.append({"input_ids": ids[:most], "labels": labels[:most], ROW: number} | others)
    next(iter(rows_made))
    return rows_made


def _ids(tokenizer: Any, chat: Messages, *, is_open: bool) -> list[int]:
    return list(tokenizer.apply_chat_template(chat, add_generation_prompt=is_open, tokenize=True, return_dict=False))
