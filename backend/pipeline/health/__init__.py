"""Whether a round's judge can be trusted: one light, one sentence, and the numbers behind it.

People's words count where they were blind and of items that were drawn at random or of which nearly all were decided,
and labels that were known from the start. Only what compares with people turns red: a loop without people is unknown.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from backend.db import tables
from backend.pipeline.health import limits as limits_of
from backend.pipeline.health import measures, people, questions
from backend.pipeline.health.corrected import corrected
from backend.pipeline.health.evidence import gather
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import (
    CalibrationBin,
    CorrectedShare,
    Estimate,
    Health,
    HealthEvidence,
    HealthMeasure,
    Light,
)

__all__ = [
    "CalibrationBin",
    "CorrectedShare",
    "Estimate",
    "Health",
    "HealthEvidence",
    "HealthLimits",
    "HealthMeasure",
    "Light",
    "health",
    "holds",
    "of_round",
]

BEGINS = {
    (Light.red, False): "Do not train on this judge",
    (Light.red, True): "Do not train the next round on this judge",
    (Light.amber, False): "Look at this judge before you train on it",
    (Light.amber, True): "Look at this judge before the next round",
}
"""By the light, and whether the round is done."""
JUDGING = ("kappa", "precision", "order")
"""One of these has to be known before the light is green."""


def of_round(db: Session, row: tables.Round) -> Health:
    """The health of a round's judge by its project's limits."""
    limits = _limits(db, row)
    judge_health = of_labels(db, row)
    return replace(judge_health, measures=(*judge_health.measures, *questions.health_measures(db, row, limits)))


def of_labels(db: Session, row: tables.Round) -> Health:
    """That without the answers to the project's questions: these have no limits, and hold no round."""
    return health(gather(db, row), _limits(db, row))


def _limits(db: Session, row: tables.Round) -> HealthLimits:
    return limits_of.read(db.get_one(tables.Project, row.project_id).judge_health)


def holds(db: Session, row: tables.Round) -> bool:
    """Whether a red light would hold the round: not where its project switched that off, or somebody let it go on."""
    return _limits(db, row).hold and "released" not in row.hold


def health(evidence: HealthEvidence, limits: HealthLimits) -> Health:
    """The light of this evidence."""
    if evidence.judge is None:
        return Health(Light.unknown, "No judge labels the texts of this round.", ())
    measures_ = tuple(measures.all_of(evidence, limits))
    worst = next(
        (light for light in (Light.red, Light.amber) if any(measure.light is light for measure in measures_)), None
    )
    known = [measure for measure in measures_ if measure.name in JUDGING and measure.light is not Light.unknown]
    light = worst or (Light.ok if known else Light.unknown)
    sentence = _sentence(light, measures_, known, is_done=evidence.is_done)
    return Health(light, sentence, measures_, people.curve(evidence, limits), corrected(evidence, limits))


def _sentence(light: Light, measures: tuple[HealthMeasure, ...], known: list[HealthMeasure], *, is_done: bool) -> str:
    if light is Light.unknown:
        kappa = next(measure for measure in measures if measure.name == "kappa")
        return f"Nobody can say yet whether people agree with the judge: {_lower(kappa.missing)}"
    if light is Light.ok:
        return f"People agree with the judge as far as is known: {_said(known[0])}."
    beyond = [measure for measure in measures if measure.light is light]
    more = f" {len(beyond) - 1} more beyond a limit." if len(beyond) > 1 else ""
    begin = BEGINS[light, is_done]
    note = f" {beyond[0].note}" if beyond[0].note else ""
    return f"{begin}: {_said(beyond[0])}.{note}{more}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _said(measure: HealthMeasure) -> str:
    """`precision at the cut 30.0% (95% interval 18.1 to 45.4, limit 50.0, 40 texts ...)`."""
    limit = measure.red if measure.light is Light.red else measure.amber
    number, unit = measure.number, "%" if measure.is_share else ""
    between = "interval unknown"
    if number.low is not None and number.high is not None:
        between = f"95% interval {_n(measure, number.low)} to {_n(measure, number.high)}"
    at = f", limit {_n(measure, limit)}" if limit is not None and measure.light is not Light.ok else ""
    title = measure.title if measure.title.startswith(("Cohen", "Krippendorff")) else _lower(measure.title)
    return f"{title} {_n(measure, number.value or 0.0)}{unit} ({between}{at}; {number.n:,} {measure.of})"


def _n(measure: HealthMeasure, value: float) -> str:
    return f"{value * 100:.1f}" if measure.is_share else f"{value:.2f}"
