"""A model folder as one GGUF file, which llama.cpp and what is built on it load.

llama.cpp's own converter writes it where its place is set (`RONDO_GGUF_CONVERTER`): it knows every architecture and
tokenizer. Without it an exporter of ours writes models of the Llama architecture, over the package `gguf`.
"""

import math
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from backend.config import bare_environment, settings
from backend.engines import _gguf_vocabulary, _weights
from backend.engines._gguf_vocabulary import CONVERTER, EXPORTER, HOW_TO_SET
from backend.errors import EngineError, InvalidInput, MissingPrerequisite
from backend.values import JSON

if TYPE_CHECKING:
    import numpy as np
    import torch
    from gguf import GGUFWriter, TensorNameMap

Outtype = Literal["f32", "f16", "bf16", "q8_0"]
"""The number format of the weights, as the converter calls it."""
OWN: tuple[Outtype, ...] = ("f32", "f16")
"""Those that our exporter writes."""
ARCHITECTURES = ("LlamaForCausalLM",)
GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""Marks of transformers for what an assistant said: they change no text, and other readers of templates refuse them."""
LAST_LINES = 12
OF_LAYER = (
    *("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"),
    *("ffn_norm", "ffn_gate", "ffn_up", "ffn_down"),
)
"""llama.cpp's names of the tensors of one layer."""


def exporter() -> str:
    """What would write a file here: llama.cpp's converter, or our exporter."""
    return CONVERTER if settings().gguf_converter else EXPORTER


def check(located: str, outtype: str, *, is_first_merged: bool = False) -> None:
    """Raise `InvalidInput` or `MissingPrerequisite` for a located model that cannot be written so here.

    is_first_merged: an adapter is merged into it before, into a folder, so that it may be a name on the hub.
    """
    if outtype not in get_args(Outtype):
        raise InvalidInput(f"There is no number format {outtype!r}. Choose one of {', '.join(get_args(Outtype))}.")
    if converter := settings().gguf_converter:
        if not Path(converter).expanduser().is_file():
            raise MissingPrerequisite(f"There is no file {converter}. {HOW_TO_SET}, or to nothing.")
    elif outtype not in OWN:
        raise InvalidInput(f"{EXPORTER} writes {' and '.join(OWN)}. Choose one of these. {HOW_TO_SET} for {outtype}.")
    else:
        _require_library()
    folder = Path(located)
    if not folder.is_dir():
        if is_first_merged:
            return
        raise InvalidInput(f"{located} is a name on the hub, and a file is made of a folder. Register the folder.")
    _weights.check(located)
    if converter:
        _refuse_code(folder)
        return
    config = _weights.read_json(folder / "config.json")
    _check_config(folder, config)
    tokens, *_ = _gguf_vocabulary.read(folder)
    if len(tokens) > config["vocab_size"]:
        raise InvalidInput(
            f"The tokenizer of {folder.name} has {len(tokens):,} tokens, and its weights have rows for "
            f"{config['vocab_size']:,} (vocab_size). Resize the weights (resize_token_embeddings), or take the tokens "
            "that were added out of the tokenizer."
        )


def write(located: str, file: Path, outtype: str, name: str) -> None:
    """Write a located model to a file; raises as `check` does, and `EngineError` where the converter fails."""
    check(located, outtype)
    if converter := settings().gguf_converter:
        _convert(Path(converter).expanduser(), located, file, outtype)
    else:
        _export(Path(located), file, outtype, name)


def _refuse_code(folder: Path) -> None:
    """Raise `InvalidInput` for a folder with code of its own: the converter would run it for some architectures."""
    files = (folder / "config.json", folder / "tokenizer_config.json")
    names_code = any("auto_map" in _weights.read_json(file) for file in files if file.is_file())
    if names_code or any(folder.glob("**/*.py")):
        raise InvalidInput(
            f"The model folder {folder} comes with code of its own (auto_map, or files *.py), which {CONVERTER} would "
            "run. Convert it where you trust it, or take the code and auto_map out of the folder."
        )


def _convert(converter: Path, located: str, file: Path, outtype: str) -> None:
    """Run llama.cpp's converter, by this Python; it asks the hub for nothing, and gets no token, key or password."""
    command = [sys.executable, str(converter), located, "--outfile", str(file), "--outtype", outtype]
    offline = bare_environment() | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, env=offline, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode != 0 or not file.is_file():
        last = "\n".join(done.stdout.strip().splitlines()[-LAST_LINES:]) or "It said nothing."
        raise EngineError(f"{converter.name} wrote no file (exit code {done.returncode}). Its last lines:\n{last}")


def _require_library() -> None:
    try:
        import gguf  # noqa: F401
    except ImportError:
        raise MissingPrerequisite(
            f"The package gguf is not installed. Install it (`pip install 'rondo[gguf]'`). Or: {HOW_TO_SET}."
        ) from None


def _check_config(folder: Path, config: JSON) -> None:
    """Refuse what the file would not say: such a model would be loaded, and answer otherwise."""
    names = config.get("architectures") or ["unknown"]
    if not set(names) & set(ARCHITECTURES):
        raise InvalidInput(f"{folder.name} is {names[0]}, and {EXPORTER} knows {ARCHITECTURES[0]}. {HOW_TO_SET}.")
    rope = _rope(config)
    scaling = rope.get("rope_type") or rope.get("type") or "default"
    others = sorted(set(rope) - {"rope_theta", "rope_type", "type"})
    odd = f"scales its positions ({scaling})" if scaling != "default" else ""
    odd = odd or (f"turns its positions otherwise ({', '.join(others)})" if others else "")
    odd = odd or ("has biases" if config.get("attention_bias") or config.get("mlp_bias") else "")
    odd = odd or (f"has the activation {config['hidden_act']}" if config.get("hidden_act", "silu") != "silu" else "")
    if odd:
        raise InvalidInput(f"{folder.name} {odd}, which {EXPORTER} does not write. {HOW_TO_SET}.")


def _rope(config: JSON) -> JSON:
    """How positions are turned; older files say `rope_scaling` and, in it, `type` instead of `rope_type`."""
    return {"rope_theta": config.get("rope_theta", 10_000.0)} | dict(
        config.get("rope_parameters") or config.get("rope_scaling") or {}
    )


def _export(folder: Path, file: Path, outtype: str, name: str) -> None:
    """Llama's layers, and the vocabulary, under the names that llama.cpp has for them."""
    import gguf
    import numpy as np

    config = _weights.read_json(folder / "config.json")
    writer = gguf.GGUFWriter(file, "llama")
    try:
        writer.add_name(name)
        _add_sizes(writer, config, outtype)
        _add_vocabulary(writer, folder)
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
        # First where each lies in the file, then what it holds: memory holds one tensor.
        listed = _listed(folder, names, config)
        for known, (_, shape) in listed.items():
            kind = np.dtype("float32" if _is_wide(shape, outtype) else "float16")
            writer.add_tensor_info(known, shape, kind, math.prod(shape) * kind.itemsize)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for source, _ in listed.values():
            writer.write_tensor_data(_tensor(folder, source, config, outtype))
    finally:
        writer.close()


def _add_sizes(writer: "GGUFWriter", config: JSON, outtype: str) -> None:
    import gguf

    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or config["hidden_size"] // heads
    file_type = gguf.LlamaFileType.ALL_F32 if outtype == "f32" else gguf.LlamaFileType.MOSTLY_F16
    writer.add_file_type(file_type)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_dimension_count(head_dim)
    writer.add_rope_freq_base(_rope(config)["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def _listed(folder: Path, names: "TensorNameMap", config: JSON) -> dict[str, tuple[str, list[int]]]:
    """By llama.cpp's name of a tensor, its name in the folder's weights, and its shape.

    Raises `InvalidInput` where the weights hold others than a model of this size has.
    """
    from safetensors import safe_open

    listed: dict[str, tuple[str, list[int]]] = {}
    is_tied = bool(config.get("tie_word_embeddings"))
    for file in _weight_files(folder):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  (no dictionary)
                if name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and is_tied):
                    continue
                known = names.get_name(name, try_suffixes=(".weight",))
                if known is None:
                    raise InvalidInput(f"The weights hold {name}, which no layer of Llama is called. {HOW_TO_SET}.")
                listed[known] = (name, list(opened.get_slice(name).get_shape()))
    whole = {f"{name}.weight" for name in ("token_embd", "output_norm", *(() if is_tied else ("output",)))}
    whole |= {f"blk.{layer}.{name}.weight" for layer in range(config["num_hidden_layers"]) for name in OF_LAYER}
    if odd := sorted(whole ^ set(listed)):
        what = "hold no" if odd[0] in whole else "hold a"
        raise InvalidInput(f"The weights of {folder.name} {what} {odd[0]}. They are not whole: copy the model again.")
    return listed


def _weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights, as transformers chooses them: the one file, else those of the index."""
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    return [folder / name for name in sorted(set(_weights.weight_map(Path(f"{single}.index.json")).values()))]


def _tensor(folder: Path, name: str, config: JSON, outtype: str) -> "np.ndarray[Any, Any]":
    """A tensor as it stands in the file."""
    import torch
    from safetensors import safe_open

    for file in _weight_files(folder):
        with safe_open(file, framework="pt") as opened:
            if name in opened.keys():  # noqa: SIM118  (no dictionary)
                tensor = opened.get_tensor(name)
    heads = config["num_attention_heads"]
    if name.endswith("q_proj.weight"):
        tensor = in_pairs(tensor, heads)
    elif name.endswith("k_proj.weight"):
        tensor = in_pairs(tensor, config.get("num_key_value_heads") or heads)
    wide = _is_wide(tensor.shape, outtype)
    return tensor.to(torch.float32 if wide else torch.float16).contiguous().numpy()  # type: ignore[no-any-return]


def _is_wide(shape: Sequence[int], outtype: str) -> bool:
    """llama.cpp multiplies by norms in 32 bits whatever the weights have."""
    return outtype == "f32" or len(shape) == 1


def in_pairs(weight: "torch.Tensor", heads: int) -> "torch.Tensor":
    """The rows of queries or keys as llama.cpp turns them: it turns neighbours, transformers turns the two halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _add_vocabulary(writer: "GGUFWriter", folder: Path) -> None:
    tokens, types, merges, cut_by = _gguf_vocabulary.read(folder)
    wanted = _weights.read_json(folder / "config.json")["vocab_size"]
    tokens += [f"[PAD{id_}]" for id_ in range(len(tokens), wanted)]
    types += [5] * (wanted - len(types))  # unused: rows of the weights that no token has
    tokenizer: Any = _weights.load_tokenizer(str(folder))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut_by)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    ids = {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "unk", "pad")}
    for name, id_ in ids.items():
        if id_ is not None:
            getattr(writer, f"add_{name}_token_id")(id_)
    writer.add_add_bos_token(ids["bos"] is not None and tokenizer("a")["input_ids"][:1] == [ids["bos"]])
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(GENERATION.sub("", tokenizer.chat_template))
