"""The vocabulary of a model folder as a GGUF file has it: tokens, their types, merges, and how texts are cut."""

import json
from pathlib import Path

from backend.engines import _weights
from backend.errors import InvalidInput
from backend.values import JSON

CONVERTER, EXPORTER = "convert_hf_to_gguf.py", "Rondo's exporter"
HOW_TO_SET = f"Set RONDO_GGUF_CONVERTER to the {CONVERTER} of a llama.cpp checkout"
DIGITS_APART = [{"type": "Digits", "individual_digits": True}]
NEVER = "Ā Ā"
"""A merge of two bytes that are zero. llama.cpp asks for merges, and single characters have none."""
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
"""How Llama 3 cuts texts, which llama.cpp calls llama-bpe."""


def read(folder: Path) -> tuple[list[str], list[int], list[str], str]:
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
        cut = cut_by(data)
        if not cut:
            raise InvalidInput(
                f"The tokenizer of {folder.name} cuts texts in a way for which {EXPORTER} knows no name in llama.cpp, "
                f"which would cut them otherwise. {HOW_TO_SET}."
            )
    elif model.get("type") == "WordLevel" and all(len(text) == 1 and text.isascii() for text in texts.values()):
        # Byte-level BPE without a merge cuts a text into its bytes, which single ASCII characters are.
        cut = "default"
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
    return tokens, types, merges, cut


def _is_byte_level(data: JSON) -> bool:
    return "ByteLevel" in json.dumps([data.get("pre_tokenizer"), data.get("decoder")])


def cut_by(data: JSON) -> str:
    """llama.cpp's name for how a tokenizer cuts texts before it looks for tokens; empty where we know none."""
    before = data.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers") or [before]
    last, others = steps[-1], steps[:-1]
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space"):
        return ""
    if last.get("use_regex", True):
        return {"[]": "gpt-2", json.dumps(DIGITS_APART): "smollm"}.get(json.dumps(others), "")
    cuts = [(step.get("pattern"), step.get("behavior"), step.get("invert", False)) for step in others]
    return "llama-bpe" if cuts == [({"Regex": LLAMA_3}, "Isolated", False)] else ""


def in_bytes(text: str) -> str:
    """A text in the letters by which byte-level BPE writes bytes: what is printed stands for itself, a blank is Ġ."""
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = {byte: 256 + place for place, byte in enumerate(b for b in range(256) if b not in printed)}
    return "".join(chr(others.get(byte, byte)) for byte in text.encode("utf-8"))
