"""The recipe: its steps in their phases, checked and wired."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from backend.errors import InvalidInput
from backend.generators import Generator
from backend.judges import Judge
from backend.metrics import Evidence, Metric
from backend.prompt_sources import PromptSource
from backend.recipes import _changes, _scheduling, _step_lines, _wiring
from backend.recipes._slots import STEPS, Common, Slots
from backend.recipes._steps import POLICY, Phase
from backend.recipes._walk import StepPlace, gate_of
from backend.registry import Part
from backend.schedules import Schedule
from backend.schedules.constant import Constant
from backend.selectors import Selector
from backend.trainers import Trainer
from backend.values import SCORER

USUAL_TOKENS = 512
"""The longest answer to a held-out prompt where a recipe has nothing that answers."""
NO_STEPS = (
    "This recipe has no steps, and its name alone does not say which are meant. Write `steps`, a list of parts, or a "
    f"part in each of {', '.join(STEPS)}. `rondo recipes NAME` writes a recipe that is there already as a whole."
)


class Recipe(Common):
    """Everything that decides what a round does. Stored whole on the round; names no endpoint.

    Written as `steps` (parts, or `Step`s where one has a name), as `phases` of them, or in the shorthand of `Slots`,
    which is also the JSON of a recipe that fits it. Measuring is always the last step and is not written down.
    """

    phases: tuple[Phase, ...] = Field(min_length=1)
    schedule: Schedule = Constant()
    metrics: tuple[Metric, ...] = ()
    product: str = Field(POLICY, description="the role that is measured and that the next round starts from")

    if TYPE_CHECKING:

        def __init__(self, **data: Any) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "phases" in data:
            return data
        if "steps" not in data:
            if not data.keys() & set(STEPS):
                raise ValueError(NO_STEPS)
            data = Slots.model_validate(data).to_steps()
        beside = {name: value for name, value in data.items() if name != "steps"}
        steps = data["steps"]
        return beside | {"phases": ({"steps": steps},)}

    @model_validator(mode="after")
    def _fits_together(self) -> "Recipe":
        for number, phase in enumerate(self.phases, start=1):
            try:
                _wiring.wire(phase.steps)
            except ValueError as error:
                raise ValueError(f"Phase {number}: {error}" if len(self.phases) > 1 else str(error)) from error
        steps = {step.name for phase in self.phases for step in phase.steps if step.kind == "generator"}
        for metric in self.metrics:
            for name in metric.turns:
                if name and name not in steps:
                    known = ", ".join(sorted(filter(None, steps))) or "none has a name"
                    raise ValueError(
                        f"The metric {metric.name} looks at the texts of {name!r}, but no generator has that name. "
                        f"Name one that there is: {known}."
                    )
        reading = [part for part in self.of_kind("trainer") if part.reads]
        if reading and (self.mix_share or self.earlier_rounds):
            knob = "mix_share" if self.mix_share else "earlier_rounds"
            raise ValueError(
                f"The trainer {reading[0].name} reads the column {reading[0].reads[0]}, which the rows that {knob} "
                f"adds may lack. Leave {knob} out."
            )
        trainings = [step for phase in self.phases for step in phase.steps if step.kind == "trainer"]
        roles = {step.makes for step in trainings}
        if any(cast(Trainer, step.part).makes == SCORER for step in trainings if step.makes == self.product):
            raise ValueError(
                f"The product {self.product!r} is a scorer, which writes no texts, so it can neither be measured nor "
                "be the next policy. Choose another one."
            )
        if self.product != POLICY and self.product not in roles:
            known = ", ".join(sorted(roles | {POLICY}))
            raise ValueError(f"The product {self.product!r} is made by no step. Choose one of: {known}.")
        if (self.mix_share or self.earlier_rounds) and self.of_kind("mixer"):
            raise ValueError(
                "mix_share and earlier_rounds add rows behind the last selector, but this recipe has mixers of its "
                "own. Turn them off, and put the mixers seed_share and earlier_rounds where the rows belong."
            )
        if self.schedule.pilot_prompts:
            self._can_try_out()
        all_steps = [step for phase in self.phases for step in phase.steps]
        _scheduling.check(self.schedule, self.metrics, all_steps, self.tried)
        return self

    def _can_try_out(self) -> None:
        """Raise `ValueError` where the schedule cannot try out what it wants to."""
        for number in range(len(self.phases)):
            self.pilot(number)
        trials = self.schedule.trials()
        for place, knobs in (change for trial in (*trials[:1], *trials[-1:]) for change in trial.items()):
            try:
                self.tried({place: knobs})
            except (InvalidInput, ValueError) as error:
                reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                raise ValueError(
                    f"The schedule {self.schedule.name} cannot try {knobs} at {place!r} of this recipe: {reason}"
                ) from error
        wanted = getattr(self.schedule, "metric", None)
        known = {
            value.name for metric in self.metrics if metric.scope == "round" for value in metric.compute(Evidence())
        }
        if wanted is not None and wanted not in known:
            raise ValueError(
                f"The schedule {self.schedule.name} looks at the metric {wanted}, which this recipe does not have. Add "
                f"it to the metrics, or name one of those that are computed from a round: {', '.join(sorted(known))}."
            )

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data = handler(self)
        phases = data.pop("phases")
        if self.is_slots:
            del data["product"]
            return data | {step["kind"]: step["part"] for step in phases[0]["steps"]}
        return data | (
            {"phases": phases} if len(phases) > 1 or self.phases[0].rounds > 1 else {"steps": phases[0]["steps"]}
        )

    @property
    def is_slots(self) -> bool:
        """Whether the shorthand says all of it."""
        steps = self.phases[0].steps
        return (
            len(self.phases) == 1
            and self.phases[0].rounds == 1
            and self.product == POLICY
            and tuple(step.kind for step in steps) == STEPS
            and all(step.is_plain for step in steps)
        )

    def places(self, phase: int = 0) -> tuple[StepPlace, ...]:
        """The steps of a phase with what each works on; a number behind the last phase means the last."""
        return self._places[min(phase, len(self.phases) - 1)]

    @cached_property
    def _places(self) -> tuple[tuple[StepPlace, ...], ...]:
        return tuple(_wiring.wire(phase.steps) for phase in self.phases)

    def gate(self, phase: int = 0) -> int | None:
        """The step before which people decide: the first that reads labels."""
        return gate_of(self.places(phase))

    def is_after_people(self, step: int | None, phase: int = 0) -> bool:
        """Whether a branch that begins at this step begins after people decide; False for None, which is no branch."""
        gate = self.gate(phase)
        return step is not None and gate is not None and step >= gate

    def lines(self, phase: int = 0) -> list[str]:
        """What each step of a phase is and works on, a line each, in the reader's language."""
        places = self.places(phase)
        return [_step_lines.line(places, place.index) for place in places]

    def phase_of(self, rounds_before: int) -> int:
        """The phase of a round of whose line so many rounds have run; the last one repeats."""
        for number, phase in enumerate(self.phases):
            if rounds_before < phase.rounds:
                return number
            rounds_before -= phase.rounds
        return len(self.phases) - 1

    def pilot(self, phase: int = 0) -> tuple[StepPlace, ...]:
        """The steps of a phase that a schedule tries out, the first selector last; raises `ValueError`."""
        return _wiring.pilot(self.places(phase))

    def tried(self, changes: dict[str, Any]) -> "Recipe":
        """This recipe with changes that are tried out, and with no schedule of its own."""
        return self.with_changes({"schedule": Constant().dump()} | changes)

    def of_kind(self, kind: str) -> list[Any]:
        """All parts of a kind, in order, over all phases."""
        return [step.part for phase in self.phases for step in phase.steps if step.kind == kind]

    def answering(self) -> list[Generator]:
        """The generators that answer prompts, in order, over all phases: not those that write prompts to be."""
        places = [place for number in range(len(self.phases)) for place in self._written(number)]
        return places or self.of_kind("generator")

    def _written(self, phase: int) -> list[Generator]:
        places = self.places(phase)
        asked = [(place.step.part, places[place.source or 0].step.part) for place in places]
        return [
            part
            for part, source in asked
            if isinstance(part, Generator) and isinstance(source, PromptSource) and not source.asks_for_prompts
        ]

    @property
    def judges(self) -> list[Judge]:
        """The judges of all steps, and those that reward texts while a trainer writes them."""
        rewards = [judge for trainer in self.of_kind("trainer") for judge in trainer.rewards]
        return [*self.of_kind("judge"), *rewards]

    @property
    def most_tokens(self) -> int:
        """The longest answer to a prompt: that of the generator which answers first, else of what a trainer writes."""
        if generators := self.answering():
            return generators[0].max_tokens_per_sample
        trainers: list[Trainer] = self.of_kind("trainer")
        return max((trainer.max_tokens_per_rollout for trainer in trainers), default=0) or USUAL_TOKENS

    @property
    def prompt_source(self) -> PromptSource:
        return cast(PromptSource, self._only("prompt_source"))

    @property
    def generator(self) -> Generator:
        return cast(Generator, self._only("generator"))

    @property
    def judge(self) -> Judge:
        return cast(Judge, self._only("judge"))

    @property
    def selector(self) -> Selector:
        return cast(Selector, self._only("selector"))

    @property
    def trainer(self) -> Trainer:
        return cast(Trainer, self._only("trainer"))

    def _only(self, kind: str) -> Part:
        """The one part of a kind; raises `InvalidInput` where there is another number of them."""
        parts: list[Part] = self.of_kind(kind)
        if len(parts) != 1:
            raise InvalidInput(_changes.several(self.name, kind, len(parts)))
        return parts[0]

    def with_changes(self, changes: dict[str, Any]) -> "Recipe":
        """Return this recipe with `{"slot or step": {"knob": value}}` applied.

        The name of another part, or a dict with that "name", replaces the part. A step is called by its name; by its
        kind or its part's name where only one step of its phase has it, and the change holds in every phase then; or by
        its number from 1, behind that of its phase where there are several (`2/3`). A metric is called by its name.
        Names are those before the changes, but where a list (`steps`, `metrics`) is given whole: those in it. Raises
        `InvalidInput` where several steps are called so, and for a value that is no part.
        """
        data = self.model_dump(mode="json")
        fields = {place: value for place, value in changes.items() if place in _changes.LISTS or place in data}
        if len(fields) < len(changes) and not fields.keys().isdisjoint(_changes.LISTS):
            others = {place: value for place, value in changes.items() if place not in fields}
            return self.with_changes(fields).with_changes(others)
        _changes.change(data, changes)
        return Recipe.model_validate(data)

    def called(self) -> list[str]:
        """What `with_changes` may call its steps and metrics, their numbers left out."""
        return _changes.called(self.model_dump(mode="json"))
