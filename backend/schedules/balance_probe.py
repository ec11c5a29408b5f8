"""Try sampling temperatures and thresholds out before each round, and take the best."""

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from backend.schedules import Changes, History, Schedule, TryOut


class BalanceProbe(Schedule):
    """Take the temperature and threshold of a grid with which the metric is highest on the pilot prompts.

    B-STaR (Zeng et al. 2024, arXiv 2412.17256) chooses both anew in each iteration by the mean balance score of a
    pilot set. Of equal values the lower temperature stands, then the lower threshold. Where no value can be computed,
    as when nothing is kept of any prompt, everything stays as it is.
    """

    temperatures: tuple[float, ...] = Field((0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2), description="temperatures to try")
    thresholds: tuple[float, ...] = Field(
        (), description="thresholds of the selector to try with each temperature; none: it stays as it is"
    )
    prompts: int = Field(64, ge=1, description="pilot prompts: the same ones in every round of the same prompt sets")
    n: int = Field(64, ge=1, le=1024, description="samples of each pilot prompt")
    metric: str = Field("balance_score", description="the metric of the recipe that is to be high")
    generator: str = Field("generator", description="slot or step of the generator whose temperature is set")
    selector: str = Field("selector", description="slot or step of the selector whose threshold is set")

    @model_validator(mode="after")
    def _has_a_grid(self) -> Self:
        if not self.temperatures:
            raise ValueError("The temperatures are empty, so there is nothing to try. Give at least one.")
        for name, values in (("temperatures", self.temperatures), ("thresholds", self.thresholds)):
            if any(later <= earlier for earlier, later in pairwise(values)):
                raise ValueError(f"The {name} {values} do not rise. Give each once, the lowest first.")
        return self

    @property
    def pilot_prompts(self) -> int:
        return self.prompts

    def trials(self) -> list[Changes]:
        tried: list[Changes] = []
        for temperature in self.temperatures:
            sampled: Changes = {self.generator: {"temperature": temperature, "n": self.n}}
            if not self.thresholds:
                tried.append(sampled)
            tried += [sampled | {self.selector: {"threshold": threshold}} for threshold in self.thresholds]
        return tried

    def changes(self, history: History, try_out: TryOut | None = None) -> Changes:
        assert try_out is not None
        best: Changes = {}
        highest: float | None = None
        for trial in self.trials():
            value = try_out(trial).metrics.get(self.metric)
            if value is not None and (highest is None or value > highest):
                best, highest = trial, value
        # How many samples the round makes of each prompt is none of its business.
        return {place: {name: value for name, value in knobs.items() if name != "n"} for place, knobs in best.items()}
