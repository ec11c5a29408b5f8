"""What is known of a recipe while its steps are gone through: what each works on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.judges import Judge
from backend.prompt_sources import PromptSource
from backend.recipes._steps import Step
from backend.selectors import Selector


@dataclass(frozen=True)
class StepPlace:
    """One step, with what it works on. Steps are numbered from 0 here and from 1 where people read them.

    source: the step that asked the questions of the groups it works on; None for a source that reads the pool.
    narrowed: the step that chose among these groups; None where all are seen.
    texts: the generators whose samples stand in these groups so far.
    rows: of a trainer the selectors and mixers since the last one, whose rows it reads; of these those before it.
    """

    index: int
    step: Step
    source: int | None = None
    narrowed: int | None = None
    texts: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def reads_labels(self) -> bool:
        """Whether what it does depends on labels, so that people have to decide before it."""
        part = self.step.part
        is_selector = isinstance(part, Selector) and part.needs_texts
        return is_selector or (isinstance(part, PromptSource) and part.reads_labels)

    def __str__(self) -> str:
        return named(self.index, self.step)


@dataclass
class StepScope:
    """Which groups the next step sees."""

    source: int | None = None
    narrowed: int | None = None


@dataclass
class Walk:
    """What is known after the steps so far."""

    steps: Sequence[Step]
    places: list[StepPlace] = field(default_factory=list)
    newest: StepScope = field(default_factory=StepScope)
    named: dict[str, StepScope] = field(default_factory=dict)
    texts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    rows: tuple[int, ...] = ()


def gate_of(places: Sequence[StepPlace]) -> int | None:
    """The first step that reads labels: people decide before it. None where no step does."""
    return next((place.index for place in places if place.reads_labels), None)


def labeller(places: Sequence[StepPlace], gate: int) -> StepPlace | None:
    """The last judge before people decide that labels the texts they see; None where there is none."""
    judges = [place for place in places[:gate] if place.step.kind == "judge" and _labels(places, place, places[gate])]
    return judges[-1] if judges else None


def _labels(places: Sequence[StepPlace], judge: StepPlace, shown: StepPlace) -> bool:
    """Whether a judge labels the texts of the groups that another step works on."""
    part = judge.step.part
    if isinstance(part, Judge) and part.gives_answers:
        return False
    if isinstance(part, Judge) and part.judges_parents and judge.source is not None:
        return places[judge.source].source == shown.source
    return judge.source == shown.source


def named(index: int, step: Step) -> str:
    """`Step 3 (judge read_score)`, as errors name it."""
    called = f", named {step.name}" if step.name else ""
    return f"Step {index + 1} ({step.kind.replace('_', ' ')} {step.part.name}{called})"


def listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))
