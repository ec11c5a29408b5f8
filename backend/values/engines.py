"""What engines are asked and what they answer."""

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import TypedDict  # pydantic cannot read that of typing before Python 3.12


class Message(TypedDict):
    """One chat message, as the Hugging Face chat templates and OpenAI spell it."""

    role: str
    content: str


Messages = list[Message]


@dataclass(frozen=True)
class Sampling:
    """How to sample, in the names of vLLM and OpenAI. `seed` is per request."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    n: int = 1
    seed: int | None = None
    stop: tuple[str, ...] = ()


class LocalEngine(StrEnum):
    """What serves the model folders of a round."""

    transformers = "transformers"
    """In the job's own process."""
    vllm = "vllm"
    """A server that Rondo starts and shares among the round's stages."""


class FailureKind(StrEnum):
    """Why one prompt, reply or row was left out while others went on."""

    context = "context"
    """It does not fit into the model's context."""
    template = "template"
    """The model's chat template refuses it."""
    filter = "filter"
    """A content filter refused the prompt or the reply."""
    refused = "refused"
    """The server calls the request wrong."""
    timeout = "timeout"
    reply = "reply"
    """The reply cannot be read."""
    server = "server"
    error = "error"
    too_long = "too_long"
    """A training row longer than max_length."""
    special = "special"
    """A training row that holds a special token of the model in letters."""
    unfinished = "unfinished"
    """An episode that was not over after its last turn."""

    @property
    def is_own(self) -> bool:
        """Whether it lies in the text itself, so that many in a row say nothing about the server or the model."""
        return self not in (
            FailureKind.refused,
            FailureKind.timeout,
            FailureKind.reply,
            FailureKind.server,
            FailureKind.error,
        )


@dataclass(frozen=True)
class Failure:
    """Why there is no reply. `reason` is for the person who reads it."""

    kind: FailureKind
    reason: str


@dataclass(frozen=True)
class Completion:
    """What an engine returned for one prompt: new tokens only, never the prompt."""

    text: str
    finish_reason: str
    """`stop`, `length` (cut off at max_tokens), `unknown` (the server's word is not known), or `error` with `failure`.
    Only a text that ended with `stop` is complete."""
    num_tokens: int
    logprob: float | None = None
    """Sum of the log-probabilities of the new tokens under the sampling policy, in nats."""
    reasoning: str = ""
    """What the server gave apart from the text: kept to be looked at, neither judged nor trained on."""
    failure: Failure | None = None
    """Why there is no text; the other completions of the call may have theirs."""


@dataclass(frozen=True)
class Reading:
    """What a model says of each token of a text that it was given, in order; three numbers a token, in nats.

    logprobs: the token's log-probability, log p(token). entropies: -sum p log p of the distribution that the token was
    read under, over the whole vocabulary. certainties: KL(uniform || p) = -log V - mean log p of that distribution
    (Zhao et al. 2025, arXiv 2505.19590). An empty text has none of them. Where an engine knows log-probabilities alone,
    the other two are empty (`Ability.read`).
    """

    logprobs: tuple[float, ...]
    entropies: tuple[float, ...] = ()
    certainties: tuple[float, ...] = ()
    failure: Failure | None = None
    """Why the text could not be read; all three are then empty."""
