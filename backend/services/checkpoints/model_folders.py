"""What can be known of a model before it is loaded: found, whole, safe, able to chat. Never imports torch."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

from backend.config import settings
from backend.engines import _weights
from backend.errors import InvalidInput, MissingPrerequisite
from backend.values import JSON

TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")


@dataclass(frozen=True)
class ModelFolder:
    """A checked model. `location` is relative inside the data folder, absolute outside, or a hub name."""

    location: str
    is_adapter: bool = False
    base: str | None = None
    architecture: str = ""
    num_bytes: int = 0


def is_outside(location: str) -> bool:
    """Whether a location points to a folder that is not inside the data folder (hub names do not)."""
    path = _weights.expanded(location)
    if path.is_absolute() or ".." in path.parts:
        return not (settings().folder / path).resolve().is_relative_to(settings().folder)
    inside = settings().folder / path
    return inside.exists() and not inside.resolve().is_relative_to(settings().folder)


def inspect(location: str) -> ModelFolder:
    """Check a folder or hub name and describe it; raises `InvalidInput`, `MissingPrerequisite`."""
    located = _weights.locate(location)
    folder = here(located)
    if folder is None:
        return ModelFolder(location)
    _weights.check(str(folder))
    adapter = _weights.is_adapter(str(folder))
    base = Path(_weights.base_of(str(folder))) if adapter else None
    model = base if base is not None and base.is_dir() else folder
    for checked in {folder, model}:
        _refuse_own_code(checked)
    if not adapter or model is base:
        _check_index(model)
        _check_chat_template(model if not _has_tokenizer(folder) else folder, also=model)
    return ModelFolder(
        location=_stored(Path(located)) if Path(located).is_dir() else located,
        is_adapter=adapter,
        base=_stored(base) if base is not None and base.is_dir() else str(base) if base else None,
        architecture=_architecture(model),
        num_bytes=size(folder),
    )


def here(location: str) -> Path | None:
    """The folder of a model, or the hub's local copy of it; None where the hub may be asked for it later."""
    located = _weights.locate(location)
    return Path(located) if Path(located).is_dir() else _cached(located)


def size(folder: Path) -> int:
    """Bytes of the files directly in a folder; 0 where there is none."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) if folder.is_dir() else 0


def _stored(folder: Path) -> str:
    """Relative inside the data folder, so that the folder can be moved; absolute elsewhere."""
    resolved, home = folder.resolve(), settings().folder
    return str(resolved.relative_to(home)) if resolved.is_relative_to(home) else str(resolved)


def is_cached(name: str) -> bool:
    """Whether the hub's local copies hold a model of that name."""
    return _copy_of(name) is not None


def _copy_of(name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  comes with gradio; slow to import

    for file in ("config.json", "adapter_config.json"):
        file_path = try_to_load_from_cache(name, file)
        if isinstance(file_path, str):
            return Path(file_path).parent
    return None


def _cached(name: str) -> Path | None:
    """The hub's local copy of a model. Without one: None if the hub may be asked later, else an error."""
    if (copy := _copy_of(name)) is not None:
        return copy
    if settings().hf_offline:
        raise MissingPrerequisite(
            f"The model {name} is neither a folder in the data folder nor in the hub's local cache. "
            "Type a folder, or set RONDO_HF_OFFLINE=false to let the worker download it."
        )
    return None


def _refuse_own_code(folder: Path) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        if (folder / name).is_file() and "auto_map" in _weights.read_json(folder / name):
            raise InvalidInput(
                f"The model {folder} wants to run code of its own (auto_map in {name}), which Rondo does not allow. "
                "Choose one whose architecture transformers knows, or serve it elsewhere and register its endpoint."
            )


def _check_chat_template(folder: Path, *, also: Path) -> None:
    for place in (folder, also):
        config = place / "tokenizer_config.json"
        in_config = config.is_file() and bool(_weights.read_json(config).get("chat_template"))
        if in_config or any((place / name).is_file() for name in TEMPLATE_FILES):
            return
    raise InvalidInput(
        f"The model {folder} has no chat template, so messages cannot be rendered. Choose its instruct version, "
        "or put a chat_template.jinja into its folder."
    )


def _check_index(folder: Path) -> None:
    """Every tensor that the index promises is in the header of its file."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    wanted = _weights.weight_map(index)
    headers = {name: _header(folder / name) for name in set(wanted.values())}
    missing = sorted(tensor for tensor, name in wanted.items() if tensor not in headers[name])
    if missing:
        raise InvalidInput(
            f"The model {folder} lacks {len(missing)} tensors of {index.name}, e.g. {missing[0]}. Copy it again."
        )


def _header(file: Path) -> JSON:
    with file.open("rb") as opened:
        length = struct.unpack("<Q", opened.read(8))[0]
        header: JSON = json.loads(opened.read(length))
    return header


def _has_tokenizer(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _weights.TOKENIZER_FILES)


def _architecture(folder: Path) -> str:
    config = folder / "config.json"
    names = _weights.read_json(config).get("architectures") if config.is_file() else None
    return str(names[0]) if isinstance(names, list) and names else ""
