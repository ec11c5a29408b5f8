"""Tables as rows: Parquet, Arrow files, and the folders that `datasets` saves to disk."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.errors import InvalidInput, NotFound
from backend.files import read_text, require_regular
from backend.services.prompts import parquet_limits
from backend.services.prompts.files import limits
from backend.services.prompts.files.limits import Notes, Row

STATE, SPLITS = "state.json", "dataset_dict.json"
LARGEST = 16 * 1024**3
"""Bytes of a file that is read at all: one with a hole in it may say any size, and would be read to its end."""
IPC_FILE, IPC_STREAM = b"ARROW1", b"\xff\xff\xff\xff"


def parquet(path: Path, notes: Notes) -> Iterator[Row]:
    """The rows of a Parquet file, numbered from 1."""
    with (
        _readable(path, "Parquet"),
        parquet_limits.opened(path, memory_map=True, buffer_size=limits.CHUNK, pre_buffer=False) as file,
    ):
        check_parquet(path, file.metadata)
        _check_columns(path, file.schema_arrow)
        yield from _numbered(file.iter_batches(limits.PARQUET_ROWS), notes)


def check_parquet(path: Path, metadata: Any) -> None:
    """Refuse an empty file and one that would unpack to more than any data folder should take."""
    if metadata.num_rows == 0:
        raise limits.empty(path)
    limits.check_unpacked(path, sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)))


def arrow(path: Path, notes: Notes) -> Iterator[Row]:
    """The rows of an Arrow file or stream, numbered from 1."""
    with _readable(path, "Arrow"):
        yield from _numbered(_ipc(path), notes)


def folder(path: Path, notes: Notes) -> Iterator[Row]:
    """The rows of a folder made by `save_to_disk`; raises `InvalidInput` for a folder that is something else."""
    if (path / SPLITS).is_file():
        raise InvalidInput(
            f"{path.name} holds several splits: {', '.join(splits(path))}. Choose one of these folders in it."
        )
    files = _shards(path)
    with _readable(path, "a saved dataset"):
        yield from _numbered((batch for file in files for batch in _ipc(file)), notes)


def splits(path: Path) -> list[str]:
    """The names of the splits of a saved dataset that has several."""
    return sorted(p.name for p in path.iterdir() if (p / STATE).is_file())


def _shards(path: Path) -> list[Path]:
    """The folder's files, in the order its state names them."""
    try:
        state = json.loads(read_text(path / STATE))
        names = [str(file["filename"]) for file in state["_data_files"]]
    except (NotFound, OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path.name} is no folder that `save_to_disk` made: its {STATE} cannot be read. Choose a file, or such a "
            "folder."
        ) from error
    files = [path / name for name in names]
    if any(file.parent != path or file.is_symlink() or not file.is_file() for file in files):
        raise InvalidInput(f"{path.name} is not complete: a file that its {STATE} names is not in it. Save it again.")
    for file in files:
        require_regular(file, LARGEST)
    return files


def _ipc(path: Path) -> Iterator[Any]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as file:
        is_file = file.read(6) == IPC_FILE
        file.seek(0)
        reader = pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)
        _check_columns(path, reader.schema)
        batches = (reader.get_batch(i) for i in range(reader.num_record_batches)) if is_file else reader
        for batch in batches:
            # Offsets are taken as the file has them: unchecked, wrong ones would read past the end of it.
            batch.validate(full=True)
            for start in range(0, batch.num_rows, limits.PARQUET_ROWS):
                yield batch.slice(start, limits.PARQUET_ROWS)


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file into an `InvalidInput`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = (str(error).splitlines() or ["no reason given"])[0]
        raise InvalidInput(
            f"{path.name} cannot be read as {what} ({why}). It may be cut off; nothing was imported. Write it again."
        ) from error


def _check_columns(path: Path, schema: Any) -> None:
    if twice := next((name for name in schema.names if schema.names.count(name) > 1), None):
        raise InvalidInput(
            f"{path.name} has two columns named {twice!r}. Give each its own name, then import it again."
        )


def _numbered(batches: Iterator[Any], notes: Notes) -> Iterator[Row]:
    number = 0
    for batch in batches:
        for row in _rows(_castable(batch), notes):
            number += 1
            yield number, row
    if not number:
        raise InvalidInput("The file is empty. Choose a file with at least one row.")


def _castable(batch: Any) -> Any:
    """The batch with dates and times as text, so that no precision is lost and no date is out of Python's range."""
    import pyarrow as pa
    import pyarrow.types as kinds

    for place, field in enumerate(batch.schema):
        if kinds.is_timestamp(field.type) or kinds.is_date(field.type) or kinds.is_time(field.type):
            # The zone of a timestamp would need a time zone database; its wall clock in UTC does not.
            column, type_ = batch.column(place), field.type
            if kinds.is_timestamp(type_) and type_.tz:
                column = column.cast(pa.timestamp(type_.unit))
                texts = pa.array(
                    [None if t is None else t + "Z" for t in column.cast(pa.string()).to_pylist()], pa.string()
                )
            else:
                texts = column.cast(pa.string())
            batch = batch.set_column(place, field.name, texts)
        elif kinds.is_float16(field.type) or kinds.is_float32(field.type):
            shortest = [
                None if v is None else float(str(v)) for v in batch.column(place).to_numpy(zero_copy_only=False)
            ]
            nulls = batch.column(place).is_null().to_pylist()
            values = [None if is_null else v for v, is_null in zip(shortest, nulls, strict=True)]
            batch = batch.set_column(place, field.name, pa.array(values, pa.float64()))
    return batch


def _rows(batch: Any, notes: Notes) -> Iterator[dict[str, Any] | str]:
    """The batch's rows as Python values; a row with a value that Python cannot hold is left out, with the reason."""
    plain = [_is_plain(field.type) for field in batch.schema]
    try:
        values = batch.to_pylist()
    except (ValueError, OverflowError):
        values = [_alone(batch.slice(place, 1)) for place in range(batch.num_rows)]
    if all(plain):
        yield from values
        return
    mended = [name for name, is_plain in zip(batch.schema.names, plain, strict=True) if not is_plain]
    for row in values:
        if isinstance(row, dict):
            for name in mended:
                if row[name] is not None:
                    row[name] = _value(row[name], name, notes)
        yield row


def _is_plain(type_: Any) -> bool:
    """Whether a column's values are texts or whole numbers, which need no look."""
    import pyarrow.types as kinds

    return kinds.is_string(type_) or kinds.is_large_string(type_) or kinds.is_integer(type_) or kinds.is_boolean(type_)


def _alone(row: Any) -> dict[str, Any] | str:
    try:
        return row.to_pylist()[0]  # type: ignore[no-any-return]
    except UnicodeDecodeError:
        return "a text is not UTF-8; write the file as UTF-8"
    except (ValueError, OverflowError) as error:
        return f"a value cannot be read: {error}"


def _value(value: Any, name: str, notes: Notes) -> Any:
    """A cell as JSON can hold it: NaN as missing, bytes as text, decimals and dates as they are written."""
    if isinstance(value, float):
        if value != value:
            notes.add(f"In column {name!r} NaN is taken as missing")
            return None
        return value
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, bytes):
        return _text(value, name, notes)
    if isinstance(value, dict):
        return {key: _value(inner, name, notes) for key, inner in value.items()}
    if isinstance(value, list):
        if value and isinstance(value[0], tuple):  # a map
            return {str(key): _value(inner, name, notes) for key, inner in value}
        return [_value(inner, name, notes) for inner in value]
    return str(value)


def _text(value: bytes, name: str, notes: Notes) -> str | bytes | dict[str, str]:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        notes.add(f"Column {name!r} holds bytes that are no text; as metadata they are kept as base64")
        return {"base64": base64.b64encode(value).decode()}
    notes.add(f"Column {name!r} holds bytes, which are read as UTF-8 text")
    return text
