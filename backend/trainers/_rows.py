"""The rows of a dataset, and which of them cannot be trained on: those are left out one by one, with the reason."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.engines import _chat, is_continued
from backend.errors import InvalidInput
from backend.trainers import TrainSpec, _texts
from backend.trainers._inputs import LeftOut, Row
from backend.trainers._knobs import TRLKnobs
from backend.values import DatasetType, Failure, FailureKind

if TYPE_CHECKING:
    from datasets import Dataset


def read(trainer: TRLKnobs, spec: TrainSpec) -> list[Row]:
    """Read the dataset's rows, the needed columns only."""
    if spec.dataset_type not in trainer.takes:
        raise InvalidInput(
            f"The trainer {trainer.name} trains on {trainer.trains_on} data, but the dataset is {spec.dataset_type}. "
            "Choose a trainer that fits."
        )
    rows = []
    with Path(spec.dataset).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            try:
                row = {"weight": 1.0} | json.loads(line)
                columns = trainer.columns
                if spec.dataset_type == DatasetType.language_modeling:
                    row, columns = _texts.read(row, columns)
                notes = {column: row[column] for column in trainer.notes if column in row}
                rows.append(Row(number, {column: row[column] for column in columns}, notes))
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInput(
                    f"Line {number + 1} of {spec.dataset} is not a row with {', '.join(trainer.columns)}: {error!r}. "
                    "Freeze the dataset again."
                ) from error
    if not rows:
        raise InvalidInput("The dataset is empty, so there is nothing to train on. Loosen the selector.")
    if trainer.keeps_order:
        random.Random(spec.seed).shuffle(rows)
    return rows


def without(rows: Sequence[Row], left_out: Mapping[int, Failure]) -> list[Row]:
    """The rows that are not left out, in order; raises `InvalidInput` if none is."""
    kept = [row for row in rows if row.number not in left_out]
    if not kept:
        reason = next(iter(left_out.values())).reason
        raise InvalidInput(f"All {len(rows)} rows had to be left out. The first: {reason}")
    return kept


def special(tokenizer: Any, rows: Sequence[Row]) -> LeftOut:
    """Rows in which somebody wrote a special token in letters: TRL would read it as the token itself."""
    pattern = _chat.special_texts(tokenizer)
    reason = (
        f"The row holds a special token of the model, such as {tokenizer.eos_token}, in letters. Training would take "
        "it for the token itself. Remove it from the prompt or the text; the chat template adds its own."
    )
    failure = Failure(FailureKind.special, reason)
    return {row.number: failure for row in rows if any(_chat.holds_special(pattern, chat) for chat in row.texts)}


def refused(tokenizer: Any, model: str, rows: Sequence[Row]) -> LeftOut:
    """Rows whose messages the chat template refuses."""
    failures = {}
    for row in [row for row in rows if row.chats]:
        prompt, *answers = row.chats
        for answer in answers or [[]]:  # of rows that are prompts alone, the prompt
            try:
                tokenizer.apply_chat_template(prompt + answer, tokenize=False)
            except _chat.REFUSALS as error:
                failures[row.number] = Failure(FailureKind.template, _chat.refusal(model, prompt + answer, error))
    return failures


def too_long(tokenizer: Any, rows: Sequence[Row], most: int, *, whole: bool = False) -> LeftOut:
    """Rows that TRL drops: whose prompt alone fills max_length, or of which a whole text is longer than it."""
    failures = {}
    for row in [row for row in rows if row.chats]:
        prompt, *answers = row.chats
        chats = [prompt + answer for answer in answers] if whole else [prompt]
        goes_on = is_continued(prompt) and not whole
        form = {"add_generation_prompt": not (whole or goes_on), "continue_final_message": goes_on}
        longest = max(
            len(tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False, **form)) for chat in chats
        )
        if longest > most or (longest == most and not whole):
            what = "A text of the row, with its prompt," if whole else "The prompt of the row"
            reason = f"{what} has {longest:,} tokens, and max_length is {most:,}."
            failures[row.number] = Failure(FailureKind.too_long, f"{reason} Raise max_length, or shorten the prompt.")
    return failures


def prompt_length(tokenizer: Any, prompt: Any) -> int:
    """Tokens of a prompt as the chat template writes it before an answer."""
    return len(tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=True, return_dict=False))


def fitting(dataset: "Dataset", tokenizer: Any, most: int) -> "Dataset":
    """The rows whose prompt leaves room, for TRL trainers that do not drop the others themselves.

    Raises `StopIteration` where none is left, as those do that drop them.
    """
    kept = dataset.filter(lambda row: prompt_length(tokenizer, row["prompt"]) < most)
    next(iter(kept))
    return kept


def longest(dataset: "Dataset", tokenizer: Any) -> int:
    """Tokens of the longest prompt."""
    return max(prompt_length(tokenizer, prompt) for prompt in dataset["prompt"])


def to_json(left_out: Mapping[int, Failure]) -> list[list[Any]]:
    """Number, kind and reason of each row that was left out, in order."""
    return [[number, failure.kind, failure.reason] for number, failure in sorted(left_out.items())]
