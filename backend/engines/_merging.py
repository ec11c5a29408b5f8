"""An adapter made one with the model below it: a folder of whole weights that needs neither."""

from pathlib import Path

from backend.engines import _scorers, _weights
from backend.errors import EngineError


def write(model: str, adapter: str, folder: Path, *, is_scorer: bool) -> None:
    """Write a model with an adapter merged into its weights, and its tokenizer, into an empty folder.

    The weights keep the number format in which the model is stored. Raises `InvalidInput`, `MissingPrerequisite` for
    what cannot be loaded, and `EngineError` where the disk refuses.
    """
    _weights.prepare_libraries()
    from safetensors import SafetensorError

    located, added = _weights.locate(model), _weights.locate(adapter)
    if is_scorer:
        whole = _scorers.load(added, dtype="auto")
    else:
        whole = _weights.add_adapter(_weights.load_model(located, dtype="auto"), added)
    try:
        whole.save_pretrained(folder)
    except SafetensorError as error:
        raise EngineError(f"The merged weights cannot be written: {error}. Free some space, then try again.") from error
    _weights.load_tokenizer(located).save_pretrained(folder)


def bytes_of(model: str) -> int:
    """About how many bytes the merged weights take: as many as those of the model. 0 where it is not a folder here."""
    folder = Path(_weights.locate(model))
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) if folder.is_dir() else 0
