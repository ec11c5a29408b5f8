"""The judge's cut as people's decisions move it: from which score on samples that nobody decided are accepted.

Asked for by the review setting `cut`. What is computed follows from the round's rows and its seed alone, so that a
selection that was killed and runs again finds the same cut. Labels stay as the judge gave them: the cut counts where a
selector or mixer reads them, and stands on the dataset.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from backend import recipes
from backend.judges import Judge
from backend.pipeline.health.corrected import population, speaking
from backend.pipeline.health.evidence import gather
from backend.pipeline.health.shapes import HealthEvidence
from backend.pipeline.stage import StageContext, derive_seed
from backend.recipes import StepPlace
from backend.selectors import Selector
from backend.values import CutRule, Group, LabelSource, Sample, Verdict

OFF, FEWEST = CutRule.judge, 20
NO_DIFFERENCE = 1e-9
RESAMPLES, CHANCE = 500, 0.05
"""A cut moves where chance makes another one look as much better in no more than this share of so many resamples."""


@dataclass(frozen=True)
class Cut:
    """`old`: the judge's own. `new`: what counts instead. `rows`: decisions at random. `why`: why it stayed."""

    rule: str
    old: float
    new: float
    rows: int
    why: str = ""

    def noted(self, selector: Selector | None = None) -> dict[str, Any]:
        """As the funnel and the dataset's provenance keep it. `unused`: why a cut that moved changes nothing here."""
        unused = selector.ignores_cut(self.old) if selector is not None and self.new != self.old else ""
        return {k: v for k, v in (asdict(self) | {"unused": unused}).items() if v or k not in ("why", "unused")}


def in_words(noted: Mapping[str, Any]) -> str:
    """What a dataset keeps of a cut, in words."""
    if noted["new"] == noted["old"]:
        return f"the judge’s cut stayed at {noted['old']:g}: {noted.get('why', '')}"
    by = f"{noted['rows']:,} decisions at random, by {noted['rule']}"
    unused = f"; it changes nothing in this selection: {noted['unused']}" if noted.get("unused") else ""
    return f"the judge’s cut moved from {noted['old']:g} to {noted['new']:g} by {by}{unused}"


@dataclass(frozen=True)
class ScoredDecision:
    """A text with the judge's score and people's verdict. `weight`: of how many texts it speaks. `is_drawn`: drawn at
    random, so that another one might stand in its place."""

    score: float
    accepts: bool
    weight: float = 1.0
    is_drawn: bool = True


def of_step(stage: StageContext, db: Session) -> Cut | None:
    """The cut for the samples that the job's step sees; None where the review leaves it to the judge."""
    rule = str(stage.round.review.get("cut", OFF))
    if rule == OFF or not stage.round.is_reviewed:
        return None
    recipe, phase = stage.recipe, stage.round.phase
    place, gate = recipes.judge_place(recipe, phase), recipe.gate(phase)
    if place is None or gate is None or stage.place.source != stage.places[gate].source:
        return None
    judge = place.step.part
    if is_judged(stage.places[gate : stage.step], stage.place.source):
        return None  # labels of a judge that came after people are not theirs to move
    assert isinstance(judge, Judge)
    fewest = int(stage.round.review.get("cut_rows", FEWEST))
    if type(judge).label is not Judge.label:
        why = f"The judge {judge.name} does not label by its score alone, so it has no cut to move."
        return Cut(rule, judge.accept_at, judge.accept_at, 0, why)
    return moved(rule, judge.accept_at, gather(db, stage.round), fewest, derive_seed(stage.round.seed, "cut"))


def is_judged(places: Sequence[StepPlace], source: int | None) -> bool:
    """Whether a judge among these steps labels the texts of a source. One that answers questions labels nothing."""
    judges = (place for place in places if isinstance(place.step.part, Judge) and not place.step.part.gives_answers)
    return any(place.source == source for place in judges)


def moved(rule: str, old: float, evidence: HealthEvidence, fewest: int, seed: int) -> Cut:
    """The cut by this rule; the old one, with the reason, where decisions are too few or say too little.

    A decision on a text that was drawn at random speaks for its share of all that were not chosen; one on a text that
    the queue chose speaks for that text.
    """
    spoken, texts = speaking(evidence)
    words = [(witness, witness.text.score) for witness in spoken if witness.text.score is not None]
    drawn = sum(witness.is_drawn for witness, _ in words)
    if drawn < fewest:
        return Cut(rule, old, old, drawn, f"{drawn:,} blind decisions at random; at least {fewest:,} are needed.")
    scored = [text for text in texts if text.score is not None]
    all_of_them = population(scored, evidence.drawn_of, max(len(scored), len(words))).texts if scored else len(words)
    weight = max(1.0, (all_of_them - len(words) + drawn) / drawn)
    rows = [
        ScoredDecision(score, witness.accepts, weight if witness.is_drawn else 1.0, witness.is_drawn)
        for witness, score in words
    ]
    if len({row.accepts for row in rows}) < 2:
        return Cut(rule, old, old, drawn, "People said one and the same of all of them.")
    new = best(rule, old, rows)
    if new == old:
        return Cut(rule, old, old, drawn, "No other cut agrees better with people.")
    chance = by_chance(rule, old, rows, seed)
    if chance > CHANCE:
        why = f"{new:g} agrees better with people, but chance alone shows as much in {chance:.0%} of resamples"
        return Cut(rule, old, old, drawn, f"{why}; {CHANCE:.0%} are allowed.")
    return Cut(rule, old, new, drawn)


def best(rule: str, old: float, rows: Sequence[ScoredDecision]) -> float:
    """The score among those decided from which on the rule's figure is highest; of equals the nearest to the old cut.

    By accuracy it is where the isotonic regression of people's verdicts on the scores crosses one half.
    """
    by_cut = figures(rule, candidates(old, rows), rows)
    return max(by_cut, key=lambda cut: (by_cut[cut], -abs(cut - old), -cut))


def candidates(old: float, rows: Iterable[ScoredDecision]) -> list[float]:
    """The cuts that tell the rows apart, lowest first, and the old one."""
    return sorted({old, *(row.score for row in rows)})


def figures(rule: str, cuts: Sequence[float], rows: Iterable[ScoredDecision]) -> dict[float, float]:
    """The rule's figure at each of the cuts, which are in order and hold every score of the rows."""
    good, bad = dict.fromkeys(cuts, 0.0), dict.fromkeys(cuts, 0.0)
    for row in rows:
        (good if row.accepts else bad)[row.score] += row.weight
    hits, false_accepts, misses, passes = sum(good.values()), sum(bad.values()), 0.0, 0.0
    by_cut = {}
    for cut in cuts:
        by_cut[cut] = figure(rule, hits, false_accepts, misses, passes)
        hits, false_accepts = hits - good[cut], false_accepts - bad[cut]
        misses, passes = misses + good[cut], passes + bad[cut]
    return by_cut


def figure(rule: str, hits: float, false_accepts: float, misses: float, passes: float) -> float:
    """F1 of the accepts, Youden's index (recall + specificity - 1; Youden 1950), or the accuracy, of such a table."""
    good, bad = hits + misses, false_accepts + passes
    if rule == CutRule.f1:
        return round(2 * hits / (2 * hits + false_accepts + misses), 12) if good or false_accepts else 0.0
    if rule == CutRule.youden:
        return round((hits / good if good else 0.0) + (passes / bad if bad else 0.0) - 1, 12)
    return round((hits + passes) / (good + bad), 12) if good or bad else 0.0


def by_chance(rule: str, old: float, rows: Sequence[ScoredDecision], seed: int) -> float:
    """In what share of resamples of the rows the best cut beats the old one by as much though none is better than it.

    The test for superior predictive ability (White 2000, Econometrica 68 (5); Hansen 2005, Journal of Business and
    Economic Statistics 23 (4), of whose forms the lower one). All cuts are searched anew in each resample, since the
    best of many looks good by chance: what each gains on the old cut counts less what it gained on the rows themselves,
    where that was above 0. Only what was drawn at random is drawn again: what was chosen would be chosen again.
    """
    chance, cuts, as_much = random.Random(seed), candidates(old, rows), 0
    lots, chosen = [row for row in rows if row.is_drawn], [row for row in rows if not row.is_drawn]
    by_cut = figures(rule, cuts, rows)
    gains = {cut: by_cut[cut] - by_cut[old] for cut in cuts}
    most = max(gains.values())
    for _ in range(RESAMPLES):
        drawn = figures(rule, cuts, [*chance.choices(lots, k=len(lots)), *chosen])
        as_much += max(drawn[cut] - drawn[old] - max(0.0, gains[cut]) for cut in cuts) >= most - NO_DIFFERENCE
    return (as_much + 1) / (RESAMPLES + 1)


def selector_at(selector: Selector, cut: Cut | None) -> Selector:
    """The selector for labels by this cut."""
    return selector if cut is None or cut.new == cut.old else selector.at_cut(cut.old, cut.new)


def relabelled(group: Group, cut: Cut | None) -> Group:
    """The group with the verdicts that its scores get at the cut; people's stay, and so do texts without a score."""
    if cut is None or cut.new == cut.old:
        return group
    return replace(group, samples=tuple(_at(sample, cut.new) for sample in group.samples))


def _at(sample: Sample, cut: float) -> Sample:
    if sample.source is not LabelSource.judge or sample.score is None:
        return sample
    return replace(sample, verdict=Verdict.accept if sample.score >= cut else Verdict.reject)
