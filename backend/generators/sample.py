"""Sample n completions of each prompt, and if wanted some more at another temperature."""

import random
from collections.abc import Sequence

from pydantic import Field, field_validator

from backend.engines import Engine
from backend.generators import Generator, imported_samples
from backend.judges import fill
from backend.values import JSON, Completion, Message, Messages, Prompt, Sampling
from backend.values import Sample as SampleValue


class Sample(Generator):
    """Ask the policy n times; positions 0 to n-1. The extra samples take the positions after them.

    Extra samples at a higher temperature are ScPO's way to find an answer worth rejecting (Prasad et al.
    2024, arXiv 2411.04109). With a template they are asked otherwise, such as after worked examples that are brief
    (Munkhbat et al. 2025, arXiv 2502.20122); they answer the same prompt, and training rows do not see the template.
    """

    n: int = Field(4, ge=1, le=1024, description="samples of each prompt")
    temperature: float = Field(1.0, ge=0, le=5, description="0 is greedy; higher is more varied")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    top_k: int = Field(0, ge=0, description="sample from this many likeliest tokens; 0 means all")
    max_tokens: int = Field(
        512, ge=1, description="longest completion in tokens; longer ones are cut off and marked truncated"
    )
    stop: tuple[str, ...] = Field((), description="texts that end a completion")
    extra_n: int = Field(0, ge=0, le=1024, description="further samples of each prompt at the extra temperature")
    extra_temperature: float = Field(1.2, ge=0, le=5, description="temperature of the extra samples")
    extra_template: str = Field(
        "",
        description="what is asked for the extra samples instead of the prompt's last question, which is the "
        "{prompt}; it is left out of training rows. Empty: the prompt as it is",
    )
    take_imported: bool = Field(
        True, description="completions that files brought with the prompts become samples beside the model's"
    )

    @field_validator("extra_template")
    @classmethod
    def _holds_the_prompt(cls, template: str) -> str:
        if template and "{prompt}" not in template:
            raise ValueError("The extra_template does not hold {prompt}, so it would ask nothing. Put it in.")
        return template

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[SampleValue]]:
        messages = [prompt.messages for prompt in prompts]
        found = engine.complete(messages, self._sampling(self.n, self.temperature, seed))
        if self.extra_n:
            # Another seed: the same random numbers at another temperature would mostly repeat the first samples.
            other = random.Random(f"{seed} extra").getrandbits(31)
            asked = [self._with_template(chat) for chat in messages]
            extra = engine.complete(asked, self._sampling(self.extra_n, self.extra_temperature, other))
            found = [first + more for first, more in zip(found, extra, strict=True)]
        made = [self._samples(prompt, completions) for prompt, completions in zip(prompts, found, strict=True)]
        if not self.take_imported:
            return made
        return [own + imported_samples(prompt, len(own)) for prompt, own in zip(prompts, made, strict=True)]

    @property
    def takes_imported(self) -> bool:
        return self.take_imported

    @property
    def samples_per_prompt(self) -> int:
        return self.n + self.extra_n

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens

    def _sampling(self, n: int, temperature: float, seed: int) -> Sampling:
        return Sampling(
            temperature=temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_tokens=self.max_tokens,
            n=n,
            seed=seed,
            stop=self.stop,
        )

    def _with_template(self, chat: Messages) -> Messages:
        """The chat with the template in place of the last message by the user."""
        last = max((place for place, message in enumerate(chat) if message["role"] == "user"), default=None)
        if not self.extra_template or last is None:
            return chat
        asked: Message = {"role": "user", "content": fill(self.extra_template, prompt=chat[last]["content"])}
        return [*chat[:last], asked, *chat[last + 1 :]]

    def _samples(self, prompt: Prompt, completions: Sequence[Completion]) -> list[SampleValue]:
        noted: JSON = {"extra_template": True} if self.extra_template else {}
        return [
            SampleValue(
                id=0,
                prompt_id=prompt.id,
                text=completion.text,
                finish_reason=completion.finish_reason,
                n_tokens=completion.n_tokens,
                logprob=completion.logprob,
                position=position,
                reasoning=completion.reasoning,
                failure=completion.failure,
                extra=noted if position >= self.n else {},
            )
            for position, completion in enumerate(completions)
        ]
