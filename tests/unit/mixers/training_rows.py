"""Rows for tests of mixers."""

from typing import Any

from backend.values import Example, TrainingRow


def row(
    id: int, completion: str | None = None, *, prompt: int = 1, asked: str = "question", **changes: Any
) -> TrainingRow:
    """A row of sample `id`; its completion is `text id` unless given."""
    of_example = {name: changes.pop(name) for name in ("label", "rejected_id", "weight") if name in changes}
    return TrainingRow(
        Example(prompt, id, **of_example),
        [{"role": "user", "content": asked}],
        f"text {id}" if completion is None else completion,
        **changes,
    )


def ids(rows: list[TrainingRow]) -> list[int | None]:
    return [record.example.sample_id for record in rows]
