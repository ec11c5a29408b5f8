"""Engines serve weights: messages in, completions with log-probabilities out."""

from collections.abc import Sequence

from backend.registry import Part
from backend.values import Completion, Messages, Sampling


class Engine(Part, kind="engine"):
    """Serves one checkpoint. Use as a context manager: weights are loaded on enter, released on exit."""

    def check(self) -> None:
        """Raise what entering would raise, as far as it can be seen without loading or asking anything."""
        return None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        """Return `sampling.n` completions per prompt, in order of the prompts.

        The same prompts, sampling and seed give the same completions, whatever ran before.
        The text ends before a stop string; the end token counts in `n_tokens` and `logprob`. A text that
        reaches the end of the context has finish reason `length`.
        Raises `ContextOverflow` (with the prompt's position), `EngineError`, `MissingPrerequisite`.
        """
        raise NotImplementedError

    def count_tokens(self, messages: Messages) -> int | None:
        """Tokens of the rendered prompt, or None where the engine cannot know."""
        return None

    @property
    def context_length(self) -> int | None:
        """Tokens of prompt and completion together, or None where the engine cannot know."""
        return None
