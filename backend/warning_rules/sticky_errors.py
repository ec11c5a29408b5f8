"""Wrong answers that were learned and come again."""

import hashlib
from collections import defaultdict

from pydantic import Field

from backend import answers
from backend.answers import Known
from backend.values import JSON, Verdict, WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import bootstrap, ratio, total
from backend.warning_rules._labels import KNOWN

MOST_PROMPTS = 2000
"""So many prompts with an accepted wrong answer are kept for the round below."""


class StickyErrors(WarningRule):
    """Of prompts with a wrong answer that the judge accepted in the round above: the share of this round's texts that
    give such an answer again.

    Red where it also grew since the round above, amber where it did not or that is not known. The interval is that of
    prompts drawn anew.
    """

    code = "W34"
    title = "Sticky errors"
    source = "Learning from Future: A Novel Self-Training Framework for Semantic Segmentation"
    measures = "share of texts that repeat a wrong answer that the judge accepted in the round above"
    counts = KNOWN
    way = "Ask prompts with known answers, and the same ones in several rounds."
    explained_by = ("reward_hacking", "vote_collapse", "label_noise", "over_acceptance", "no_separation")

    limit: float = Field(0.5, ge=0, le=1, description="red where the whole interval lies above it, and the share grew")

    def compute(self, evidence: WarningEvidence) -> Finding:
        before = evidence.before(str(self.name), "wrong")
        stuck: dict[str, list[str]] = before[-1]["wrong"] if before else {}
        wrong = defaultdict[str, set[str]](set)
        rows = defaultdict[str, list[float]](lambda: [0.0, 0.0])
        n, ids = 0, list[int]()
        for group in evidence.answers:
            if group.prompt.answer is None:
                continue
            known, prompt_id = Known.of(group.prompt.answer), str(group.prompt.id)
            for sample in group.samples:
                verdict = evidence.round.machine.get(sample.id, (None, None))[1]
                found = answers.find(sample.said, known)
                if found is None or sample.id not in evidence.truth or verdict is None:
                    continue
                n += 1
                said = hashlib.sha256(answers.normalise(found.answer).encode()).hexdigest()[:8]
                is_wrong = not evidence.truth[sample.id]
                if is_wrong and verdict is Verdict.accept:
                    wrong[prompt_id].add(said)
                if prompt_id in stuck:
                    again = is_wrong and said in stuck[prompt_id]
                    rows[prompt_id][0] += again
                    rows[prompt_id][1] += 1
                    ids += [sample.id] if again else []
        kept = {one: sorted(wrong[one]) for one in [*wrong][:MOST_PROMPTS]}
        details: JSON = {"wrong": kept}
        asked = sum(one[1] for one in rows.values())
        if not stuck or asked < self.min_rows:
            missing = "No round above has accepted wrong answers of prompts with known answers."
            if stuck:
                missing = (
                    f"{asked:.0f} texts answer prompts with an accepted wrong answer above; {self.min_rows} are needed."
                )
            return Finding(n=n, details=details, missing=missing)
        sums = [(again, of) for again, of in rows.values()]
        value, (low, high) = ratio(total(sums)), bootstrap(sums, ratio)
        assert value is not None
        details |= {"share": value}
        earlier = before[-1].get("share")
        level = WarningLevel.green
        if low is not None and low > self.limit:
            level = WarningLevel.red if earlier is not None and value > earlier else WarningLevel.amber
        return Finding(value, low, high, n, details=details, sample_ids=some(ids), level=level)
