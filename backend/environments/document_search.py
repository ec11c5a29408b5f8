"""An environment with a search over documents."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field, PrivateAttr

from backend.environments import Environment, ToolError, instructions
from backend.passages import Index, passages


class DocumentSearch(Environment):
    """A policy that may search: `Action: search[words]` is answered with the passages that BM25 ranks highest.

    The documents are the prompts without a known answer of the round's seed sets, those that it uses as mix; they are
    cut into passages of whole sentences.
    """

    number: int = Field(1, ge=1, le=20, description="most passages that a search answers with")
    max_chars: int = Field(600, ge=40, description="longest passage in characters; documents are cut at sentences")

    _texts: list[str] = PrivateAttr(default_factory=list)
    _index: Index | None = PrivateAttr(None)

    @property
    def needs_documents(self) -> bool:
        return True

    def with_documents(self, texts: Sequence[str]) -> Self:
        given = self.model_copy()
        given._texts = [piece for text in texts for piece in passages(text, self.max_chars)]
        given._index = Index(given._texts)
        return given

    def make(self) -> "DocumentWorld":
        return DocumentWorld(self._texts, self._index or Index([]), self.number)


class DocumentWorld:
    """A world of documents. A search does not hang on those before it."""

    def __init__(self, texts: Sequence[str], index: Index, number: int) -> None:
        self._texts, self._index, self._number = texts, index, number

    def reset(self, **row: Any) -> str | None:
        """Return what tells the policy of the search."""
        return instructions(self, "search[highest mountain of Peru]")

    def search(self, query: str) -> str:
        """Gives the passages of the documents that have most to do with the words.

        Args:
            query: words to search for.

        Returns:
            The passages, the best first.
        """
        hits = self._index.best(query, self._number)
        if not hits:
            raise ToolError("No document holds any of these words.")
        return "\n\n".join(self._texts[place] for place in hits)
