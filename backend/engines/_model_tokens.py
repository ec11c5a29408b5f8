"""The tokens of a model, read from its files without loading it."""

from pathlib import Path
from typing import Any

from backend.engines import _rendering
from backend.values import JSON


class Tokens:
    """What the files say of a model's tokens."""

    def __init__(self, *folders: Path) -> None:
        self.names = _rendering.special_tokens(*folders)
        configs = [_rendering.read(folder / "tokenizer_config.json") for folder in folders]
        self.max_length = next((c["model_max_length"] for c in configs if "model_max_length" in c), None)
        self.ids: dict[int, str] = {}
        self.special = set(self.names.values())
        for folder in reversed(folders):
            self._read(_rendering.read(folder / "tokenizer.json"))
        for config in configs:
            for number, added in (config.get("added_tokens_decoder") or {}).items():
                self._add(int(number), added)
        wanted: list[Any] = []
        for folder in folders:
            for name in ("generation_config.json", "config.json"):
                ids = _rendering.read(folder / name).get("eos_token_id")
                wanted += ids if isinstance(ids, list) else [ids]
        self.ends = {self.ids[token] for token in wanted if token in self.ids} | {self.names.get("eos_token", "")} - {
            ""
        }

    def _read(self, tokenizer: JSON) -> None:
        model = tokenizer.get("model")
        vocabulary = model.get("vocab") if isinstance(model, dict) else None
        if isinstance(vocabulary, dict):
            self.ids |= {number: text for text, number in vocabulary.items() if isinstance(number, int)}
        elif isinstance(vocabulary, list):
            self.ids |= {number: str(token[0]) for number, token in enumerate(vocabulary) if token}
        for added in tokenizer.get("added_tokens") or []:
            self._add(added.get("id"), added)

    def _add(self, number: Any, added: Any) -> None:
        if isinstance(number, int) and isinstance(added, dict):
            self.ids[number] = str(added.get("content"))
            if added.get("special"):
                self.special.add(str(added.get("content")))

    @property
    def number(self) -> int:
        """Rows that the embedding needs."""
        return max(self.ids, default=-1) + 1
