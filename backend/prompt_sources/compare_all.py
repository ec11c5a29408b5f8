"""Ask for a judgment of all texts of a group at once: principles, a critique, and a score for each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text, with_slots
from backend.judges._compared import answer_of, in_order
from backend.prompt_sources import PromptSource
from backend.values import Group, LabelSource, Prompt, Sample, SampleKind, Verdict

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")


class CompareAll(PromptSource):
    """Make one question of each group that shows all its texts, in an order that says nothing of them.

    DeepSeek-GRM (Liu et al. 2025, arXiv 2504.02495): who answers writes principles of its own, criticises each text by
    them and gives each a whole number from 1 to 10. The first text of the group is the question's parent. The known
    answer is the number of the text that is strictly the best by its label, which `best_on_top` compares with; groups
    without one are left out unless `needs_best` is off. Groups with fewer than two texts are left out.
    """

    template: str = Field(
        TEMPLATE, description="what is asked; filled in are {prompt}, {responses} (all texts, numbered) and {count}"
    )
    needs_best: bool = Field(True, description="ask only about groups of which one text is known to be the best")

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{responses}", so="it would not show it")

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def reads_labels(self) -> bool:
        return self.needs_best

    @property
    def has_parents(self) -> bool:
        return True

    @property
    def makes_answers(self) -> bool:
        return True

    @property
    def knows_answers(self) -> bool:
        return self.needs_best

    @property
    def asks_about_rejected(self) -> bool:
        """The parent stands for its group: whether it was rejected says nothing of the question."""
        return True

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        roots = {prompt.id: prompt for prompt in pool}
        asked_groups = (self._group(group, roots.get(group.prompt.id, group.prompt)) for group in groups)
        return [group for group in asked_groups if group is not None]

    def _group(self, group: Group, root: Prompt) -> Group | None:
        shown = in_order(root.id, group.samples)
        best = best_of(shown)
        if len(shown) < 2 or (self.needs_best and best is None):
            return None
        listed = [f"<<<RESPONSE {n}\n{sample.text}\nRESPONSE {n}>>>" for n, sample in enumerate(shown, 1)]
        text = fill(
            self.template, prompt=prompt_text(root.messages), responses="\n\n".join(listed), count=str(len(shown))
        )
        answer = answer_of(best, len(shown)) if best is not None else None
        first = next(sample for sample in group.samples if sample.kind != SampleKind.edit)
        asked = replace(group.prompt, messages=[{"role": "user", "content": text}], answer=answer)
        return Group(asked, parent=first)


def best_of(texts: Sequence[Sample]) -> int | None:
    """Return the number, from 1, of the text that stands strictly above all others; None where some have no label."""
    ranks = [_rank(text) for text in texts]
    known = [rank for rank in ranks if rank is not None]
    if not known or len(known) < len(ranks) or known.count(max(known)) > 1:
        return None
    return known.index(max(known)) + 1


def _rank(sample: Sample) -> tuple[int, float] | None:
    """What people said of a text, then its score; None where neither is known."""
    is_decided = sample.source is LabelSource.person and sample.verdict is not None
    if not is_decided and sample.score is None:
        return None
    standing = (1 if sample.verdict is Verdict.accept else -1) if is_decided else 0
    return standing, round(sample.score or 0.0, 9)
