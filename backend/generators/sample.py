"""Sample n completions of each prompt, and if wanted some more at another temperature."""

import random
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from backend.engines import Engine
from backend.generators import Generator, _few_shot, imported_samples
from backend.judges import fill
from backend.values import JSON, Completion, FewShotChoice, Message, Messages, Prompt, Sampling
from backend.values import Sample as SampleValue

FEW_SHOT: dict[str, Any] = {"section": "Few-shot samples"}


class Sample(Generator):
    """Ask the policy n times; positions 0 to n-1. The extra samples take the positions after them.

    Extra samples at a higher temperature are ScPO's way to find an answer worth rejecting (Prasad et al.
    2024, arXiv 2411.04109). With a template they are asked otherwise, such as after worked examples that are brief
    (Munkhbat et al. 2025, arXiv 2502.20122); they answer the same prompt, and training rows do not see the template.

    With `conditions` there are n samples under each of them instead, in order of their names: a better and a worse way
    to answer (Xu et al. 2024, arXiv 2409.17534), or the known answer in view. A sample notes its condition in `extra`,
    where the judge `by_construction` reads it; training rows do not see it.

    With `num_few_shot` accepted samples of earlier rounds stand before each prompt as turns of the chat (Brown et al.
    2020, arXiv 2005.14165). Judges and training rows do not see them. Which ones may be shown is fixed at launch.
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
    conditions: dict[str, str] = Field(
        {},
        description="by name, what is said beside the prompt: a text with {prompt} stands for the prompt's last "
        "question, another one for a system prompt; {answer} is the known answer, and a prompt without one gets no "
        "samples of that condition. n samples are made under each; none: the prompt as it is",
    )
    take_imported: bool = Field(
        True, description="completions that files brought with the prompts become samples beside the model's"
    )

    num_few_shot: int = Field(
        0,
        ge=0,
        le=64,
        description="accepted samples of earlier rounds that are shown before each prompt; never one of the prompt "
        "itself or of a held-out prompt",
        json_schema_extra=FEW_SHOT,
    )
    few_shot_by: Literal["people", "anyone"] = Field(
        "people", description="shown are samples accepted by people, or by anyone", json_schema_extra=FEW_SHOT
    )
    few_shot_rounds: tuple[int, ...] = Field(
        (), description="numbers of the rounds they come from; none: all that are done", json_schema_extra=FEW_SHOT
    )
    few_shot_choice: Literal["random", "category", "agreed"] = Field(
        "random",
        description="drawn for each prompt by the round's seed, those of the prompt's category first, or for all "
        "prompts those that most people accepted",
        json_schema_extra=FEW_SHOT,
    )
    few_shot_key: str = Field(
        "category", max_length=80, description="the metadata that says a prompt's category", json_schema_extra=FEW_SHOT
    )

    @field_validator("extra_template")
    @classmethod
    def _holds_the_prompt(cls, template: str) -> str:
        if template and "{prompt}" not in template:
            raise ValueError("The extra_template does not hold {prompt}, so it would ask nothing. Put it in.")
        return template

    @field_validator("conditions")
    @classmethod
    def _say_something(cls, conditions: dict[str, str]) -> dict[str, str]:
        for name, text in conditions.items():
            if not name.replace("_", "a").isalnum() or len(name) > 40:
                raise ValueError(f"{name!r} is no name of a condition. Use at most 40 letters, digits and underscores.")
            if not text.strip():
                raise ValueError(f"The condition {name!r} says nothing. Write a text for it, or leave it out.")
        return conditions

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[SampleValue]]:
        samples_of = self._generate(engine, _few_shot.asked(prompts), seed)
        return [_few_shot.noted(prompt, samples) for prompt, samples in zip(prompts, samples_of, strict=True)]

    def _generate(self, engine: Engine, prompts: Sequence[Prompt], seed: int) -> list[list[SampleValue]]:
        messages = [prompt.messages for prompt in prompts]
        of_prompts = self._plain(engine, prompts, seed) if not self.conditions else [[] for _ in prompts]
        for number, name in enumerate(self.origins):
            under = self._under(engine, prompts, name, number, seed)
            of_prompts = [several + another for several, another in zip(of_prompts, under, strict=True)]
        if self.extra_n:
            # Another seed: the same random numbers at another temperature would mostly repeat the first samples.
            other = random.Random(f"{seed} extra").getrandbits(31)
            asked = [self._with_template(chat) for chat in messages]
            extra = engine.complete(asked, self._sampling(self.extra_n, self.extra_temperature, other))
            noted: JSON = {"extra_template": True} if self.extra_template else {}
            for prompt, samples, more in zip(prompts, of_prompts, extra, strict=True):
                samples += _samples(prompt, more, self.samples_per_prompt - self.extra_n, noted)
        if not self.take_imported:
            return of_prompts
        first = self.samples_per_prompt
        return [own + imported_samples(prompt, first) for prompt, own in zip(prompts, of_prompts, strict=True)]

    def _plain(self, engine: Engine, prompts: Sequence[Prompt], seed: int) -> list[list[SampleValue]]:
        completions_of = engine.complete(
            [prompt.messages for prompt in prompts], self._sampling(self.n, self.temperature, seed)
        )
        return [_samples(prompt, completions) for prompt, completions in zip(prompts, completions_of, strict=True)]

    def _under(
        self, engine: Engine, prompts: Sequence[Prompt], name: str, number: int, seed: int
    ) -> list[list[SampleValue]]:
        """The samples under one condition; none of a prompt whose known answer it would show and that has none."""
        condition, other = self.conditions[name], random.Random(f"{seed} {name}").getrandbits(31)
        shown = [prompt for prompt in prompts if prompt.answer is not None or "{answer}" not in condition]
        chats = [conditioned(prompt.messages, condition, prompt.answer or "") for prompt in shown]
        completions = iter(engine.complete(chats, self._sampling(self.n, self.temperature, other)) if chats else [])
        noted: JSON = {"condition": name}
        known = {id(prompt) for prompt in shown}
        return [
            _samples(prompt, next(completions), number * self.n, noted) if id(prompt) in known else []
            for prompt in prompts
        ]

    @property
    def few_shot(self) -> FewShotChoice | None:
        if not self.num_few_shot:
            return None
        where = (self.few_shot_by, self.few_shot_rounds, self.few_shot_choice, self.few_shot_key)
        return FewShotChoice(self.num_few_shot, *where)

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(sorted(self.conditions))

    @property
    def takes_imported(self) -> bool:
        return self.take_imported

    @property
    def samples_per_prompt(self) -> int:
        return self.n * max(1, len(self.conditions)) + self.extra_n

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens

    @property
    def asked_beside(self) -> tuple[str, ...]:
        return (*self.conditions.values(), *([self.extra_template] if self.extra_n else []))

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
        return conditioned(chat, self.extra_template) if self.extra_template else chat


def conditioned(chat: Messages, condition: str, answer: str = "") -> Messages:
    """The chat with a text in place of its last question, which is the text's {prompt}; without one, after its system
    prompt. A chat without a question stays as it is.
    """
    if "{prompt}" not in condition:
        condition = fill(condition, answer=answer)
        is_there = bool(chat) and chat[0]["role"] == "system"
        first: Message = {
            "role": "system",
            "content": f"{chat[0]['content']}\n\n{condition}" if is_there else condition,
        }
        return [first, *chat[is_there:]]
    last = max((place for place, message in enumerate(chat) if message["role"] == "user"), default=None)
    if last is None:
        return chat
    asked: Message = {"role": "user", "content": fill(condition, prompt=chat[last]["content"], answer=answer)}
    return [*chat[:last], asked, *chat[last + 1 :]]


def _samples(
    prompt: Prompt, completions: Sequence[Completion], first: int = 0, noted: JSON | None = None
) -> list[SampleValue]:
    """The completions as samples, from position `first` on."""
    return [
        SampleValue(
            id=0,
            prompt_id=prompt.id,
            text=completion.text,
            finish_reason=completion.finish_reason,
            num_tokens=completion.num_tokens,
            logprob=completion.logprob,
            position=position,
            reasoning=completion.reasoning,
            failure=completion.failure,
            extra=noted or {},
        )
        for position, completion in enumerate(completions, first)
    ]
