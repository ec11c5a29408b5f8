"""`python -m backend.engines._hub_rows NAME CONFIG SPLIT REVISION FILE MOST`: rows of a dataset of the hub.

A process of its own: which hub is asked is fixed when its libraries are loaded. No code of the dataset is run, and no
file is read but the repository's own. Writes how many rows there are, now and then, and at its end one line of JSON.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AT_ONCE = 1_000
MOST_BYTES = 4_000_000_000


def rows_of(name: str, config: str, split: str, revision: str) -> Iterator[dict[str, Any]]:
    """The rows of one split, streamed; pictures and sounds are not opened."""
    from datasets import load_dataset_builder

    builder = load_dataset_builder(name, config or None, revision=revision or None, token=False)
    require_own(name, builder.config.data_files or {})
    dataset = builder.as_streaming_dataset(split=split)
    yield from dataset.decode(False)


def require_own(name: str, files: dict[Any, Any]) -> None:
    """Raise `ValueError` for a dataset whose card names files elsewhere: on this machine, or on another host."""
    own = f"hf://datasets/{name}@"
    others = [str(file) for several in files.values() for file in several if not str(file).startswith(own)]
    if others:
        raise ValueError(f"The dataset names a file that is not its own, {others[0][:200]!r}, so nothing is read.")


def write(name: str, config: str, split: str, revision: str, file: Path, most: int) -> dict[str, Any]:
    """Write the rows, at most so many; return how many, and whether there are more."""
    number = 0
    with file.open("w", encoding="utf-8") as out:
        for row in rows_of(name, config, split, revision):
            if number == most or out.tell() > MOST_BYTES:
                return {"num_rows": number, "is_cut": True}
            out.write(json.dumps(row, ensure_ascii=False, default=_other) + "\n")
            number += 1
            if number % AT_ONCE == 0:
                _tell(str(number))
    return {"num_rows": number, "is_cut": False}


def _other(value: Any) -> str | None:
    """What JSON does not know: times as they are written, and nothing of bytes."""
    return value.isoformat() if hasattr(value, "isoformat") else None


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    name, config, split, revision, file, most = sys.argv[1:]
    _tell(json.dumps(write(name, config, split, revision, Path(file), int(most))))


if __name__ == "__main__":
    main()
