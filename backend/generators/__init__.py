"""Generators let a checkpoint answer prompts."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from backend.engines import Ability, Engine
from backend.registry import Part
from backend.values import FewShotChoice, Group, ImportedCompletion, Prompt, Sample, SampleKind


class Generator(Part, kind="generator"):
    """Makes the samples of each prompt."""

    writes_as: ClassVar[str] = "policy"
    """The role of its samples where the step names none."""

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        """Return the samples of each prompt, in order, with id 0 and positions from 0."""
        raise NotImplementedError

    def grow(
        self, engine: Engine, prompts: Sequence[Prompt], *, seed: int, engines: Mapping[str, Engine]
    ) -> list[list[Group]]:
        """Return the groups that it makes of each prompt, in order, where it `makes_groups`.

        The first group of a prompt asks the prompt itself and has no parent. The parent of another one is a sample of
        a group before it, the same object, which its question goes on from. engines: of the `asked_roles`, without
        optional ones that nothing is bound to. A prompt of which nothing could be made gets one group whose only
        sample says why (`failure`).
        """
        raise NotImplementedError

    @property
    def makes_groups(self) -> bool:
        """True for a generator that asks how its own texts go on: the steps after it work on the groups it makes."""
        return False

    @property
    def asked_roles(self) -> Mapping[str, Ability]:
        """The roles that it asks beside its step's own, such as a scorer that guides it, and for what."""
        return {}

    @property
    def optional_roles(self) -> frozenset[str]:
        """Those of the asked roles that it does without where no checkpoint is bound to them."""
        return frozenset()

    @property
    def asks_per_prompt(self) -> tuple[int, int]:
        """How many calls it makes of the asked roles for one prompt, and the new tokens of one, for estimates."""
        return 0, 0

    @property
    def groups_per_prompt(self) -> int:
        """How many groups it makes of one prompt at most, for estimates."""
        return 1

    @property
    def needs_engine(self) -> bool:
        """False for a generator that asks no model."""
        return True

    @property
    def plays(self) -> bool:
        """True where its samples are episodes: their texts end a number of turns, which only some trainers can read."""
        return False

    def held_out(self, engine: Engine, prompts: Sequence[Prompt], *, n: int, seed: int) -> list[list[Sample]]:
        """Return a greedy sample of each prompt and n at temperature 1 after it, where it `plays`: for measuring."""
        raise NotImplementedError

    @property
    def needs_documents(self) -> bool:
        """True for a generator that reads the documents of a round: its seed sets' prompts without a known answer."""
        return False

    def with_documents(self, texts: Sequence[str]) -> Self:
        """Return this generator, given the documents; see `needs_documents`."""
        return self

    @property
    def takes_imported(self) -> bool:
        """Whether completions that a file brought with a prompt become samples."""
        return False

    @property
    def takes_critiques(self) -> bool:
        """Whether what people wrote of a text in answer to the project's questions becomes samples about that text."""
        return False

    @property
    def critique_question(self) -> str:
        """The key of the question that it takes critiques from; empty: all that are marked as critiques."""
        return ""

    @property
    def few_shot(self) -> FewShotChoice | None:
        """Which accepted samples of earlier rounds it shows before each prompt; None: it shows none."""
        return None

    @property
    def takes_answers(self) -> bool:
        """Whether the known answer of a prompt becomes a sample."""
        return False

    @property
    def origins(self) -> tuple[str, ...]:
        """The named conditions under which it makes samples."""
        return ()

    @property
    def samples_per_prompt(self) -> int:
        """How many samples the model makes of one prompt, for estimates."""
        raise NotImplementedError

    @property
    def texts_per_sample(self) -> int:
        """How many texts the model writes for one sample at most, for estimates."""
        return 1

    @property
    def max_tokens_per_sample(self) -> int:
        """Upper bound of new tokens of one sample, for estimates."""
        raise NotImplementedError

    @property
    def max_tokens_per_chat(self) -> int:
        """Upper bound of the tokens of its own texts that one chat holds: of an episode those of all turns."""
        return self.max_tokens_per_sample

    @property
    def asked_beside(self) -> tuple[str, ...]:
        """What a chat may hold beside the prompt and what is written, one text for each way to ask."""
        return ()


def imported_samples(prompt: Prompt, first: int = 0, limit: int = 0) -> list[Sample]:
    """Return a prompt's imported completions as samples, from position `first` on; a limit of 0 means all."""
    taken = prompt.imported[:limit] if limit else prompt.imported
    return [brought(prompt, imported, position) for position, imported in enumerate(taken, first)]


def brought(prompt: Prompt, imported: ImportedCompletion, position: int = 0) -> Sample:
    """Return a text that a file brought with a prompt as a sample, which no checkpoint made.

    Its number of tokens is a guess from its length: no tokenizer has read it.
    """
    return Sample(
        id=0,
        prompt_id=prompt.id,
        text=imported.text,
        num_tokens=max(1, len(imported.text) // 4),
        position=position,
        kind=SampleKind.imported.value,
        extra=imported.extra,
    )
