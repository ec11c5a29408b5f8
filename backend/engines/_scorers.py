"""Models that end in a head of one number instead of one that writes: which they are, how they load, how they score."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.engines import _weights
from backend.errors import InvalidInput
from backend.values import JSON

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

ARCHITECTURE = "ForSequenceClassification"
TASK = "SEQ_CLS"
"""What peft calls an adapter with such a head."""


def is_scorer(located: str) -> bool:
    """Whether a located model or adapter ends in a head that scores; False where its files are not here."""
    if _weights.is_adapter(located):
        return _weights.read_json(Path(located) / "adapter_config.json").get("task_type") == TASK
    file = Path(located) / "config.json"
    return file.is_file() and is_scoring(_weights.read_json(file))


def is_scoring(config: JSON) -> bool:
    """Whether a model's config is that of a model which scores."""
    names = config.get("architectures")
    return isinstance(names, list) and bool(names) and str(names[0]).endswith(ARCHITECTURE)


def numbers_of(config: JSON) -> int:
    """How many numbers the head of a model which scores gives."""
    labels = config.get("id2label")
    return len(labels) if isinstance(labels, dict) and labels else int(config.get("num_labels") or 2)


def check(located: str, *, scores: bool) -> None:
    """Refuse a model that does not end in the head that is wanted."""
    if is_scorer(located) and not scores:
        raise InvalidInput(
            f"The model {located} is a scorer: its head gives one number and writes no text. Choose a language model."
        )
    if not scores or not Path(located).is_dir():
        return
    if not is_scorer(located):
        raise InvalidInput(
            f"The model {located} is a language model and has no head that scores. Train one by reward_model, or "
            "choose a reward model."
        )
    number = 1 if _weights.is_adapter(located) else numbers_of(_weights.read_json(Path(located) / "config.json"))
    if number != 1:
        raise InvalidInput(
            f"The head of the model {located} gives {number} numbers, and a scorer gives one. Choose a reward model."
        )


def load(
    located: str, *, dtype: "torch.dtype | str", trainable: bool = False, seed: int | None = None
) -> "PreTrainedModel":
    """Load a scorer on the CPU; of an adapter folder, its base with the adapter merged (not so if trainable).

    seed: of the new head that a language model gets. Without one, a language model is refused.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    if seed is None:
        check(located, scores=True)
    else:
        torch.manual_seed(seed % 2**63)
    _weights.check(located)
    is_adapter, has_head = _weights.is_adapter(located), is_scorer(located)
    if is_adapter and not has_head:
        return _with_head(_weights.load_model(located, dtype=dtype))
    base = _weights.base_of(located) if is_adapter else located
    with _without_report():
        model, missing = _weights.loaded(AutoModelForSequenceClassification, base, dtype=dtype, num_labels=1)
    if has_head and not is_adapter:
        _weights.refuse_missing(base, missing)
    else:
        # The head is new, or it is the adapter's.
        _weights.refuse_missing(base, [name for name in missing if name.startswith(f"{model.base_model_prefix}.")])
    return _weights.add_adapter(model, located, trainable=trainable) if is_adapter else model


@contextlib.contextmanager
def _without_report() -> Iterator[None]:
    """Keep transformers from warning of a head that its files lack: what is missing is looked at here."""
    logger = logging.getLogger("transformers.modeling_utils")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _with_head(model: Any) -> "PreTrainedModel":
    """A new head on the body of a language model."""
    from transformers import AutoModelForSequenceClassification

    auto: Any = AutoModelForSequenceClassification
    model.config.num_labels = 1
    model_with_head = auto.from_config(model.config, dtype=model.dtype)
    getattr(model_with_head, model_with_head.base_model_prefix).load_state_dict(model.base_model.state_dict())
    scorer: PreTrainedModel = model_with_head
    return scorer


def set_dropout(model: Any, share: float) -> None:
    """Let so large a share of the attention weights be dropped in training, here and wherever the model is loaded."""
    layers = [module for module in model.modules() if hasattr(module, "attention_dropout")]
    if not layers:
        raise InvalidInput(
            f"The model {type(model).__name__} has no dropout of attention weights that could be set. Set dropout to 0."
        )
    for module in layers:
        module.attention_dropout = share
    model.config.get_text_config().attention_dropout = share


@contextlib.contextmanager
def with_dropout(model: Any, *, seed: int) -> Iterator[None]:
    """Switch the model's dropout on, what is dropped being drawn by the seed; raises `InvalidInput` where it has none.

    Other random numbers of the process stay what they were.
    """
    import torch

    shares = [getattr(module, "attention_dropout", 0.0) for module in model.modules()]
    shares += [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    if not any(isinstance(share, float) and share > 0 for share in shares):
        raise InvalidInput(
            "The scorer has no dropout, so that every pass would give the same number. Train one by reward_model with "
            "its knob dropout above 0, or bind a scorer that has some."
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed % 2**63)
        model.train()
        try:
            yield
        finally:
            model.eval()


def rate(model: Any, rows: Sequence[list[int]], *, pad: int, at_once: int) -> Iterator[tuple[list[int], list[float]]]:
    """Score texts, as token ids, in batches of similar length; yields the places of each batch and their scores.

    The score is that of the last token which is no padding, as in training.
    """
    import torch

    model.config.get_text_config().pad_token_id = pad
    order = sorted(range(len(rows)), key=lambda n: (-len(rows[n]), n))
    for start in range(0, len(order), at_once):
        places = order[start : start + at_once]
        width = len(rows[places[0]])
        padded = [rows[n] + [pad] * (width - len(rows[n])) for n in places]
        mask = [[1] * len(rows[n]) + [0] * (width - len(rows[n])) for n in places]
        with torch.inference_mode():
            ids, shown = (torch.tensor(tensor, device=model.device) for tensor in (padded, mask))
            logits = model(input_ids=ids, attention_mask=shown, use_cache=False).logits
        yield places, logits[:, 0].float().tolist()
