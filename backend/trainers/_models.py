"""Loads what a training starts from: policy, reference and tokenizer."""

from typing import TYPE_CHECKING, Any

from backend.config import settings
from backend.engines import _scorers, _weights
from backend.errors import InvalidInput, MissingPrerequisite
from backend.trainers import ADAPTER_ON_ADAPTER, TrainSpec
from backend.trainers._inputs import TrainerInputs
from backend.trainers._knobs import TRLKnobs
from backend.values import SCORER

if TYPE_CHECKING:
    import torch


def load(trainer: TRLKnobs, spec: TrainSpec) -> TrainerInputs:
    """Load all that a training needs; a policy that is an adapter goes on as adapter if `lora`, else merged.

    A scorer starts from a scorer, or from a language model, which gets a new head by the seed.
    """
    policy = _weights.locate(spec.policy)
    _weights.check(policy)
    if trainer.shares_tokenizer:
        check_tokenizers(policy, _weights.locate(spec.reference or spec.policy))
    is_adapter, makes_scorer, was_scorer = (
        _weights.is_adapter(policy),
        trainer.makes == SCORER,
        _scorers.is_scorer(policy),
    )
    if was_scorer and not makes_scorer:
        _scorers.check(policy, scores=False)
    if trainer.lora and is_adapter and was_scorer is not makes_scorer:
        raise InvalidInput(ADAPTER_ON_ADAPTER)
    continues = trainer.lora and is_adapter
    dtype = number_format(trainer)
    if makes_scorer:
        model = _scorers.load(policy, dtype=dtype, trainable=continues, seed=None if was_scorer else spec.seed)
    else:
        model = _weights.load_model(policy, dtype=dtype, trainable=continues)
    return TrainerInputs(
        policy=model,
        reference=_reference(trainer, spec, policy, dtype) if trainer.needs_reference else None,
        tokenizer=_weights.load_tokenizer(policy),
        lora=_lora(trainer) if trainer.lora and not continues else None,
        base=_weights.base_of(policy) if continues else policy,
    )


def check_tokenizers(policy: str, teacher: str) -> None:
    """Raise `InvalidInput` where two models have other tokens: the same number would mean something else to each."""
    own, others = (_weights.load_tokenizer(located).get_vocab() for located in (policy, teacher))
    if own == others:
        return
    differ = sum(others.get(token) != number for token, number in own.items()) or len(others) - len(own)
    raise InvalidInput(
        f"The teacher {teacher} has another tokenizer than the policy {policy}: {differ:,} tokens differ, so their "
        "next-token distributions cannot be compared. Bind a teacher of the same family, or fine-tune on its texts."
    )


def _reference(trainer: TRLKnobs, spec: TrainSpec, policy: str, dtype: "torch.dtype") -> Any:
    wanted = _weights.locate(spec.reference or spec.policy)
    if trainer.lora and wanted == policy and not trainer.shares_tokenizer:
        return None
    return _weights.load_model(wanted, dtype=dtype)


def _lora(trainer: TRLKnobs) -> Any:
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise MissingPrerequisite(
            "LoRA needs peft, which is not installed. Run `pip install 'rondo[local]'`."
        ) from error
    targets = trainer.lora_target_modules
    return LoraConfig(
        # peft trains the head of a SEQ_CLS model beside the adapter, and saves it with it.
        task_type=_scorers.TASK if trainer.makes == SCORER else "CAUSAL_LM",
        r=trainer.lora_r,
        lora_alpha=trainer.lora_alpha,
        lora_dropout=trainer.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
    )


def has_bf16() -> bool:
    """Say whether there is a GPU that computes in bfloat16."""
    import torch

    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()


def number_format(trainer: TRLKnobs) -> "torch.dtype":
    """Full weights are trained in float32: bfloat16 would round small updates away."""
    import torch

    wanted = trainer.dtype
    if wanted == "auto":
        wanted = "bfloat16" if trainer.lora and has_bf16() else "float32"
    return torch.bfloat16 if wanted == "bfloat16" else torch.float32


def portable(located: str) -> str:
    """Return a folder inside the data folder as a relative path, so that the data folder may move."""
    prefix = f"{settings().folder}/"
    return located.removeprefix(prefix)
