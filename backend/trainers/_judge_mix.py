"""Rows that train a policy to judge the texts it just wrote: one for each text, in the batch of the texts."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from backend.engines import _chat
from backend.judges import fill, prompt_text
from backend.trainers._verdict_reward import VerdictReward
from backend.trainers.grpo import GRPO
from backend.values import Messages, Verdict

if TYPE_CHECKING:
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer

    from backend.trainers._inputs import TrainerInputs

TRL_NAMES = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask")
POINTWISE, PAIRWISE, REFLECTION = "pointwise", "pairwise", "reflection"
KINDS = (POINTWISE, PAIRWISE, REFLECTION)
CONCLUDE = "Is the answer right? Reply with Verdict: right or Verdict: wrong."
ASKED = {
    POINTWISE: "Task: {prompt}\n\nAnswer: {response}\n\n" + CONCLUDE,
    PAIRWISE: "Task: {prompt}\n\nAnswer A: {first}\n\nAnswer B: {second}\n\nWhich answer is right? Reply with Verdict: "
    "A or Verdict: B.",
    REFLECTION: "Task: {prompt}\n\nAnswer: {response}\n\nThink about whether the answer is right. Give no verdict yet.",
}


class JudgeMixKnobs(GRPO, abstract=True):
    """Which rows train the policy as a judge, and how much they weigh."""

    judge_weight: float = Field(0.1, ge=0, description="factor of the judging loss; 0: GRPO alone")
    judge_kinds: tuple[str, ...] = Field(
        KINDS, min_length=1, description="kinds of rows, which the texts get in turn: pointwise, pairwise, reflection"
    )
    pointwise_template: str = Field(
        ASKED[POINTWISE], description="what is asked of one text; {prompt} and {response} are filled in"
    )
    pairwise_template: str = Field(
        ASKED[PAIRWISE], description="what is asked of two texts; {prompt}, {first} and {second} are filled in"
    )
    reflection_template: str = Field(
        ASKED[REFLECTION], description="what a reflection is asked for with; {prompt} and {response} are filled in"
    )
    conclusion: str = Field(CONCLUDE, description="what is asked after a reflection")

    @model_validator(mode="after")
    def _can_ask(self) -> Self:
        if strange := [kind for kind in self.judge_kinds if kind not in KINDS]:
            raise ValueError(f"{strange[0]!r} is no kind of judging row. Kinds are: {', '.join(KINDS)}.")
        for kind in KINDS:
            slots = ("{prompt}", "{first}", "{second}") if kind == PAIRWISE else ("{prompt}", "{response}")
            if missing := [slot for slot in slots if slot not in self.template(kind)]:
                raise ValueError(f"The {kind} template lacks {missing[0]}, so the judge would not see it. Add it.")
        return self

    def template(self, kind: str) -> str:
        """What is asked in a row of this kind."""
        known = {POINTWISE: self.pointwise_template, PAIRWISE: self.pairwise_template}
        return known.get(kind, self.reflection_template)


@dataclass(frozen=True)
class Judging:
    """What the policy is asked as a judge, and the verdict that it should write. `kind`: see the trainer."""

    kind: str
    chat: Messages
    verdict: str


Encoded = tuple[list[int], list[int]]
"""The tokens of what is asked, and those of the verdict with the end of its turn."""


def judgings(
    texts: Sequence[str],
    verdicts: Sequence[Verdict | None],
    prompts: Sequence[Messages],
    knobs: JudgeMixKnobs,
    chance: random.Random,
) -> list[Judging | None]:
    """One row for each text in groups of num_generations; None where nothing is known of it.

    A text whose turn it is to be compared, but without one of its group that has the opposite verdict, gets a pointwise
    row.
    """
    size = knobs.num_generations
    judgings_: list[Judging | None] = []
    for n, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
        if verdict is None:
            judgings_.append(None)
            continue
        kind, task = knobs.judge_kinds[n % len(knobs.judge_kinds)], prompt_text(prompts[n])
        start = n - n % size
        others = [k for k in range(start, start + size) if verdicts[k] not in (None, verdict)]
        is_right = verdict is Verdict.accept
        verdict_line = "Verdict: right" if is_right else "Verdict: wrong"
        shown = {"prompt": task, "response": text}
        if kind == PAIRWISE and others:
            other, is_first = texts[chance.choice(others)], chance.random() < 0.5
            first, second = (text, other) if is_first else (other, text)
            shown = {"prompt": task, "first": first, "second": second}
            verdict_line = "Verdict: A" if is_right is is_first else "Verdict: B"
        elif kind == PAIRWISE:
            kind = POINTWISE
        asked: Messages = [{"role": "user", "content": fill(knobs.template(kind), **shown)}]
        judgings_.append(Judging(kind, asked, verdict_line))
    return judgings_


def encoded(row: Judging | None, tokenizer: Any, most: int) -> Encoded | None:
    """The tokens of a row; None where it is longer than `most`, or the chat template refuses it."""
    if row is None:
        return None
    pattern = _chat.special_texts(tokenizer)
    try:
        (head,) = _chat.encode(tokenizer, pattern, [row.chat])
        (whole,) = _chat.encode_closed(tokenizer, pattern, [row.chat], [row.verdict])
    except _chat.REFUSALS:
        return None
    return (head, whole[len(head) :]) if whole[: len(head)] == head and len(whole) <= most else None


def judge_mixing(knobs: JudgeMixKnobs, reward: VerdictReward, weights: "TrainerInputs") -> "type[GRPOTrainer]":
    """Return the trainer; it is made here because torch and TRL are imported only when training."""
    import torch
    from trl.trainer.grpo_trainer import GRPOTrainer
    from trl.trainer.utils import pad

    base: Any = GRPOTrainer
    most = min(knobs.max_length, weights.context or knobs.max_length)

    class JudgeMixingTrainer(base):
        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            return output | self._judging(self._asked()) if knobs.judge_weight else output

        def _asked(self) -> list[Encoded | None]:
            """A row for each text of the generation, those that need one with a reflection by the policy as it is."""
            chance = random.Random(f"{reward.spec.seed} {self.state.global_step} judging")
            texts = [text.text for text in reward.texts]
            rows = judgings(texts, reward.verdicts, reward.prompts, knobs, chance)
            room = knobs.max_completion_length
            due = [n for n, row in enumerate(rows) if row is not None and row.kind == REFLECTION]
            heads = {
                n: encoding
                for n in due
                if (encoding := encoded(rows[n], self.processing_class, most - room)) is not None
            }
            if heads:
                asked = [head for head, _ in heads.values()]
                written, _ = self._generate_single_turn(asked, None, {}, self.num_generations)
                decoded = self.processing_class.batch_decode(written, skip_special_tokens=True)
                for n, reflection in zip(heads, decoded, strict=True):
                    rows[n] = self._concluded(rows[n], reflection)
            left_out = set(due) - set(heads)
            encodings = [
                None if n in left_out else encoded(row, self.processing_class, most) for n, row in enumerate(rows)
            ]
            self._metrics["train"]["judging/rows"].append(len(encodings) - encodings.count(None))
            return encodings

        @staticmethod
        def _concluded(row: Judging | None, reflection: str) -> Judging:
            assert row is not None
            asked: Messages = [
                {"role": "assistant", "content": reflection},
                {"role": "user", "content": knobs.conclusion},
            ]
            return Judging(row.kind, [*row.chat, *asked], row.verdict)

        def _judging(self, rows: Sequence[Encoded | None]) -> dict[str, "torch.Tensor"]:
            """The rows as TRL has its own: what is asked padded on the left, the verdict on the right."""
            device, filler = self.accelerator.device, self._tokenizer.pad_token_id
            known = [row or ([filler], [filler]) for row in rows]
            batch: dict[str, torch.Tensor] = {}
            for part, side in enumerate(("left", "right")):
                ids = [torch.tensor(row[part]) for row in known]
                for kind, some, fill_with in ((0, ids, filler), (1, [torch.ones_like(tensor) for tensor in ids], 0)):
                    name = f"judge_{TRL_NAMES[2 * part + kind]}"
                    batch[name] = pad(some, padding_value=fill_with, padding_side=side).to(device)
            is_row = torch.tensor([[row is not None] for row in rows], device=device)
            batch["judge_trained"] = batch["judge_completion_mask"] * is_row
            batch["num_judge_tokens"] = batch["judge_trained"].sum()
            return batch

        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> "torch.Tensor":
            loss: torch.Tensor = super()._compute_loss(model, inputs)
            if not knobs.judge_weight:
                return loss
            head, head_mask, tail, tail_mask = (inputs[f"judge_{name}"] for name in TRL_NAMES)
            ids, mask = torch.cat([head, tail], dim=1), torch.cat([head_mask, tail_mask], dim=1)
            log_probs, _, _ = self._get_per_token_logps_and_entropies(model, ids, mask, tail.size(1))
            passes = self.current_gradient_accumulation_steps / self.args.steps_per_generation
            lost = -(log_probs * inputs["judge_trained"]).sum() / inputs["num_judge_tokens"].clamp(min=1) / passes
            self._metrics["train"]["judging/loss"].append(lost.item())
            return loss + knobs.judge_weight * lost

    return JudgeMixingTrainer
