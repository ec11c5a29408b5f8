"""Held-out prompts that the policy answered right and does not any more."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from backend.categories import PromptCategory, categories_of
from backend.differences import Difference
from backend.translations import N_
from backend.values import WarningLevel
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._held_out import AccuracyChange, Answered, answered


class Forgetting(WarningRule):
    """Held-out accuracy of the checkpoint made less that of the one started from, on the same prompts: of all of them,
    and of each category, that is of each value of a note of theirs, with the fewest rows or more.

    Where all prompts together are not beyond the limit and a category is, the light speaks of the one that fell most
    surely. The interval is a paired bootstrap over prompts, and reaches 0 where McNemar's exact test leaves the change
    to chance; with all categories looked at, it holds for them and for the whole together (Bonferroni). With fewer than
    30 prompts there is none, and the exact test alone says whether chance explains the change. A checkpoint that was
    chosen as the highest of several on these prompts had luck on them, too, and part of a fall from it is only that.

    Where nothing is beyond a limit so, and all prompts looked at alone fell by more than chance explains, the light is
    amber: the comparison of the two checkpoints says that they fell, which looks at no categories.
    """

    code = "W40"
    title = N_("Forgetting")
    source = "Reinforcement Fine-Tuning Naturally Mitigates Forgetting in Continual Post-Training"
    unit = N_("points")
    speaks_of = About.checkpoint
    opens_answers = True
    measures = N_("change of the held-out accuracy since the checkpoint that the round started from")
    counts = N_("held-out prompts that both were measured on")
    way = "Put the metric held_out_accuracy into the recipe, and give the round held-out prompts with known answers."
    advice = N_("Start from the checkpoint before, train fewer steps, or mix rows of earlier rounds in.")
    ends = (-1.0, 1.0)
    is_below = True

    limit: float = Field(-0.02, ge=-1, le=0, description="red where the whole interval lies below it")
    amber: float | None = Field(0.0, ge=-1, le=0, description="amber where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        both = answered(evidence)
        if both is None:
            return Finding()
        notes = [(prompt.id, prompt.metadata) for prompt in evidence.held_out if prompt.id in both.old]
        listed = categories_of(notes, fewest=self.min_rows)
        times = len(listed) + 1
        whole = both.change(times=times)
        if whole is None:
            return Finding()
        worst = _worst(both, listed, times)
        for limit in (self.limit, self.amber):
            if limit is not None and whole.is_below(limit):
                return _finding(whole, note=f"{_named(worst[0])} fell most surely: {_went(worst[1])}" if worst else "")
            if limit is not None and worst is not None and worst[1].is_below(limit):
                category, change = worst
                chosen = f"Of {len(listed):,} categories it is the one that fell most surely on these prompts."
                together = f"All {whole.gap.n:,} prompts: {(whole.gap.value or 0) * 100:+.1f} points."
                note = f"The category {_named(category)}: {_went(change)} {chosen} {together}"
                return _finding(change, note=note, category=category)
        alone = both.change() if listed else None
        if alone is not None and self.amber is not None and alone.is_below(self.amber):
            beside = f"as one of {times:,} changes, with those of {len(listed):,} categories, it may be chance"
            note = f"All prompts alone; {beside}."
            return replace(_finding(alone, note=note), level=WarningLevel.amber)
        # Nothing is beyond a limit, whatever the value of a change without an interval is.
        return replace(_finding(whole), is_excused=True)


def _worst(
    both: Answered, listed: Sequence[PromptCategory], times: int
) -> tuple[PromptCategory, AccuracyChange] | None:
    """The category of which it is surest that it fell; None where none fell."""
    changes = [(category, both.change(category.ids, times=times)) for category in listed]
    fallen = [
        (category, change) for category, change in changes if change is not None and (change.gap.value or 0.0) < 0
    ]
    return min(fallen, key=lambda pair: _place(pair[1].gap), default=None)


def _place(gap: Difference) -> tuple[bool, float, float]:
    """What fell beyond chance first, then by the upper end, and by the value."""
    value = gap.value or 0.0
    return not gap.is_worse, value if gap.high is None and gap.is_worse else gap.high or 0.0, value


def _named(category: PromptCategory) -> str:
    return f"{category.key}: {category.value}"


def _went(change: AccuracyChange) -> str:
    gap = change.gap
    ends = (
        f"{gap.low * 100:+.1f} to {gap.high * 100:+.1f} points" if gap.low is not None and gap.high is not None else ""
    )
    note = ends or f"interval unknown, p = {gap.p:.2g}"
    return f"from {gap.old:.1%} to {gap.new:.1%} ({note}) of its {gap.n:,} prompts."


def _finding(change: AccuracyChange, *, note: str = "", category: PromptCategory | None = None) -> Finding:
    details = {} if category is None else {"category": [category.key, category.value]}
    gap, named = change.gap, some(change.lost)
    return Finding(gap.value, gap.low, gap.high, gap.n, note=note, details=details, prompt_ids=named)
