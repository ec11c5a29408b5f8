"""Which tokens end a text."""

from typing import TYPE_CHECKING

from backend.engines import _weights
from backend.errors import EngineError
from backend.values import Sampling

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase

GREEDY_BELOW = 1e-5
"""vLLM takes lower temperatures for 0."""
MOST_STOPS = 4


def end_tokens(
    config: "GenerationConfig | None", tokenizer: "PreTrainedTokenizerBase", stop: tuple[str, ...]
) -> set[int]:
    """Return the ids that end a text: the model's, the tokenizer's, and stop strings that are special tokens."""
    own = config.eos_token_id if config else None
    ends = set(own if isinstance(own, list) else [own]) | {tokenizer.eos_token_id}
    ends |= {tokenizer.convert_tokens_to_ids(text) for text in stop if text in tokenizer.all_special_tokens}
    return {int(end) for end in ends if end is not None}


def plain_stops(tokenizer: "PreTrainedTokenizerBase", stop: tuple[str, ...]) -> tuple[str, ...]:
    """Return the stop strings that are no special tokens; raises `EngineError` for more than vLLM takes."""
    plain = tuple(text for text in stop if text not in tokenizer.all_special_tokens)
    if len(plain) > MOST_STOPS:
        raise EngineError(
            f"There are {len(plain)} stop strings, and vLLM takes {MOST_STOPS} at most. Leave some out, or launch the "
            "round with the engine transformers."
        )
    return plain


def load_config(base: str) -> "GenerationConfig | None":
    """What a model says of how texts end, as transformers finds it when it loads the weights; None where it is mute."""
    from transformers import AutoConfig, GenerationConfig

    try:
        return GenerationConfig.from_pretrained(base, **_weights.load_options())
    except OSError:
        pass
    try:
        return GenerationConfig.from_model_config(AutoConfig.from_pretrained(base, **_weights.load_options()))
    except (OSError, ValueError):
        return None


def is_greedy(sampling: Sampling) -> bool:
    """Whether all texts of a prompt are the same one."""
    return sampling.temperature < GREEDY_BELOW
