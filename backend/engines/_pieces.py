"""The text of a completion in pieces, while its tokens come."""

from collections.abc import Callable, Sequence

HALF = "\ufffd"
"""What a decoder writes for a character of which not all tokens are there."""

MOST_WAITING = 64
"""Tokens that are decoded again with the next one, where they gave no text yet."""


class Pieces:
    """Decodes a few of the newest tokens at a time, so that a long text costs no more for each than a short one."""

    def __init__(self, decode: Callable[[Sequence[list[int]]], list[str]], head: Sequence[int] = ()) -> None:
        """head: the tokens before it that it goes on from."""
        self._decode = decode
        self._ids = list(head)
        self._told = len(self._ids)
        """So many of the tokens are in pieces already, and are decoded with the next for the space between them."""

    def after(self, token: int) -> str:
        """The text that is whole with this token and was not before; often none."""
        self._ids.append(token)
        before, now = self._decode([self._ids[: self._told], self._ids])
        is_many = len(self._ids) - self._told > MOST_WAITING
        if len(now) <= len(before):
            if is_many:
                del self._ids[self._told :]  # special tokens, which have no text
            return ""
        if now.endswith(HALF) and not is_many:
            return ""
        self._ids, self._told = self._ids[self._told :], len(self._ids) - self._told
        return now[len(before) :]
