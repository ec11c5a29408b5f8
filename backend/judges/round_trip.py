"""Judge a text by the way back: does what a model makes of it say what it should lead to?"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from backend.engines import Engine
from backend.judges import Judge, fill, prompt_text
from backend.judges._template import naming_template
from backend.judges.text_similarity import TextSimilarity
from backend.values import Completion, Group, Judgment, Message, Messages, Sample, Sampling, Verdict


class RoundTrip(Judge):
    """Put a text to a model, and compare its replies with what is known; the label is the mean over `votes` replies.

    `to` answer: the replies should say the known answer. So an input that was written for a natural text (see
    `inverse_prompts`) is good if it leads back to that text, the consistency filter of back-training (Kulshreshtha et
    al. 2021, arXiv 2104.08801), and a plan of an edit is if it leads to the edited text. `to` question: they should say
    what the text answers, as a translation that is translated back.

    A reply that is empty, was cut off or cannot be compared says nothing of the text. Where all replies to a text are
    such ones it is asked again, up to `retries` times, and after that has no score.
    """

    to: Literal["answer", "question"] = Field(
        "answer", description="what replies are compared with: the known answer, or what the text answers"
    )
    template: str = Field(
        "{response}",
        description="what the model is asked; filled in are {response} (the text), {prompt} (what it answers) and "
        "{draft} (the text that the chain of questions began with)",
    )
    by: Judge = Field(
        default_factory=TextSimilarity, description="judge that computes and compares a reply with a known answer"
    )
    votes: int = Field(1, ge=1, le=64, description="replies sampled for each text")
    retries: int = Field(1, ge=0, le=10, description="how often a text is asked again where no reply can be compared")
    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy; votes and retries differ only above 0")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    max_tokens: int = Field(512, ge=1, description="longest reply in tokens")

    @field_validator("template")
    @classmethod
    def _holds_the_text(cls, template: str) -> str:
        if "{response}" not in template:
            raise ValueError("The template lacks {response}, so the model would not see the text. Add it.")
        return template

    @field_validator("by")
    @classmethod
    def _compares(cls, by: Judge) -> Judge:
        if by.needs_engine or by.needs_sandbox or not by.needs_answer or by.looks_elsewhere:
            raise ValueError(
                f"The judge {by.name} does not compute how a text compares with a known answer alone. Choose "
                "text_similarity or exact_match."
            )
        return by

    @property
    def needs_answer(self) -> bool:
        return self.to == "answer"

    @property
    def takes_targets(self) -> bool:
        return self.to == "answer"

    @property
    def reads_parents(self) -> bool:
        return "{draft}" in self.template

    @property
    def may_be_silent(self) -> bool:
        return True

    @property
    def calls_per_sample(self) -> int:
        return self.votes

    def calls_at_most(self, groups: int, samples: int) -> int:
        """A text is asked again only where replies may differ."""
        return samples * self.votes * (1 + self.retries if self.temperature else 1)

    @property
    def max_tokens_per_call(self) -> int:
        return self.max_tokens

    @property
    def template_hash(self) -> str:
        """SHA-256 of the template, stored on each judgment."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        judged: dict[int, list[Judgment]] = {}
        due = [(group, sample) for group in groups for sample in group.samples]
        for attempt in range(1 + self.retries):
            chance = random.Random(f"{seed} retry {attempt}").getrandbits(31) if attempt else seed
            asked = [(group, sample) for group, sample in due if self._known(group) is not None]
            replies = engine.complete([self._chat(*pair) for pair in asked], self._sampling(chance)) if asked else []
            for (group, sample), several in zip(asked, replies, strict=True):
                judged[sample.id] = self._compared(group, sample, [*map(naming_template, several)])
            due = [
                (group, text) for group, text in asked if all(judgment.score is None for judgment in judged[text.id])
            ]
            if not due or not self.temperature:  # the same question gets the same reply
                break
        return [
            judgment
            for group in groups
            for sample in group.samples
            for judgment in judged.get(
                sample.id, [self._judgment(sample, 0, None, "There is nothing to compare with.")]
            )
        ]

    def _known(self, group: Group) -> str | None:
        return group.prompt.answer if self.to == "answer" else group.prompt.messages[-1]["content"]

    def _chat(self, group: Group, sample: Sample) -> Messages:
        draft = group.draft.text if group.draft else ""
        text = fill(self.template, response=sample.text, prompt=prompt_text(group.prompt.messages), draft=draft)
        asked: Message = {"role": "user", "content": text}
        return [asked]

    def _sampling(self, seed: int) -> Sampling:
        return Sampling(
            temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, n=self.votes, seed=seed
        )

    def _compared(self, group: Group, sample: Sample, replies: Sequence[Completion]) -> list[Judgment]:
        """The judgments of one text: what the comparing judge says of each reply."""
        texts = tuple(Sample(n, group.prompt.id, reply.text, reply.finish_reason) for n, reply in enumerate(replies))
        known = replace(group.prompt, answer=self._known(group))
        verdicts = self.by.judge(None, [Group(known, texts)], seed=0)
        judgments = []
        for n, reply in enumerate(replies):
            is_whole = reply.failure is None and reply.finish_reason != "length" and reply.text.strip()
            of_reply = [judgment for judgment in verdicts if judgment.sample_id == n] if is_whole else []
            score = self.by.label(of_reply)[0]
            why = "; ".join(judgment.rationale for judgment in of_reply) or "The reply is empty or was cut off."
            judgment = self._judgment(sample, n, score, why)
            judgments.append(
                replace(
                    judgment,
                    raw=reply.text,
                    num_tokens=reply.num_tokens,
                    finish_reason=reply.finish_reason,
                    reasoning=reply.reasoning,
                    failure=reply.failure,
                )
            )
        return judgments

    def _judgment(self, sample: Sample, position: int, score: float | None, reason: str) -> Judgment:
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        return Judgment(
            sample.id, str(self.name), position, score, verdict, reason, "", template_hash=self.template_hash
        )
