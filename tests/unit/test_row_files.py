"""Files of rows: chunks that end by bytes, cells that are no formulas, parts that do not stay."""

import csv
import io
import json
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from backend import private, row_files, whole_files
from backend.config import settings
from backend.row_files import as_json, at_once, in_cell, write


def test_a_few_long_rows_are_as_many_as_many_short_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_files, "BYTES_AT_ONCE", 10)
    columns = {"id": "int64", "text": "string", "turns": "messages"}
    rows = [(1, "abcdef", []), (2, None, [{"role": "user", "content": "ghij"}]), (3, "k", []), (4, None, [])]
    assert [[row[0] for row in some] for some in at_once(rows, columns)] == [[1, 2], [3, 4]]
    monkeypatch.setattr(row_files, "ROWS_AT_ONCE", 1)
    assert [len(some) for some in at_once(rows, columns)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;=HYPERLINK(1)", "a;'=HYPERLINK(1)"),
        ('a\t"+1', "a\t'\"+1"),
        ("=1;-2", "'=1;'-2"),
        ("a; b, -1 = c\n- d", "a; b, -1 = c\n- d"),
    ],
)
def test_no_cell_is_a_formula_where_a_spreadsheet_splits_elsewhere(text: str, cell: str) -> None:
    assert in_cell(text) == cell


def test_cells_of_text_are_quoted(tmp_path: Path) -> None:
    columns = {"id": "int64", "text": "string", "none": "string", "score": "float64", "is": "bool"}
    write(tmp_path / "x.csv", "csv", iter([(1, "a", None, 2.5, True)]), columns)
    assert (tmp_path / "x.csv").read_text().splitlines()[1] == '1,"a","",2.5,"true"'


def test_what_is_no_number_is_null_and_names_are_written_as_they_are() -> None:
    line = as_json({"100 %s": "float64", "n": "float64"})((float("nan"), float("-inf")))
    assert json.loads(line) == {"100 %s": None, "n": None}


def written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_rows_are_written_as_the_standard_library_writes_them(tmp_path: Path) -> None:
    columns = {
        "id's {x} \\": "int64",
        "t": "string",
        "j": "json",
        "m": "messages",
        "f": "float64",
        "b": "bool",
    }
    texts = ['"', "\\n\n\r\t", "\x00\x01\x1f\x7f", "\u2028 \N{GRINNING FACE} \u00e9", "a,b;c", "{v1} %s", "", "  ", "'"]
    rows: list[Any] = [
        (2**62 + n, text, written({"a": [text]}), [{"role": "user", "content": text}], 0.1 * 10**n, n % 2 == 0)
        for n, text in enumerate(texts)
    ]
    rows += [(n, "", "0", [], share, True) for n, share in enumerate((float("nan"), float("inf"), -0.0, 5e-324))]
    rows.append((0, None, None, [], None, None))
    formats: tuple[row_files.Format, ...] = ("jsonl", "csv", "parquet")
    for format in formats:
        assert write(tmp_path / format, format, iter(rows), columns) == len(rows)
    objects = [dict(zip(columns, row, strict=True)) for row in rows]
    stored = parquet.read_table(tmp_path / "parquet")
    assert stored.schema == row_files.schema(columns)
    assert [written(row) for row in stored.to_pylist()] == [written(row) for row in objects], "NaN is told apart so"
    finite = [None if row["f"] is None or not isfinite(row["f"]) else row["f"] for row in objects]
    objects = [
        row | {"j": row["j"] and json.loads(row["j"]), "f": share} for row, share in zip(objects, finite, strict=True)
    ]
    assert (tmp_path / "jsonl").read_bytes() == "".join(f"{written(row)}\n" for row in objects).encode()
    expected = io.StringIO()
    table = csv.writer(expected, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(columns)
    for number, text, object_, messages, share, is_even in rows:
        even = None if is_even is None else json.dumps(is_even)
        table.writerow([number, text and in_cell(text), object_ and in_cell(object_), written(messages), share, even])
    assert (tmp_path / "csv").read_bytes() == expected.getvalue().encode()
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "half", "jsonl", iter([(1, "\ud800")]), {"id": "int64", "text": "string"})
    assert not (tmp_path / "half").exists()


def test_a_killed_process_s_part_goes_and_another_file_s_stays(tmp_path: Path) -> None:
    left, other = tmp_path / ".part-samples-1.csv-abc", tmp_path / ".part-samples-11.csv-abc"
    for part in (left, other):
        part.touch()
    whole_files.forget_parts(tmp_path / "samples-1.csv")
    assert [path.name for path in tmp_path.iterdir()] == [other.name]


def test_a_group_may_read_where_it_is_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = settings().model_copy(update={"group_access": True})
    monkeypatch.setattr(private, "settings", lambda: shared)
    write(tmp_path / "x.csv", "csv", iter([(1,)]), {"id": "int64"})
    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o660
