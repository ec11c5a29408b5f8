"""Chats into tokens, where only the chat template writes special tokens.

A tokenizer turns the letters of `<|im_end|>` into the token that ends a turn, whoever wrote them. A sample could so
close the judge's question and put an answer of its own behind it. What a person or a model wrote stays text here.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from backend.values import Messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


REFUSALS = (TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError)
"""What a chat template raises for messages it was not made for."""


def refusal(model: str, messages: Messages, error: Exception) -> str:
    """Say that the chat template refuses a chat, naming its roles."""
    roles = ", ".join(message["role"] for message in messages)
    said = str(error).strip().rstrip(".") or type(error).__name__
    return (
        f"The chat template of {model} refuses messages with the roles {roles}: {said}. Change their roles or order, "
        "or choose another model."
    )


def special_texts(tokenizer: "PreTrainedTokenizerBase") -> re.Pattern[str] | None:
    """Match the special tokens of a tokenizer, longest first; None if it has none."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    texts = sorted(added | set(tokenizer.all_special_tokens), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, texts))) if texts else None


def holds_special(pattern: re.Pattern[str] | None, messages: Messages) -> bool:
    """Whether somebody wrote a special token out in letters."""
    return pattern is not None and any(pattern.search(message["content"]) for message in messages)


def encode(
    tokenizer: "PreTrainedTokenizerBase", pattern: re.Pattern[str] | None, chats: Sequence[Messages]
) -> list[list[int]]:
    """Render chats by the tokenizer's template, an answer being due, and return their token ids.

    `pattern`: the tokenizer's `special_texts`, found once, since some tokenizers have thousands.
    Raises one of `REFUSALS` where the template refuses a chat.
    """
    if not chats:
        return []
    plain, held = [], {}
    for position, chat in enumerate(chats):
        contents = [message["content"] for message in chat]
        if pattern is not None and holds_special(pattern, chat):
            held[position] = _Held(pattern, contents)
            contents = [held[position].hide(content) for content in contents]
        plain.append(
            [{"role": message["role"], "content": content} for message, content in zip(chat, contents, strict=True)]
        )
    texts: Any = tokenizer.apply_chat_template(plain, add_generation_prompt=True, tokenize=False)
    # The template writes the special tokens itself.
    encoded: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    for position, one in held.items():
        encoded[position] = one.encode(tokenizer, texts[position])
    return encoded


class _Held:
    """The special tokens that somebody wrote into a chat, out of the template's sight."""

    def __init__(self, pattern: re.Pattern[str], contents: Sequence[str]) -> None:
        self.pattern = pattern
        taken = set().union(*contents)
        self.mark = next(chr(code) for code in range(0xE000, 0xF900) if chr(code) not in taken)
        self.texts: list[str] = []

    def hide(self, content: str) -> str:
        """Put a number between two characters that the chat does not hold in place of each special token."""
        return self.pattern.sub(self._number, content)

    def _number(self, found: re.Match[str]) -> str:
        self.texts.append(found[0])
        return f"{self.mark}{len(self.texts) - 1}{self.mark}"

    def show(self, text: str) -> str:
        """Undo `hide`."""
        return re.sub(f"{self.mark}([0-9]+){self.mark}", lambda found: self.texts[int(found[1])], text)

    def encode(self, tokenizer: Any, text: str) -> list[int]:
        """Encode what stands between the template's special tokens as text, whatever it looks like."""
        ids: list[int] = []
        start = 0
        for found in [*self.pattern.finditer(text), None]:
            between = self.show(text[start : found.start() if found else len(text)])
            if between:
                ids += tokenizer(between, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            if found:
                ids.append(tokenizer.convert_tokens_to_ids(found[0]))
                start = found.end()
        return ids
