"""Wrong answers that were learned and come again."""

import hashlib
import math
from collections import defaultdict

from pydantic import Field

from backend import answers
from backend.answers import Known
from backend.translations import N_
from backend.values import JSON, Verdict, WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import bootstrap, ratio, standard_error, total

MOST_PROMPTS, MOST_ANSWERS = 500, 4
"""So many prompts with an accepted wrong answer are kept for the round below, and so many such answers of each."""


class StickyErrors(WarningRule):
    """Of prompts with a wrong answer that the judge accepted in the round above: the share of this round's texts that
    give such an answer again.

    Red where it also grew beyond chance since the round above, amber where it did not or that is not known. The
    interval is that of prompts drawn anew. Only the round directly above counts.
    """

    code = "W34"
    title = N_("Sticky errors")
    source = "Learning from Future: A Novel Self-Training Framework for Semantic Segmentation"
    measures = N_("share of texts that repeat a wrong answer that the judge accepted in the round above")
    counts = N_("texts that answer prompts with an accepted wrong answer in the round above")
    way = "Ask prompts with known answers, and the same ones in several rounds."
    advice = N_("Let people decide on these prompts, or leave them out of the next round: the errors were learned.")
    ends = (0.0, 1.0)
    more = N_("and it grew since the round above, else amber")
    explained_by = ("reward_hacking", "vote_collapse", "label_noise", "over_acceptance", "no_separation")

    limit: float = Field(0.5, ge=0, le=1, description="red where the whole interval lies above it, and it grew")

    def find(self, evidence: WarningEvidence) -> Finding:
        """Return the finding; what the round below compares with is in it however few texts count in this one."""
        return self.compute(evidence)

    def compute(self, evidence: WarningEvidence) -> Finding:
        above: JSON = evidence.past[-1].findings.get(str(self.name), {}) if evidence.past else {}
        stuck: dict[str, list[str]] = above.get("wrong", {})
        wrong = defaultdict[str, set[str]](set)
        rows = defaultdict[str, list[float]](lambda: [0.0, 0.0])
        ids = list[int]()
        for group in evidence.answers:
            if group.prompt.answer is None:
                continue
            known, prompt_id = Known.of(group.prompt.answer), str(group.prompt.id)
            for sample in group.samples:
                verdict = evidence.round.machine.get(sample.id, (None, None))[1]
                extracted_answer = answers.find(sample.full_text, known)
                if extracted_answer is None or sample.id not in evidence.truth or verdict is None:
                    continue
                digest = hashlib.sha256(answers.normalise(extracted_answer.answer).encode()).hexdigest()[:8]
                is_wrong = not evidence.truth[sample.id]
                if is_wrong and verdict is Verdict.accept:
                    wrong[prompt_id].add(digest)
                if prompt_id in stuck:
                    again = is_wrong and digest in stuck[prompt_id]
                    rows[prompt_id][0] += again
                    rows[prompt_id][1] += 1
                    ids += [sample.id] if again else []
        kept = {id_: sorted(wrong[id_])[:MOST_ANSWERS] for id_ in [*wrong][:MOST_PROMPTS]}
        details: JSON = {"wrong": kept}
        asked = int(sum(row[1] for row in rows.values()))
        if not stuck or asked < self.min_rows:
            missing = "The round above has no accepted wrong answers of prompts with known answers."
            if stuck:
                missing = (
                    f"{asked} texts answer prompts with an accepted wrong answer above; {self.min_rows} are needed."
                )
            return Finding(n=asked, details=details, missing=missing)
        sums = [(again, of) for again, of in rows.values()]
        value, (low, high) = ratio(total(sums)), bootstrap(sums, ratio)
        assert value is not None
        error = standard_error(sums, ratio)
        details |= {"share": value, "share_error": error}
        level = WarningLevel.green
        if low is not None and low > self.limit:
            both = math.hypot(error, above.get("share_error", math.inf))
            grew = value - above.get("share", 1.0) > 1.645 * both
            level = WarningLevel.red if grew else WarningLevel.amber
        return Finding(value, low, high, asked, details=details, sample_ids=some(ids), level=level)
