"""What a recipe is made of: steps, each a part at its place, and phases of them."""

from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from backend.errors import UnknownPart
from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.prompt_sources import PromptSource
from backend.registry import Part, import_all
from backend.selectors import Selector
from backend.trainers import Trainer
from backend.values import Stage

KINDS: dict[str, type[Part]] = {
    "prompt_source": PromptSource,
    "generator": Generator,
    "judge": Judge,
    "selector": Selector,
    "mixer": Mixer,
    "trainer": Trainer,
}
"""What may be a step, by the name of its kind."""
STAGES = {
    "generator": Stage.generate,
    "judge": Stage.judge,
    "selector": Stage.select,
    "mixer": Stage.select,
    "trainer": Stage.train,
}
"""The stage of a step's job. A prompt source has no job: its questions are asked at the start of the next step's."""
POLICY, JUDGE, REFERENCE, BASE = "policy", "judge", "reference", "base"
BUILT_IN = (POLICY, JUDGE, REFERENCE, BASE)
"""Roles that every round has. An unset judge is the policy; base is what the policy descends from."""


NO_PART = "a step is written as `part: {name: sample, n: 4}`, with its knobs inside; `name`, `by` and `of` stand beside"


def _kind_of(name: str) -> str:
    """The kind of the part of that name; raises where no part, or parts of several kinds, have it."""
    import_all()
    kinds = [kind for kind, base in KINDS.items() if name in base.registry]
    if len(kinds) > 1:
        raise ValueError(
            f"the step with the part {name} has no `kind`, and there is a {' and a '.join(kinds)} of that name. Write "
            f"`kind: {kinds[0]}` or `kind: {kinds[-1]}` beside `part`"
        )
    if not kinds:
        known = {part for base in KINDS.values() for part in base.registry}
        near = ", ".join(get_close_matches(name, known, 3)) or "none; `rondo recipes --matrix` lists all"
        raise ValueError(f"there is no part named {name[:80]!r}. Near it: {near}")
    return kinds[0]


class Step(BaseModel):
    """One part at its place. `Step(Sample(n=7), name="answers")`; a part alone means a step without a name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Part
    kind: str = Field("", description="kind of the part; it follows from the part")
    name: str = Field("", max_length=40, description="how other steps call this one, and what a trainer makes")
    by: str = Field(
        "", max_length=40, description="the role that acts; of a judge judge, of known answers data, else policy"
    )
    of: str = Field("", max_length=40, description="the step whose groups it works on; empty: the newest questions")
    roles: tuple[str, ...] = Field((), description="only samples by these roles are seen; empty: all")

    def __init__(self, part: Part | dict[str, Any] | None = None, **data: Any) -> None:
        super().__init__(part=part, **data)

    @model_validator(mode="before")
    @classmethod
    def _read_part(cls, data: Any) -> Any:
        if not isinstance(data, dict) or isinstance(data.get("part"), Part):
            return data
        part = {"name": data["part"]} if isinstance(data.get("part"), str) else data.get("part")
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            raise ValueError(NO_PART)
        kind = str(data.get("kind") or "") or _kind_of(part["name"])
        if kind not in KINDS:
            raise UnknownPart(kind="step", name=kind, known=[*KINDS], left_out=())
        return data | {"part": KINDS[kind].load(part)}

    @field_validator("name", "by", "of")
    @classmethod
    def _is_a_word(cls, value: str) -> str:
        if value and not value.replace("_", "a").isalnum():
            raise ValueError(f"{value!r} is no name of a step or role. Use letters, digits and underscores.")
        return value

    @model_validator(mode="after")
    def _follows_from_the_part(self) -> Self:
        kind = self.part.kind.replace(" ", "_")
        if kind not in KINDS:
            raise ValueError(f"The {self.part.kind} {self.part.name} cannot be a step. Steps are: {', '.join(KINDS)}.")
        if self.kind not in ("", kind):
            raise ValueError(f"The part {self.part.name} is a {kind}, no {self.kind}. Leave the kind out.")
        object.__setattr__(self, "kind", kind)
        usual = self.part.writes_as if isinstance(self.part, Generator) else JUDGE if kind == "judge" else POLICY
        object.__setattr__(self, "by", self.by or usual)
        return self

    @property
    def is_plain(self) -> bool:
        """Whether it says nothing beside its part."""
        return self == Step(self.part)

    @property
    def makes(self) -> str:
        """The role of what a trainer makes: its name, without one the policy."""
        return self.name or POLICY


def as_step(value: Any) -> Any:
    """A part alone as a step."""
    return Step(value) if isinstance(value, Part) else value


class Phase(BaseModel):
    """Steps that a number of rounds runs from top to bottom; the last phase of a recipe runs in all later rounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...] = Field(min_length=1)
    rounds: int = Field(1, ge=1, description="rounds of a line before the next phase begins")

    def __init__(self, *steps: Step | Part, **data: Any) -> None:
        super().__init__(**({"steps": steps} if steps else {}) | data)

    @field_validator("steps", mode="before")
    @classmethod
    def _wrap(cls, value: Any) -> Any:
        return tuple(map(as_step, value)) if isinstance(value, tuple | list) else value
