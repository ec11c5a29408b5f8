"""Finds and loads weights: safetensors only, never code of the model's own.

What can be seen without torch is checked first (`check`), so that a folder that is missing, half-written
or unsafe is refused with a sentence instead of a traceback.
"""

import json
import os
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.config import settings
from backend.engines._load_errors import explained, first_line
from backend.errors import EngineError, InvalidInput, MissingPrerequisite
from backend.files import read_text, require_regular
from backend.values import JSON

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

OF_RONDO = ("checkpoints/", "models/")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")
WEIGHTS_BYTES = 1024**4
HEADER_BYTES = 100_000_000
"""As safetensors itself has it."""
STATE_SPACE = ("mamba", "mamba2", "falcon_mamba", "rwkv", "xlstm", "recurrent_gemma")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def locate(model: str) -> str:
    """Return the absolute folder of a model (relative paths lie in the data folder), or its hub name."""
    path = expanded(model)
    folder = path if path.is_absolute() else settings().folder / path
    if folder.is_dir():
        return str(folder)
    if path.is_absolute() or not HUB_NAME.fullmatch(model):
        raise InvalidInput(f"There is no model folder {folder}. Check the path, or copy the model there.")
    return model


def expanded(model: str) -> Path:
    """The path with its `~` replaced; raises `InvalidInput` where that names nobody's folder."""
    try:
        return Path(model).expanduser()
    except RuntimeError as error:
        raise InvalidInput(f"There is no home folder for {model}. Type the whole path of the model folder.") from error


def called(model: str) -> str:
    """A model as refusals call it: a folder by its own name, for people who know checkpoints and not where they lie."""
    path = Path(model)
    return path.name if path.is_absolute() or model.startswith(OF_RONDO) else model


def may_be_folder(model: str) -> bool:
    """Whether a name may be that of a folder which is not here: it is no hub name, or lies where Rondo puts models."""
    return model.startswith(OF_RONDO) or not HUB_NAME.fullmatch(model)


def is_adapter(located: str) -> bool:
    """Say whether a located model is a folder with adapter weights, which need a base model."""
    return (Path(located) / "adapter_config.json").is_file()


def base_of(adapter: str) -> str:
    """Return the located base model of an adapter folder."""
    name = read_json(Path(adapter) / "adapter_config.json").get("base_model_name_or_path")
    if not name or not isinstance(name, str):
        raise InvalidInput(f"The adapter {adapter} does not name its base model. Set base_model_name_or_path in it.")
    return locate(name)


def rank_of(adapter: str) -> int:
    """The highest rank in an adapter folder; raises `InvalidInput`."""
    config = read_json(Path(adapter) / "adapter_config.json")
    other = config.get("rank_pattern")
    ranks = [config.get("r"), *(other.values() if isinstance(other, dict) else ())]
    return max((rank for rank in ranks if isinstance(rank, int)), default=0)


def check(located: str) -> None:
    """Refuse a folder that cannot be loaded safely and whole; a hub name is checked when it is loaded."""
    folder = Path(located)
    if not folder.is_dir():
        return
    _refuse_other_than_files(folder)
    if is_adapter(located):
        check_adapter(located)
        return check(base_of(located))
    if not (folder / "config.json").is_file():
        raise InvalidInput(
            f"The folder {folder} has no config.json: it is no model's, or half-written. Choose or copy it again."
        )
    if str(kind := read_json(folder / "config.json").get("model_type")) in STATE_SPACE:
        raise InvalidInput(
            f"The model {folder} ({kind}) keeps a state instead of keys and values, so several samples of one prompt "
            "cannot be drawn from it here. Serve it elsewhere, for example with vLLM, and register its endpoint."
        )
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise InvalidInput(f"The model folder {folder} has no tokenizer. Copy {TOKENIZER_FILES[0]} there.")
    return _check_weights(folder, "model")


def _refuse_other_than_files(folder: Path) -> None:
    """What loads a model opens whatever has the right name: a pipe holds it up for good, a device fills the memory."""
    for path in folder.iterdir():
        if not path.is_dir():
            require_regular(path, WEIGHTS_BYTES)


def check_adapter(located: str) -> None:
    """Refuse a folder that is no whole adapter."""
    folder = Path(located)
    if not is_adapter(located):
        raise InvalidInput(
            f"The adapter folder {folder} has no adapter_config.json. It is half-written: copy it again."
        )
    _check_weights(folder, "adapter_model")


def _check_weights(folder: Path, stem: str) -> None:
    index = folder / f"{stem}.safetensors.index.json"
    single = folder / f"{stem}.safetensors"
    if not index.is_file() and not single.is_file():
        if any(any(folder.glob(pattern)) for pattern in PICKLES):
            raise InvalidInput(
                f"The model folder {folder} has pickled weights only, which may run code when loaded. "
                "Convert them to safetensors: load them where you trust them and call save_pretrained."
            )
        raise InvalidInput(f"The model folder {folder} has no {single.name}. It is half-written: copy it again.")
    names = set(weight_map(index).values()) if index.is_file() else {single.name}
    for name in sorted(names):
        if Path(name).name != name:
            raise InvalidInput(f"{index} names {name}, which is not beside it. Copy the model again.")
        if not _is_whole(folder / name):
            raise InvalidInput(f"The weights {folder / name} are missing or cut off. Copy the file again.")


def _is_whole(file: Path) -> bool:
    """Compare the size of a safetensors file with what its header promises."""
    if not file.is_file():
        return False
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(8)
        if len(start) < 8 or (length := struct.unpack("<Q", start)[0]) > min(size - 8, HEADER_BYTES):
            return False
        try:
            header: JSON = json.loads(opened.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
            return 8 + int(length) + max(ends, default=0) <= size
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return False


def weight_map(index: Path) -> dict[str, str]:
    """Which file holds which tensor, of the index of a model in several files; raises `InvalidInput`."""
    weights = read_json(index).get("weight_map", {})
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights.values()):
        raise InvalidInput(f"{index} does not name a file for each tensor. Copy the model again.")
    return weights


def read_json(file: Path) -> JSON:
    """The object in a file of a model; raises `InvalidInput`."""
    try:
        value = json.loads(read_text(file))
    except RecursionError as error:
        raise InvalidInput(f"{file} is nested too deep to be read. Copy the model again.") from error
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}. It is half-written: copy the model again.") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"{file} is not a JSON object. Copy the model again.")
    return value


def prepare_libraries() -> None:
    """Set threads, keep the hub out unless the settings allow it, and silence progress bars."""
    if settings().hf_offline:
        # Read once, when huggingface_hub is imported.
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MissingPrerequisite(
            "Models in this process need torch and transformers, which are not installed. "
            "Run `pip install 'rondo[local]'`, or use an OpenAI-compatible endpoint."
        ) from error
    torch.set_num_threads(settings().torch_threads)
    disable_progress_bar()  # type: ignore[no-untyped-call]


def load_tokenizer(located: str) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a model or adapter; it must have a chat template."""
    from transformers import AutoTokenizer

    folder = Path(located)
    own = not is_adapter(located) or any((folder / name).is_file() for name in TOKENIZER_FILES)
    name = located if own else base_of(located)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name, **load_options())
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise explained(name, error) from error
    if not tokenizer.chat_template:
        raise InvalidInput(
            f"The model {name} has no chat template, so messages cannot be rendered. Choose its instruct "
            "version, or put a chat_template.jinja into its folder."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    located: str, *, dtype: "torch.dtype | str", trainable: bool = False, **options: Any
) -> "PreTrainedModel":
    """Load a model on the CPU; of an adapter folder, its base with the adapter merged (not so if trainable).

    options: further arguments of `from_pretrained`, such as a quantization.
    """
    from transformers import AutoModelForCausalLM

    check(located)
    base = base_of(located) if is_adapter(located) else located
    model, missing = loaded(AutoModelForCausalLM, base, dtype=dtype, **options)
    refuse_missing(base, missing)
    if getattr(model.config, "output_router_logits", False) and not trainable:
        # Trainers switch it on for a mixture of experts; with it on, a model computes a loss that sampling cannot give.
        model.config.output_router_logits = False
    whole: PreTrainedModel = add_adapter(model, located, trainable=trainable) if base != located else model
    return whole


def loaded(auto: Any, base: str, *, dtype: "torch.dtype | str", **options: Any) -> tuple[Any, list[str]]:
    """Load a model by an auto class of transformers; return it and the names of tensors that its files lack."""
    from safetensors import SafetensorError

    try:
        model, info = auto.from_pretrained(
            base, dtype=dtype, use_safetensors=True, output_loading_info=True, **options, **load_options()
        )
    except MemoryError as error:
        raise EngineError(f"The model {base} does not fit into memory. Choose a smaller one.") from error
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise explained(base, error) from error
    return model, sorted(info["missing_keys"])


def refuse_missing(base: str, missing: list[str]) -> None:
    """Refuse a model whose files lack tensors."""
    if missing:
        raise InvalidInput(f"The model {base} lacks {len(missing)} tensors, e.g. {missing[0]}. Copy it again.")


def add_adapter(model: "PreTrainedModel", folder: str, *, trainable: bool = False) -> Any:
    """Put the adapter of a folder on a model: merged into its weights, or as a PeftModel to train further."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingPrerequisite(
            "Adapters need peft, which is not installed. Run `pip install 'rondo[local]'`."
        ) from error
    check_adapter(folder)
    try:
        adapted = PeftModel.from_pretrained(model, folder, is_trainable=trainable)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"The adapter {folder} does not fit its base model: {first_line(error)}") from error
    # Putting an adapter on froze the base; merged, all of it is one model again.
    return adapted if trainable else adapted.merge_and_unload().requires_grad_(True)


def load_options() -> dict[str, Any]:
    """How everything of a model is loaded: no code of its own, and nothing from the hub where that is off."""
    return {"trust_remote_code": False, "local_files_only": settings().hf_offline}
