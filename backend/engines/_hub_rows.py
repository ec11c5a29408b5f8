"""`python -m backend.engines._hub_rows NAME CONFIG SPLIT REVISION FILE MOST`: rows of a dataset of the hub.

A process of its own: which hub is asked is fixed when its libraries are loaded. No code of the dataset is run, and no
file is asked for but the repository's own. Writes how many rows there are, now and then, and at its end one line of
JSON.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AT_ONCE = 1_000
MOST_BYTES = 4_000_000_000
NOT_OWN = re.compile(r"^\s*[/~\\]|\.\.|:")
"""A path that is absolute, leads out of its folder, or is an address of any kind."""
ELSEWHERE = "The dataset's card names a file that is not its own, so nothing is read."


def commit_of(name: str, revision: str) -> str:
    """The commit that a revision stands for now; empty: the newest."""
    from huggingface_hub import HfApi

    return str(HfApi().dataset_info(name, revision=revision or None, token=False).sha)


def rows_of(name: str, config: str, split: str, commit: str) -> Iterator[dict[str, Any]]:
    """The rows of one split, streamed; pictures and sounds are not opened."""
    from datasets import load_dataset_builder

    # Before the library is asked: it looks for the files that a card names wherever that is.
    for configs in _configs(name, commit):
        require_own(configs)
    builder = load_dataset_builder(name, config or None, revision=commit, token=False)
    own = f"hf://datasets/{name}@"
    files = [str(file) for several in (builder.config.data_files or {}).values() for file in several]
    if not all(file.startswith(own) for file in files):
        raise ValueError(ELSEWHERE)
    dataset = builder.as_streaming_dataset(split=split)
    yield from dataset.decode(False)


def _configs(name: str, commit: str) -> Iterator[Any]:
    """What the dataset's card, and the file that may stand beside it, say of its configurations."""
    import yaml
    from datasets import config
    from huggingface_hub import DatasetCard, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    for file in (config.REPOCARD_FILENAME, config.REPOYAML_FILENAME):
        try:
            path = hf_hub_download(name, file, repo_type="dataset", revision=commit, token=False)
        except EntryNotFoundError:
            continue
        if file == config.REPOCARD_FILENAME:
            yield DatasetCard.load(path).data.to_dict().get(config.METADATA_CONFIGS_FIELD)
        else:
            data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            yield data.get(config.METADATA_CONFIGS_FIELD) if isinstance(data, dict) else None


def require_own(configs: Any) -> None:
    """Raise `ValueError` for configurations that name files elsewhere: on this machine, or on another host."""
    for one_config in configs if isinstance(configs, list) else ():
        for key in ("data_files", "data_dir"):
            if any(NOT_OWN.search(text) for text in _texts(one_config.get(key))):
                raise ValueError(ELSEWHERE)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from _texts(inside)
    elif value is not None:
        yield str(value)


def write(name: str, config: str, split: str, revision: str, file: Path, most: int) -> dict[str, Any]:
    """Write the rows, at most so many; return how many, and whether there are more."""
    number, commit = 0, commit_of(name, revision)
    with file.open("w", encoding="utf-8") as out:
        for row in rows_of(name, config, split, commit):
            if number == most or out.tell() > MOST_BYTES:
                return {"num_rows": number, "is_cut": True, "commit": commit}
            out.write(json.dumps(row, ensure_ascii=False, default=_other) + "\n")
            number += 1
            if number % AT_ONCE == 0:
                _tell(str(number))
    return {"num_rows": number, "is_cut": False, "commit": commit}


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
