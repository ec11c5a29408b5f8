"""Engines serve weights: messages in, completions with log-probabilities out."""

from collections.abc import Sequence

from backend.errors import PromptError
from backend.registry import Part
from backend.values import Completion, Failure, FailureKind, Messages, Sampling


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
        A prompt that cannot be served gets completions with a `failure`, and the others theirs. What would befall
        every prompt is raised: `EngineError`, `MissingPrerequisite`.
        """
        raise NotImplementedError

    def notes(self) -> tuple[str, ...]:
        """Return what a person should know of how it was served so far, such as settings that the server refused."""
        return ()

    def count_tokens(self, messages: Messages) -> int | None:
        """Tokens of the rendered prompt, or None where the engine cannot know."""
        return None

    @property
    def context_length(self) -> int | None:
        """Tokens of prompt and completion together, or None where the engine cannot know."""
        return None


def failed(kind: FailureKind, reason: str, n: int = 1) -> list[Completion]:
    """Return the n completions of a prompt that cannot be served."""
    return [Completion("", "error", 0, failure=Failure(kind, reason))] * n


def served(completions: list[list[Completion]]) -> list[list[Completion]]:
    """Return the completions as they are; raises `PromptError` for the first that failed.

    For callers that ask one thing and have no list of what was left out.
    """
    for completion in (one for several in completions for one in several):
        if completion.failure is not None:
            raise PromptError(completion.failure.reason, kind=completion.failure.kind)
    return completions
