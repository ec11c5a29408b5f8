"""How a round is reviewed: chosen at launch, stored on the round, changed while it waits for people."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.db.standing import ANY_LABELLING, DECIDING
from backend.errors import InvalidInput
from backend.services import refusals
from backend.values import CutRule as CutRule
from backend.values import DecisionKind
from backend.values import Mode as Mode


class CloseRule(StrEnum):
    """What ends a review by itself."""

    hand = "hand"
    all_decided = "all_decided"
    agreement = "agreement"
    minutes = "minutes"


class ReviewSettings(BaseModel):
    """The fields are what the pages ask; names as LangSmith and Argilla spell them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Field(Mode.sample, description="one sample, a group side by side, a pair, or the judge's judgment")
    num_reviewers_per_item: int = Field(1, ge=1, le=10, description="distinct people who decide on one item")
    overlap_share: float = Field(
        1.0, ge=0, le=1, description="share of items that get all reviewers; the others get one"
    )
    reservation_minutes: float = Field(15.0, gt=0, le=1440, description="how long an item stays reserved for a person")
    random_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="share of the queue drawn at random, for judge statistics, which need 20 such blind decisions: at "
        "0.1 some 200 decisions hold as many",
    )
    gold_share: float = Field(0.0, ge=0, le=0.5, description="share with a known label of what is drawn at random")
    pause_below: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of gold items a person has to get right, else their queue stops; 0: never",
    )
    pause_items: int = Field(
        10, ge=1, le=1000, description="gold items a person must have decided before their queue may stop"
    )
    cut: CutRule = Field(
        CutRule.judge,
        description="from which score on undecided samples are accepted: the judge's own cut, or the one at which the "
        "judge agrees best with blind decisions, by F1, Youden's index or accuracy; it reaches selectors that go by "
        "the judge's verdicts, and above_threshold where its threshold is the judge's cut",
    )
    cut_rows: int = Field(
        20, ge=2, le=10_000, description="blind decisions on samples drawn at random below which the cut stays"
    )
    others_visible: bool = Field(False, description="show colleagues' decisions before one's own")
    adjudication_blind: bool = Field(
        False, description="hide the judge's view from who settles a disagreement, until they have"
    )
    close_rule: CloseRule = Field(CloseRule.hand, description="what ends the review")
    close_agreement: float = Field(
        0.8, ge=0, le=1, description="share of decided items on which reviewers agree, for the rule agreement"
    )
    close_minutes: float = Field(60.0, gt=0, description="minutes of people's time, for the rule minutes")

    @model_validator(mode="after")
    def _gold_needs_samples(self) -> "ReviewSettings":
        if self.by_group and self.gold_share:
            raise ValueError("a known label is of one sample, and this mode decides groups. Set gold_share to 0")
        if self.by_group and self.pause_below:
            raise ValueError("a known label is of one sample, and this mode decides groups. Set pause_below to 0")
        return self

    @property
    def by_group(self) -> bool:
        """Whether an item is a group, named by its first sample."""
        return self.mode in (Mode.group, Mode.pair)

    @property
    def deciding(self) -> tuple[DecisionKind, ...]:
        """What decides an item. A rewrite decides its sample, but not the group the sample is shown with."""
        return deciding_kinds(self.by_group)

    @property
    def has_overlap(self) -> bool:
        return self.num_reviewers_per_item > 1 and self.overlap_share > 0

    def reviewers_of(self, item_id: int) -> int:
        """How many people decide on this item: all, or one outside the overlap. Always the same for an item."""
        spread = item_id * 2_654_435_761 % 2**32 / 2**32
        return self.num_reviewers_per_item if spread < self.overlap_share else 1


def deciding_kinds(by_group: bool) -> tuple[DecisionKind, ...]:
    """What decides an item, which is a group or a sample."""
    return ANY_LABELLING if by_group else DECIDING


def read(stored: dict[str, Any]) -> ReviewSettings:
    """The settings of a round or a plan; raises `InvalidInput` naming what is wrong."""
    try:
        return ReviewSettings.model_validate(stored)
    except ValidationError as error:
        first = error.errors()[0]
        name, why = ".".join(map(str, first["loc"])), refusals.words(first)
        if not name:  # a rule over several fields, which says itself what to do
            raise InvalidInput(f"The review settings don't fit together: {why}.") from error
        raise InvalidInput(f"The review setting {name} is wrong: it {why}. Change it.") from error
