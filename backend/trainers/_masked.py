"""Parts of completions that TRL's GRPO leaves out of the loss, found by a regular expression."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trl.trainer.grpo_trainer import GRPOTrainer


def loss_mask(pattern: str, tokens: Sequence[str]) -> list[int]:
    """Return 0 for each token that begins in a masked part of the text, else 1.

    tokens: the text of each token of a completion. Masked is what the first group of each match holds, all of the match
    where the pattern has no group. Where nothing would be left, the last token counts: a loss is of something.
    """
    spans = [m.span(1 if m.re.groups else 0) for m in re.finditer(pattern, "".join(tokens))]
    mask, start = [], 0
    for token in tokens:
        mask.append(int(not any(first <= start < end for first, end in spans)))
        start += len(token)
    return mask if any(mask) else [*mask[:-1], *([1] if mask else [])]


def masking(trainer: "type[GRPOTrainer]", pattern: str) -> "type[GRPOTrainer]":
    """Return the trainer's class with this mask on what it generates; without a pattern the class itself."""
    if not pattern:
        return trainer

    class Masking(trainer):  # type: ignore[valid-type,misc]
        def _generate(self, prompts: Any) -> Any:
            """TRL's `tool_mask` marks the tokens that the policy wrote itself; the others are not in the loss."""
            prompt_ids, completion_ids, before, *rest = super()._generate(prompts)
            texts = ([self._tokenizer.decode([token]) for token in ids] for ids in completion_ids)
            masks = [loss_mask(pattern, tokens) for tokens in texts]
            if before is not None:
                masks = [[a * b for a, b in zip(*both, strict=True)] for both in zip(masks, before, strict=True)]
            return (prompt_ids, completion_ids, masks, *rest)

    return Masking
