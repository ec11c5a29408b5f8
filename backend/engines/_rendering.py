"""Chat templates rendered as transformers renders them, without loading it: in a sandbox, from the model's files."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from backend.values import JSON, Messages

SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token")


class Generation(Extension):
    """`{% generation %}` marks what the model says; it renders as what it holds."""

    tags = {"generation"}

    def parse(self, parser: Any) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller: Any) -> Any:
        return caller()


def _raise(message: str) -> None:
    raise TemplateError(message)


def _tojson(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


class ChatTemplate:
    """A model's chat template. Making one raises `TemplateError` where it is no Jinja."""

    def __init__(self, source: str, special: dict[str, str]) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
        self.template = environment.from_string(source)
        self.special = special

    def render(self, messages: Messages, *, add_generation_prompt: bool = False) -> str:
        """The chat as text; raises one of `_chat.REFUSALS` where the template refuses it."""
        return self.template.render(
            messages=messages, tools=None, documents=None, add_generation_prompt=add_generation_prompt, **self.special
        )


def template_source(*folders: Path) -> str:
    """The chat template of the first folder that has one; empty if none has."""
    for folder in folders:
        own = folder / "chat_template.jinja"
        if own.is_file():
            return own.read_text(encoding="utf-8")
        for name in ("chat_template.json", "tokenizer_config.json"):
            template = read(folder / name).get("chat_template")
            if isinstance(template, list):  # several by name, as in older folders
                template = next((entry["template"] for entry in template if entry.get("name") == "default"), "")
            if template:
                return str(template)
    return ""


def special_tokens(*folders: Path) -> dict[str, str]:
    """The special tokens by their names in templates, of the first folder that names them."""
    tokens: dict[str, str] = {}
    for folder in folders:
        for name in ("tokenizer_config.json", "special_tokens_map.json"):
            for key, value in read(folder / name).items():
                text = value.get("content") if isinstance(value, dict) else value
                if key in SPECIAL and isinstance(text, str):
                    tokens.setdefault(key, text)
    return tokens


def read(file: Path) -> JSON:
    """A JSON object from a file; empty where there is none."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
