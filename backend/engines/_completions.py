"""What is asked of vLLM at /v1/completions, where a prompt is token ids, and what its replies say."""

from collections.abc import Collection, Sequence
from typing import Any

from backend.engines._asking import form_body
from backend.engines._ends import is_greedy
from backend.engines._prompt_logprobs import Tokens, tokens_of
from backend.engines._replies import OddReply, finish_reason
from backend.values import JSON, Completion, Sampling
from backend.values.replies import ReplyForm

HOW = "structured_outputs"
"""How vLLM is asked to hold replies to a form."""


def is_reply(reply: object) -> bool:
    """Whether a reply has at least one choice, each with a text."""
    choices = reply.get("choices") if isinstance(reply, dict) else None
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(choice, dict) and isinstance(choice.get("text"), str) for choice in choices)
    )


def body_of(
    ids: Sequence[int],
    sampling: Sampling,
    *,
    seed: int,
    room: int,
    ends: Collection[int] = (),
    form: ReplyForm | None = None,
) -> JSON:
    """Ask for all texts of one prompt, with the log-probability of each token that is written.

    Of a greedy prompt for one: they are all the same, and vLLM refuses to write it twice. ends: tokens that end a text,
    which vLLM neither finds among the stop strings nor in the model's own settings, as it is started here.
    """
    body: JSON = {
        "prompt": list(ids),
        "n": 1 if is_greedy(sampling) else sampling.n,
        "seed": seed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": room,
        "logprobs": 0,
    }
    if sampling.top_k > 0:
        body["top_k"] = sampling.top_k
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if ends:
        body["stop_token_ids"] = sorted(ends)
    return body if form is None else body | form_body(form, HOW)


def reading_body(ids: Sequence[int]) -> JSON:
    """Ask for the log-probabilities of a prompt; one new token is the least that is written."""
    return {"prompt": list(ids), "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}


def completions_of(reply: JSON) -> list[Completion]:
    """The texts of a reply, in order; raises `OddReply`."""
    return [_completion(choice) for choice in sorted(reply["choices"], key=lambda entry: entry.get("index", 0))]


def _completion(choice: JSON) -> Completion:
    reported = choice.get("logprobs")
    logprobs = reported.get("token_logprobs") if isinstance(reported, dict) else None
    if not isinstance(logprobs, list) or not all(isinstance(logprob, int | float) for logprob in logprobs):
        raise OddReply("it gives no log-probability for each token (token_logprobs)")
    return Completion(
        text=choice["text"],
        finish_reason=finish_reason(choice.get("finish_reason")),
        num_tokens=len(logprobs),
        logprob=float(sum(logprobs)),
    )


def prompt_tokens_of(reply: JSON) -> Tokens:
    """The tokens of the prompt with their log-probabilities; raises `OddReply`."""
    first: Any = reply["choices"][0]
    return tokens_of(first)
