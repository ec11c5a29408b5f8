"""Files as rows: line numbers, limits, and what is refused."""

import json
from pathlib import Path

import pytest

from backend.errors import InvalidInput
from backend.services.prompts.files import limits, open_file, read


def rows(tmp_path: Path, content: str | bytes, name: str = "file") -> list[tuple[int, object]]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read(path))


def test_blank_lines_count_but_are_no_rows(tmp_path: Path) -> None:
    assert rows(tmp_path, '\n{"a": 1}\r\n\r\n{"a": 2}', "x.jsonl") == [(2, {"a": 1}), (4, {"a": 2})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "this is a list"),
        ("3", "this is a number"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        ('{"b": [{"a": 1, "a": 3}]}', "the key 'a' stands twice"),
        ('{"a": 1} x', "more text after the object, at column 9"),
        ('{"a": "b', "broken JSON: Unterminated string starting at column 7"),
        ('{"a": ' + "1" * 5000 + "}", "Exceeds the limit"),
        ('{"a": ' + "[" * 100_000, "broken JSON"),
    ],
)
def test_a_bad_line_has_a_reason_and_the_next_is_read(tmp_path: Path, line: str, reason: str) -> None:
    (number, bad), good = rows(tmp_path, f'{line}\n{{"a": 1}}\n', "x.jsonl")
    assert number == 1
    assert isinstance(bad, str)
    assert reason in bad
    assert good == (2, {"a": 1})


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
def test_an_array_is_read_in_pieces_of_any_size(tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHUNK", chunk)
    values = [{"prompt": f"é🙂\n{i}", "n": [i, {"x": "]},{"}]} for i in range(20)]
    records = rows(tmp_path, json.dumps(values, indent=2, ensure_ascii=False))
    assert [row for _, row in records] == values
    assert [number for number, _ in records][:3] == [1, 2, 3]
    assert rows(tmp_path, "[]") == []
    assert rows(tmp_path, '[{"a": 1}, 2]') == [(1, {"a": 1}), (2, "a JSON object is needed, this is a number")]


@pytest.mark.parametrize("content", ['[{"a": 1}', '[{"a": 1} {"b": 2}]', '[{"a": 1},', '[{"a" 1}]', '[{"a": "\\q"}]'])
def test_a_broken_array_is_refused_with_its_line(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidInput, match="on line 3"):
        rows(tmp_path, "\n\n" + content)


def test_a_line_over_the_limit_is_skipped_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROW_BYTES", 1000)
    monkeypatch.setattr(limits, "CHUNK", 64)
    long = json.dumps({"a": "x" * 5000})
    records = rows(tmp_path, f'{{"a": 1}}\n{long}\n{{"a": 2}}\n', "x.jsonl")
    assert [(line, isinstance(row, str)) for line, row in records] == [(1, False), (2, True), (3, False)]
    with pytest.raises(InvalidInput, match="line 2: longer than"):
        rows(tmp_path, f"prompt\n{'x' * 5000}\n", "x.csv")
    with pytest.raises(InvalidInput, match="breaks in the row that starts on line 1"):
        rows(tmp_path, f"[{long}]")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_finds_its_delimiter(tmp_path: Path, delimiter: str) -> None:
    records = rows(tmp_path, f'a{delimiter}b\n"1 ""x""\n2"{delimiter}3\n\n4{delimiter}5\n')
    assert records == [(2, {"a": '1 "x"\n2', "b": "3"}), (5, {"a": "4", "b": "5"})]


def test_a_cut_off_parquet_file_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"prompt": [f"p{i}" for i in range(1000)]}), path)
    whole = path.read_bytes()
    assert len(rows(tmp_path, whole)) == 1000
    for size in (10, len(whole) // 2, len(whole) - 1):
        with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
            rows(tmp_path, whole[:size])
    damaged = bytearray(whole)
    damaged[4:200] = b"\xff" * 196
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        rows(tmp_path, bytes(damaged))


def test_a_parquet_file_that_would_fill_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"prompt": ["x" * 100_000] * 100}), path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 50_000
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 1_000_000)
    with pytest.raises(InvalidInput, match="would unpack to"):
        list(read(path))


def test_numbers_are_kept_as_they_are_written_and_missing_ones_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1.50, "b": 1e400, "c": 0.1234567890123456789, "d": NaN, "e": 2.5, "f": -Infinity}\n')
    source = open_file(path)
    ((_, row),) = source.rows()
    assert isinstance(row, dict)
    assert {name: getattr(value, "text", value) for name, value in row.items()} == {
        "a": "1.50",
        "b": "1e400",
        "c": "0.1234567890123456789",
        "d": None,
        "e": "2.5",
        "f": "-Infinity",
    }
    assert row["e"] == 2.5
    assert source.notes.sentences() == ("NaN is taken as missing",)
