"""What the judges of a bench come to: each against people, and any two with each other. Pure functions of values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from backend.judges import Judge
from backend.metrics._agreement import Figure, cohen, percent
from backend.pipeline.health import measures
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import Estimate, HealthEvidence, HealthMeasure, JudgedText, Light, Witness
from backend.values import JSON

FEWEST = 10
"""Rows below which a measure of a bench is unknown; a round's light, which may hold it, asks for more."""
UNLIMITED = HealthLimits().model_copy(
    update={"fewest": FEWEST} | {name: None for name in HealthLimits.model_fields if name.endswith(("_amber", "_red"))}
)
"""A bench shows values side by side and no lights, so that a value without an interval is shown, too."""
MORE = "Open a bench with more labels: decide on more items in the order random, or mark gold items on the Team page."
LEFT_OUT = ("flips", "position")
"""Measures of comparisons, which a bench does not keep."""


@dataclass(frozen=True)
class BenchWord:
    """One sample of a bench with a judge's word on it. `accepts`, `person_score`: people's, None where none counts."""

    text: JudgedText
    accepts: bool | None = None
    person_score: float | None = None


@dataclass(frozen=True)
class Confusion:
    """Samples with a label of people, by people's word and the judge's; `unread`: the judge gave none."""

    accepts_both: int = 0
    accepts_judge: int = 0
    accepts_people: int = 0
    rejects_both: int = 0
    unread_accept: int = 0
    unread_reject: int = 0

    @property
    def labelled(self) -> int:
        return sum(asdict(self).values())

    @property
    def disagreements(self) -> int:
        """Texts of which the judge does not say what people say; it may say nothing."""
        return self.labelled - self.accepts_both - self.rejects_both


@dataclass(frozen=True)
class JudgePair:
    """How two judges agree in the verdicts on samples that both gave one for. None: the judges from before."""

    first: int | None
    second: int | None
    agreement: Figure
    kappa: Figure


def confusion(replies: Sequence[BenchWord]) -> Confusion:
    """Count the samples that people labelled."""
    cells = [(reply.accepts, reply.text.accepted) for reply in replies if reply.accepts is not None]
    return Confusion(
        accepts_both=cells.count((True, True)),
        accepts_judge=cells.count((False, True)),
        accepts_people=cells.count((True, False)),
        rejects_both=cells.count((False, False)),
        unread_accept=cells.count((True, None)),
        unread_reject=cells.count((False, None)),
    )


def measured(judge: Judge | None, judge_id: int | None, replies: Sequence[BenchWord]) -> list[HealthMeasure]:
    """The measures of a judge's health on these samples; unknown ones say what is missing."""
    witnesses = tuple(
        Witness(reply.text, reply.accepts, reply.person_score) for reply in replies if reply.accepts is not None
    )
    texts = tuple(reply.text for reply in replies)
    evidence = HealthEvidence(judge, judge_id, texts, witnesses, why=MORE if len(witnesses) < FEWEST else "")
    return [measure for measure in measures.all_of(evidence, UNLIMITED) if measure.name not in LEFT_OUT]


def pairs(verdicts: Mapping[int | None, Mapping[int, bool]]) -> list[JudgePair]:
    """Each two judges, given what each said of which sample; those that share no sample are left out."""
    pairs_ = []
    names = list(verdicts)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            first_verdicts, other = verdicts[first], verdicts[second]
            both = [
                (_word(first_verdicts[sample_id]), _word(other[sample_id]))
                for sample_id in sorted(first_verdicts.keys() & other.keys())
            ]
            if both:
                pairs_.append(JudgePair(first, second, _unless_few(percent(both)), _unless_few(cohen(both))))
    return pairs_


def _unless_few(figure: Figure) -> Figure:
    """Of fewer samples than the minimum nothing is said."""
    return figure if figure.n >= FEWEST else Figure(None, None, None, figure.n)


def _word(accepts: bool) -> str:
    return "accept" if accepts else "reject"


def to_json(
    judge: Judge | None,
    judge_id: int | None,
    replies: Sequence[BenchWord],
    *,
    unasked: Sequence[str] = (),
    doubtful: int = 0,
    before: int | None = None,
) -> JSON:
    """What is stored of a judge. `unasked`: why it could not be asked about samples, one reason each; `doubtful`: texts
    of which a reply is missing for a reason that lies not in the text; `before`: how many texts the judge from before
    labelled otherwise."""
    return {
        "confusion": asdict(confusion(replies)),
        "measures": [asdict(measure) for measure in measured(judge, judge_id, replies)],
        "judged": sum(reply.text.score is not None or reply.text.accepted is not None for reply in replies),
        "unread": sum(reply.text.is_unparsed for reply in replies),
        "unasked": len(unasked),
        "doubtful": doubtful,
        "before": before,
        "reason": unasked[0] if unasked else "",
    }


def confusion_of(stored: JSON) -> Confusion:
    return Confusion(**stored["confusion"])


def measures_of(stored: JSON) -> tuple[HealthMeasure, ...]:
    """The measures as they were stored."""
    return tuple(
        HealthMeasure(**measure | {"number": Estimate(**measure["number"]), "light": Light(measure["light"])})
        for measure in stored["measures"]
    )


def pairs_to_json(pairs: Sequence[JudgePair]) -> list[JSON]:
    return [asdict(pair) for pair in pairs]


def pairs_of(stored: Sequence[JSON]) -> tuple[JudgePair, ...]:
    """The pairs as they were stored."""
    return tuple(
        JudgePair(entry["first"], entry["second"], Figure(**entry["agreement"]), Figure(**entry["kappa"]))
        for entry in stored
    )
