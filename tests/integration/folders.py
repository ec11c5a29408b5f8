"""Folders of models and adapters, without real weights."""

import json
import struct
from pathlib import Path

from backend.config import settings


def write_weights(file: Path, *names: str) -> None:
    """A safetensors file of four-byte tensors."""
    header = {n: {"dtype": "F32", "shape": [1], "data_offsets": [4 * i, 4 * i + 4]} for i, n in enumerate(names)}
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4 * len(names)))


def make_folder(folder: Path) -> Path:
    """A model folder as save_pretrained leaves it, without a real model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    write_weights(folder / "model.safetensors", "a", "b")
    return folder


def make_adapter(folder: Path, base: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": base}))
    write_weights(folder / "adapter_model.safetensors", "a.lora_A")
    return folder


def inside(name: str = "models/tiny") -> Path:
    return settings().folder / name
