"""A model folder as one GGUF file, which llama.cpp and what is built on it load.

llama.cpp's own converter writes it where its place is set (`RONDO_GGUF_CONVERTER`): it knows every architecture and
tokenizer. Without it an exporter of ours writes models of the Llama architecture, over the package `gguf`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from backend.config import settings
from backend.engines import _weights
from backend.errors import EngineError, InvalidInput, MissingPrerequisite
from backend.values import JSON

if TYPE_CHECKING:
    import torch
    from gguf import GGUFWriter, TensorNameMap

Outtype = Literal["f32", "f16", "bf16", "q8_0"]
"""The number format of the weights, as the converter calls it."""
OWN: tuple[Outtype, ...] = ("f32", "f16")
"""Those that our exporter writes."""
ARCHITECTURES = ("LlamaForCausalLM",)
CONVERTER, EXPORTER = "convert_hf_to_gguf.py", "Rondo's exporter"
HOW_TO_SET = f"Set RONDO_GGUF_CONVERTER to the {CONVERTER} of a llama.cpp checkout"
DIGITS_APART = [{"type": "Digits", "individual_digits": True}]
NEVER = "Ā Ā"
"""A merge of two bytes that are zero. llama.cpp asks for merges, and single characters have none."""
GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""Marks of transformers for what an assistant said: they change no text, and other readers of templates refuse them."""
LAST_LINES = 12


def exporter() -> str:
    """What would write a file here: llama.cpp's converter, or our exporter."""
    return CONVERTER if settings().gguf_converter else EXPORTER


def check(located: str, outtype: str) -> None:
    """Raise `InvalidInput` or `MissingPrerequisite` for a located model that cannot be written so here."""
    if outtype not in get_args(Outtype):
        raise InvalidInput(f"There is no number format {outtype!r}. Choose one of {', '.join(get_args(Outtype))}.")
    if converter := settings().gguf_converter:
        if not Path(converter).expanduser().is_file():
            raise MissingPrerequisite(f"There is no file {converter}. {HOW_TO_SET}, or to nothing.")
        return
    if outtype not in OWN:
        raise InvalidInput(f"{EXPORTER} writes {' and '.join(OWN)}. Choose one of these. {HOW_TO_SET} for {outtype}.")
    _require_library()
    folder = Path(located)
    if not folder.is_dir():
        raise InvalidInput(f"{located} is a name on the hub, and a file is made of a folder. Register the folder.")
    _check_config(folder, _weights.read_json(folder / "config.json"))
    _vocabulary(folder)


def write(located: str, file: Path, outtype: str, name: str) -> None:
    """Write a located model to a file; raises as `check` does, and `EngineError` where the converter fails."""
    check(located, outtype)
    if converter := settings().gguf_converter:
        _convert(Path(converter).expanduser(), located, file, outtype)
    else:
        _export(Path(located), file, outtype, name)


def _convert(converter: Path, located: str, file: Path, outtype: str) -> None:
    """Run llama.cpp's converter, by this Python; it asks the hub for nothing."""
    command = [sys.executable, str(converter), located, "--outfile", str(file), "--outtype", outtype]
    offline = settings().environment() | {"HF_HUB_OFFLINE": "1"}
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
    scaling = _rope(config).get("rope_type", "default")
    odd = f"scales its positions ({scaling})" if scaling != "default" else ""
    odd = odd or ("has biases" if config.get("attention_bias") or config.get("mlp_bias") else "")
    odd = odd or (f"has the activation {config['hidden_act']}" if config.get("hidden_act", "silu") != "silu" else "")
    if odd:
        raise InvalidInput(f"{folder.name} {odd}, which {EXPORTER} does not write. {HOW_TO_SET}.")


def _rope(config: JSON) -> JSON:
    return {"rope_theta": config.get("rope_theta", 10_000.0)} | dict(
        config.get("rope_parameters") or config.get("rope_scaling") or {}
    )


def _export(folder: Path, file: Path, outtype: str, name: str) -> None:
    """Llama's layers, and the vocabulary, under the names that llama.cpp has for them."""
    import gguf

    config = _weights.read_json(folder / "config.json")
    # What is written is kept in a temporary file until its place in the file is known: memory holds one tensor.
    writer = gguf.GGUFWriter(file, "llama", use_temp_file=True)
    try:
        writer.add_name(name)
        _add_sizes(writer, config, outtype)
        _add_vocabulary(writer, folder)
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
        for tensor_name, tensor in _tensors(folder):
            _add_tensor(writer, names, tensor_name, tensor, config, outtype)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
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


def _tensors(folder: Path) -> Iterator[tuple[str, "torch.Tensor"]]:
    """The tensors of a folder, file by file, one at a time."""
    from safetensors import safe_open

    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  (no dictionary)
                yield name, opened.get_tensor(name)


def _add_tensor(
    writer: "GGUFWriter", names: "TensorNameMap", name: str, tensor: "torch.Tensor", config: JSON, outtype: str
) -> None:
    import torch

    if name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and config.get("tie_word_embeddings")):
        return
    known = names.get_name(name, try_suffixes=(".weight",))
    if known is None:
        raise InvalidInput(f"The weights hold {name}, which no layer of Llama is called. {HOW_TO_SET}.")
    heads = config["num_attention_heads"]
    if name.endswith("q_proj.weight"):
        tensor = in_pairs(tensor, heads)
    elif name.endswith("k_proj.weight"):
        tensor = in_pairs(tensor, config.get("num_key_value_heads") or heads)
    # llama.cpp multiplies by norms in 32 bits whatever the weights have.
    wide = outtype == "f32" or tensor.ndim == 1
    writer.add_tensor(known, tensor.to(torch.float32 if wide else torch.float16).contiguous().numpy())


def in_pairs(weight: "torch.Tensor", heads: int) -> "torch.Tensor":
    """The rows of queries or keys as llama.cpp turns them: it turns neighbours, transformers turns the two halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _vocabulary(folder: Path) -> tuple[list[str], list[int], list[str], str]:
    """(tokens by id, their types, merges, how texts are cut before) of the folder's tokenizer.

    Raises `InvalidInput` for one that is neither byte-level BPE nor one of single ASCII characters.
    """
    import gguf

    file = folder / "tokenizer.json"
    if not file.is_file():
        raise InvalidInput(f"{folder.name} has no tokenizer.json, which {EXPORTER} reads. {HOW_TO_SET}.")
    data = _weights.read_json(file)
    model, added = data.get("model") or {}, {token["id"]: token for token in data.get("added_tokens") or ()}
    vocabulary: dict[str, int] = model.get("vocab") or {}
    texts = {id_: text for text, id_ in vocabulary.items() if id_ not in added}
    if model.get("type") == "BPE" and _is_byte_level(data):
        merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model.get("merges") or ()]
    elif model.get("type") == "WordLevel" and all(len(text) == 1 and text.isascii() for text in texts.values()):
        # Byte-level BPE without a merge cuts a text into its bytes, which single ASCII characters are.
        merges, texts = [NEVER], {id_: in_bytes(text) for id_, text in texts.items()}
    else:
        raise InvalidInput(
            f"The tokenizer of {folder.name} ({model.get('type')}) is not byte-level BPE, which {EXPORTER} writes. "
            f"{HOW_TO_SET}."
        )
    size = max([*texts, *added], default=-1) + 1
    tokens, types = [f"[PAD{id_}]" for id_ in range(size)], [int(gguf.TokenType.UNUSED)] * size
    for id_, text in texts.items():
        tokens[id_], types[id_] = text, int(gguf.TokenType.NORMAL)
    for id_, token in added.items():
        is_special = token.get("special", False)
        tokens[id_] = token["content"]
        types[id_] = int(gguf.TokenType.CONTROL if is_special else gguf.TokenType.USER_DEFINED)
    return tokens, types, merges, _cut_by(data)


def _is_byte_level(data: JSON) -> bool:
    return "ByteLevel" in json.dumps([data.get("pre_tokenizer"), data.get("decoder")])


def _cut_by(data: JSON) -> str:
    """llama.cpp's name for how a tokenizer cuts texts before it looks for tokens; `default` where we know none."""
    before = data.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers") or [before]
    if steps[-1].get("type") == "ByteLevel" and steps[-1].get("use_regex", True):
        return {"[]": "gpt-2", json.dumps(DIGITS_APART): "smollm"}.get(json.dumps(steps[:-1]), "default")
    return "default"


def in_bytes(text: str) -> str:
    """A text in the letters by which byte-level BPE writes bytes: what is printed stands for itself, a blank is Ġ."""
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = {byte: 256 + place for place, byte in enumerate(b for b in range(256) if b not in printed)}
    return "".join(chr(others.get(byte, byte)) for byte in text.encode("utf-8"))


def _add_vocabulary(writer: "GGUFWriter", folder: Path) -> None:
    tokens, types, merges, cut_by = _vocabulary(folder)
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
