"""A measure with its light: what it is beyond, and what it lacks."""

from collections.abc import Sequence

from backend.pipeline.health import numbers
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import Estimate, HealthMeasure, Light

MORE = "Decide on more items that the queue draws at random."


def few_of(n: int, of: str, limits: HealthLimits, how: str) -> str:
    return f"{n:,} {of}; at least {limits.fewest:,} are needed. {how}".strip() if n < limits.fewest else ""


def few_pairs(
    parts: Sequence[tuple[float, int]], of: str, limits: HealthLimits, how: str, groups: int = numbers.FEWEST_GROUPS
) -> str:
    """What pairs lack, given as those of each prompt: there are too few of them, or they are of too few prompts."""
    n, prompts = sum(number for _, number in parts), sum(number > 0 for _, number in parts)
    lacking = f"{n:,} {of}, of {prompts:,} prompts; {groups:,} prompts are needed. {how}".strip()
    return few_of(n, of, limits, how) or (lacking if prompts < groups else "")


def measure(
    name: str,
    title: str,
    of: str,
    number: Estimate,
    limits: HealthLimits,
    *,
    few: str,
    below: bool = False,
    is_share: bool = True,
    undefined: str = "",
    is_two_sided: bool = False,
) -> HealthMeasure:
    """The measure with its light; unknown below its fewest rows, where its value is not defined, and where it has a
    limit and no interval."""
    amber, red = (getattr(limits, f"{name}_{light}", None) for light in ("amber", "red"))
    if few or number.value is None:
        why = few or f"{undefined or 'It is not defined for these rows.'} {MORE}"
        return HealthMeasure(name, title, of, Estimate(n=number.n), Light.unknown, amber, red, below, is_share, why)
    is_limited = amber is not None or red is not None
    if is_limited and (number.low is None or number.high is None):
        why = f"It has no interval on these {number.n:,} rows, so nothing tells it from chance. {MORE}"
        return HealthMeasure(name, title, of, Estimate(n=number.n), Light.unknown, amber, red, below, is_share, why)
    light = Light.ok if is_limited else Light.unlimited
    for limit, color in ((amber, Light.amber), (red, Light.red)):
        if limit is not None and is_beyond(number, limit, below=below, is_two_sided=is_two_sided):
            light = color
    return HealthMeasure(name, title, of, number, light, amber, red, below, is_share)


def is_beyond(number: Estimate, limit: float, *, below: bool, is_two_sided: bool = False) -> bool:
    """Whether the whole interval is beyond the limit. Two-sided limits lie as far on the other side of one half."""
    if number.low is None or number.high is None:
        return False
    if is_two_sided:
        return number.low > limit or number.high < 1 - limit
    return number.high < limit if below else number.low > limit
