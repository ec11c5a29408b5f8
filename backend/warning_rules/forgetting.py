"""Held-out prompts that the policy answered right and does not any more."""

from pydantic import Field

from backend.categories import Category, categories_of
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._held_out import AccuracyChange, Answered, answered


class Forgetting(WarningRule):
    """Held-out accuracy of the checkpoint made less that of the one started from, on the same prompts: of all of them,
    and of each category, that is of each value of a note of theirs, with the fewest rows or more.

    Where all prompts together are not beyond the limit and a category is, the light speaks of the one that fell most.
    The interval is a paired bootstrap over prompts, and reaches 0 where McNemar's exact test leaves the change to
    chance; those of categories hold for all of them together (Bonferroni).
    """

    code = "W40"
    title = "Forgetting"
    source = "Reinforcement Fine-Tuning Naturally Mitigates Forgetting in Continual Post-Training"
    unit = "points"
    speaks_of = About.checkpoint
    opens_answers = True
    measures = "change of the held-out accuracy since the checkpoint that the round started from"
    counts = "held-out prompts that both were measured on"
    way = "Put the metric held_out_accuracy into the recipe, and give the round held-out prompts with known answers."
    is_below = True

    limit: float = Field(-0.02, ge=-1, le=0, description="red where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        both = answered(evidence)
        whole = None if both is None else both.change()
        if both is None or whole is None:
            return Finding()
        worst = self._worst(both, evidence)
        if worst is None:
            return _finding(whole)
        category, change = worst
        name = f"{category.key}: {category.value}"
        said = f"{name} fell most: {_went(change)}" if change.value < 0 else ""
        for limit in (self.limit, self.amber):
            if limit is not None and whole.high < limit:
                return _finding(whole, note=said)
            if limit is not None and change.high < limit:
                note = f"The category {name}: {_went(change)} All {whole.n:,} prompts: {whole.value * 100:+.1f} points."
                return _finding(change, note=note, category=category)
        return _finding(whole, note=said and f"{said} That may be chance, or is within the limit.")

    def _worst(self, both: Answered, evidence: WarningEvidence) -> tuple[Category, AccuracyChange] | None:
        """The category of which it is surest that it fell."""
        notes = [(prompt.id, prompt.metadata) for prompt in evidence.held_out if prompt.id in both.old]
        listed = categories_of(notes, fewest=self.min_rows)
        changes = [(one, both.change(one.ids, times=len(listed))) for one in listed]
        known = [(one, change) for one, change in changes if change is not None]
        return min(known, key=lambda pair: (pair[1].high, pair[1].value), default=None)


def _went(change: AccuracyChange) -> str:
    ends = f"{change.low * 100:+.1f} to {change.high * 100:+.1f} points"
    return f"from {change.old:.1%} to {change.new:.1%} ({ends}) of its {change.n:,} prompts."


def _finding(change: AccuracyChange, *, note: str = "", category: Category | None = None) -> Finding:
    details = {} if category is None else {"category": [category.key, category.value]}
    named = some(change.lost)
    return Finding(change.value, change.low, change.high, change.n, note=note, details=details, prompt_ids=named)
