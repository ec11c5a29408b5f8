"""Two readers of a file, each of whom wants every second slice of its rows, read all of them and none twice."""

import json
from pathlib import Path

import pytest

from backend.services.prompts.files import open_file

ROWS = [{"prompt": f"{n}\u2028 \u65e5\n", "n": n} for n in range(23)]
LINES = "".join(json.dumps(row) + "\n" * (1 + row["n"] % 3) for row in ROWS)  # type: ignore[operator]
FILES = {
    "blank lines.jsonl": LINES,
    "broken.jsonl": LINES + '{"prompt": \n' + LINES,
    "wrapped.jsonl": json.dumps({"data": ROWS}),
    "late.jsonl": "\n" * 9 + json.dumps({"data": ROWS}),
    "columns.jsonl": json.dumps({name: [row[name] for row in ROWS] for name in ("prompt", "n")}),
    "late columns.jsonl": "\n" * 6 + json.dumps({name: [row[name] for row in ROWS] for name in ("prompt", "n")}),
    "array.json": json.dumps(ROWS, indent=1),
    "table.csv": "prompt,n\n" + "".join(f'"{n}\n, ""x""",{n}\n' for n in range(23)),
}


@pytest.mark.parametrize("name", FILES)
def test_halves_are_the_whole(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FILES[name])
    whole = list(open_file(path).rows())
    halves = [list(open_file(path).rows(lambda number, turn=turn: number // 4 % 2 == turn)) for turn in (0, 1)]  # type: ignore[misc]
    assert len(whole) >= 23
    assert sorted([*halves[0], *halves[1]], key=lambda row: row[0]) == whole
