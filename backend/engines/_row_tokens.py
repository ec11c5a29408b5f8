"""`python -m backend.engines._row_tokens MODEL`: how many tokens rows have, by a model's tokenizer and chat template.

Each line of standard input is a row: a list of whole chats (of a pair two), or one text. At the end it writes numbers
as JSON. In a process of its own, since a chat template is a program; no weights are loaded.
"""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from backend.errors import EngineError, RondoError
from backend.values import Messages

AT_ONCE = 200
ASKED = list[Messages] | str


@dataclass(frozen=True)
class RowTokens:
    """Tokens of whole rows; of a pair those of its longer side. `context`: what the model was made for, where known.

    `refused`: rows that the chat template does not take, the first with its `reason`.
    """

    rows: int
    total: int
    longest: int
    context: int | None
    over: int
    refused: int
    reason: str


def count(model: str, rows: IO[bytes], seconds: float) -> RowTokens:
    """Count in a process of its own; raises `EngineError` with its last word, or where it takes longer."""
    with tempfile.TemporaryFile() as lines:
        command = [sys.executable, "-m", "backend.engines._row_tokens", model, str(seconds)]
        is_late = False
        with subprocess.Popen(
            command, stdin=rows, stdout=subprocess.PIPE, stderr=lines, start_new_session=True
        ) as process:
            try:
                written, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                is_late = True
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if is_late:
            raise EngineError(
                f"The tokens of the rows were not counted within {seconds:g} seconds. Count by another checkpoint, or "
                "by none."
            )
        lines.seek(0)
        last = (lines.read().decode(errors="replace").strip().splitlines() or ["no word"])[-1][:300]
    numbers = json.loads(written) if process.returncode == 0 else {}
    if "error" in numbers:
        raise EngineError(numbers["error"])
    if not numbers:
        raise EngineError(f"The tokens of the rows could not be counted: {last}. Choose another checkpoint, or none.")
    return RowTokens(**numbers)


def main() -> int:
    """Read rows to the end, then say what they are."""
    signal.alarm(math.ceil(float(sys.argv[2])) + 1)  # a template may never end, and whoever asked may be dead
    try:
        numbers = vars(counted(sys.argv[1], sys.stdin))
    except RondoError as error:
        numbers = {"error": error.message}
    json.dump(numbers, sys.stdout)
    return 0


def counted(model: str, lines: Iterable[str]) -> RowTokens:
    """The numbers of rows, each a line of JSON; raises what loading a tokenizer does."""
    from backend.engines import _chat, _weights

    located = _weights.locate(model)
    _weights.prepare_libraries()
    tokenizer = _weights.load_tokenizer(located)
    pattern, context = _chat.special_texts(tokenizer), _context(located, tokenizer)
    total = longest = over = refused = number = 0
    reason = ""
    for some in _some(lines):
        sides = [row if isinstance(row, list) else [row] for row in some]
        lengths, why = _lengths(model, tokenizer, pattern, [side for row in sides for side in row])
        reason = reason or why
        first = 0
        for row in sides:
            known = [lengths[n] for n in range(first, first + len(row)) if n in lengths]
            first += len(row)
            number += 1
            if len(known) < len(row):
                refused += 1
                continue
            total, longest = total + max(known), max(longest, *known)
            over += context is not None and max(known) > context
    return RowTokens(number, total, longest, context, over, refused, reason)


def _lengths(model: str, tokenizer: Any, pattern: Any, sides: list[Any]) -> tuple[dict[int, int], str]:
    """Tokens of each side by its place, without those that the template refuses; and why it refuses the first."""
    from backend.engines import _chat, _fitting

    texts = {n: len(tokenizer(side)["input_ids"]) for n, side in enumerate(sides) if isinstance(side, str)}
    places = [n for n in range(len(sides)) if n not in texts]
    asked, answers = [sides[n][:-1] for n in places], [sides[n][-1]["content"] for n in places]

    def encode(some: slice) -> list[list[int]]:
        return _chat.encode_closed(tokenizer, pattern, asked[some], answers[some])

    encoded, failures = _fitting.each(model, [sides[n] for n in places], encode)
    known = texts | {places[n]: len(ids) for n, ids in encoded.items()}
    return known, next((failure.reason for failure in failures.values()), "")


def _some(lines: Iterable[str]) -> Iterable[list[Any]]:
    rows = []
    for line in lines:
        rows.append(json.loads(line))
        if len(rows) == AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _context(located: str, tokenizer: Any) -> int | None:
    """What the model was made for; an adapter's is its base's."""
    from transformers import AutoConfig

    from backend.engines import _weights

    name = _weights.base_of(located) if _weights.is_adapter(located) else located
    config = AutoConfig.from_pretrained(name, **_weights.load_options())
    own = getattr(config.get_text_config(), "max_position_embeddings", None) or 10**9
    shortest = min(own, tokenizer.model_max_length)
    return int(shortest) if shortest < 10**9 else None


if __name__ == "__main__":
    sys.exit(main())
