"""Chats into tokens, where only the chat template writes special tokens.

A tokenizer turns the letters of `<|im_end|>` into the token that ends a turn, whoever wrote them. A sample could so
close the judge's question and put an answer of its own behind it. What a person or a model wrote stays text here.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from backend.engines import answered, is_continued
from backend.values import Messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


REFUSALS = (TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError)
"""What a chat template raises for messages it was not made for."""


def refusal(model: str, messages: Messages, error: Exception) -> str:
    """Say that the chat template refuses a chat, naming its roles."""
    roles = ", ".join(message["role"] for message in messages)
    reason = str(error).strip().rstrip(".") or type(error).__name__
    if is_continued(messages) and "continue_final_message" in reason:
        reason = "it changes the assistant's last message, so that the model cannot go on from it"
    return (
        f"The chat template of {model} refuses messages with the roles {roles}: {reason}. Change their roles or order, "
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

    A chat that ends with a message by the assistant is left open after that message.
    `pattern`: the tokenizer's `special_texts`, found once, since some tokenizers have thousands.
    Raises one of `REFUSALS` where the template refuses a chat.
    """
    return _encoded(tokenizer, *_rendered(tokenizer, pattern, chats)) if chats else []


def encode_closed(
    tokenizer: "PreTrainedTokenizerBase",
    pattern: re.Pattern[str] | None,
    chats: Sequence[Messages],
    answers: Sequence[str],
) -> list[list[int]]:
    """Return the token ids of each chat with its answer, the turn being over, as trainers render a row.

    Raises one of `REFUSALS` where the template refuses a chat.
    """
    wholes = [answered(chat, answer) for chat, answer in zip(chats, answers, strict=True)]
    return _encoded(tokenizer, *_rendered(tokenizer, pattern, wholes, is_open=False)) if wholes else []


def encode_answers(
    tokenizer: "PreTrainedTokenizerBase",
    pattern: re.Pattern[str] | None,
    chats: Sequence[Messages],
    answers: Sequence[str],
) -> list[tuple[list[int], list[int]]]:
    """Return the token ids of each chat, as `encode` does, and of the text that stands right after it.

    The text is split where the chat ends, also where a tokenizer would join letters across that place: so a model sees
    it that wrote it. Raises one of `REFUSALS` where the template refuses a chat.
    """
    if not chats:
        return []
    texts, held = _rendered(tokenizer, pattern, chats)
    heads = _encoded(tokenizer, texts, held)
    wholes = tokenizer([text + answer for text, answer in zip(texts, answers, strict=True)], add_special_tokens=False)
    pairs = []
    for position, (head, whole, answer) in enumerate(zip(heads, wholes["input_ids"], answers, strict=True)):
        is_special = pattern is not None and pattern.search(answer) is not None
        if position not in held and not is_special and whole[: len(head)] == head:
            tail = whole[len(head) :]  # no prefix that some tokenizers put before what stands alone
        else:
            tail = tokenizer(answer, add_special_tokens=False, split_special_tokens=True)["input_ids"] if answer else []
        pairs.append((head, tail))
    return pairs


def _encoded(tokenizer: Any, texts: list[str], held: "dict[int, _Held]") -> list[list[int]]:
    # The template writes the special tokens itself.
    encoded: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    for position, token in held.items():
        encoded[position] = token.encode(tokenizer, texts[position])
    return encoded


def _rendered(
    tokenizer: Any, pattern: re.Pattern[str] | None, chats: Sequence[Messages], *, is_open: bool = True
) -> "tuple[list[str], dict[int, _Held]]":
    """The chats as texts, and by position the special tokens that somebody wrote into them, hidden there.

    is_open: an answer is due, or the last message goes on; otherwise the last turn is over.
    """
    plain, held = [], {}
    for position, chat in enumerate(chats):
        contents = [message["content"] for message in chat]
        if pattern is not None and holds_special(pattern, chat):
            held[position] = _Held(pattern, contents)
            contents = [held[position].hide(content) for content in contents]
        plain.append(
            [{"role": message["role"], "content": content} for message, content in zip(chat, contents, strict=True)]
        )
    texts = [""] * len(chats)
    for goes_on in (False, True):
        positions = [n for n, chat in enumerate(chats) if (is_open and is_continued(chat)) is goes_on]
        if positions:
            rendered = tokenizer.apply_chat_template(
                [plain[n] for n in positions],
                add_generation_prompt=is_open and not goes_on,
                continue_final_message=goes_on,
                tokenize=False,
            )
            for position, text in zip(positions, rendered, strict=True):
                texts[position] = text
    return texts, held


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

    def _number(self, match: re.Match[str]) -> str:
        self.texts.append(match[0])
        return f"{self.mark}{len(self.texts) - 1}{self.mark}"

    def show(self, text: str) -> str:
        """Undo `hide`."""
        return re.sub(f"{self.mark}([0-9]+){self.mark}", lambda match: self.texts[int(match[1])], text)

    def encode(self, tokenizer: Any, text: str) -> list[int]:
        """Encode what stands between the template's special tokens as text, whatever it looks like."""
        ids: list[int] = []
        start = 0
        for match in [*self.pattern.finditer(text), None]:
            between = self.show(text[start : match.start() if match else len(text)])
            if between:
                ids += tokenizer(between, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            if match:
                ids.append(tokenizer.convert_tokens_to_ids(match[0]))
                start = match.end()
        return ids
