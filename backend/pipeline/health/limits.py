"""When the judge's light turns amber or red. Rondo's own proposals, and those of its catalogue of warnings."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class HealthLimits(BaseModel):
    """Settings of a project. A measure is beyond a limit only if its whole 95 % interval is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold: bool = Field(True, description="hold a round before its training while the light is red")
    fewest: int = Field(20, ge=2, le=10_000, description="rows below which a measure is unknown")
    kappa_amber: float = Field(0.4, ge=-1, le=1, description="amber below this kappa with people")
    kappa_red: float = Field(0.2, ge=-1, le=1, description="red below this kappa with people")
    precision_amber: float = Field(0.8, ge=0, le=1, description="amber below this share of accepts that people accept")
    precision_red: float = Field(0.5, ge=0, le=1, description="red below this share of accepts that people accept")
    recall_amber: float = Field(0.5, ge=0, le=1, description="amber below this share of good texts that it accepts")
    order_amber: float = Field(0.6, ge=0, le=1, description="amber below this share of pairs ordered as people do")
    order_red: float = Field(0.5, ge=0, le=1, description="red below this share of pairs ordered as people do")
    calibration_amber: float = Field(0.15, ge=0, le=1, description="amber above this expected calibration error")
    saturation_amber: float = Field(0.9, ge=0, le=1, description="amber above this share at one end of the scale")
    ties_amber: float = Field(0.6, ge=0, le=1, description="amber above this share of tied pairs")
    unparsed_amber: float = Field(0.05, ge=0, le=1, description="amber above this share without a verdict")
    noise_amber: float = Field(0.3, ge=0, le=1, description="amber above this share of pairs nearer than the votes")
    flips_amber: float = Field(0.15, ge=0, le=1, description="amber above this share of pairs that flip with the seats")
    position_amber: float = Field(0.6, ge=0.5, le=1, description="amber above this share won by one seat")
    length_amber: float = Field(0.4, ge=0, le=1, description="amber above this rank correlation with the length")
    self_preference_amber: float = Field(0.1, ge=0, le=1, description="amber above this advantage of its own texts")


SHARES = frozenset(
    {
        "precision_amber",
        "precision_red",
        "recall_amber",
        "order_amber",
        "order_red",
        "calibration_amber",
        "saturation_amber",
        "ties_amber",
        "unparsed_amber",
        "noise_amber",
        "flips_amber",
        "position_amber",
    }
)
"""Limits of the measures that pages show in percent."""


def read(stored: dict[str, Any]) -> HealthLimits:
    """The limits of a project; what it does not set has its default."""
    return HealthLimits.model_validate(stored)
