"""Kept texts that came from a file and that nobody looked at."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.translations import N_
from backend.warning_rules import About, Finding, ImportedText, WarningEvidence, WarningRule, share

MOST_NAMED, LONGEST_REASON = 20, 500


class KnownImport(BaseModel):
    """Why the imported texts of a prompt set are deliberate. `up_to`: the highest id of a prompt that the set had
    when it was said, since each round has samples of its own; what is imported later is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")
    up_to: int = Field(ge=1)


class UnreviewedImports(WarningRule):
    """Share of the kept texts that were imported and that no person decided on.

    Imports that somebody made on purpose are known: the texts that those prompt sets brought until then do not count,
    with the reason that was given once. What is imported later counts again.
    """

    code = "W39"
    title = N_("Foreign rows")
    source = "An Embarrassingly Simple Backdoor Attack on Self-supervised Learning"
    speaks_of = About.rows
    measures = N_("share of the kept texts that a file brought and nobody reviewed")
    counts = N_("kept texts")
    way = "Keep more texts."
    advice = N_("Let people review these texts, or say why they are deliberate.")
    ends = (0.0, 1.0)

    limit: float = Field(0.1, ge=0, le=1, description="red where the whole interval lies above it")
    known: dict[str, KnownImport] = Field(
        default_factory=dict,
        description="imports that are deliberate, by the id of the prompt set that they came with: the reason, and the "
        "highest id of a prompt that it speaks of (up_to)",
    )

    @field_validator("known")
    @classmethod
    def _names_sets(cls, known: dict[str, KnownImport]) -> dict[str, KnownImport]:
        for set_id in known:
            if not set_id.isdecimal():
                raise ValueError(f"{set_id[:40]!r} is no id of a prompt set. Prompts lists the sets with theirs.")
        return known

    def compute(self, evidence: WarningEvidence) -> Finding:
        unseen = [imported for imported in evidence.imported if not imported.is_reviewed]
        foreign = [imported for imported in unseen if not self._is_known(imported)]
        estimate = share(len(foreign), len(evidence.round.kept), [imported.sample_id for imported in foreign])
        return Finding(
            estimate.value,
            estimate.low,
            estimate.high,
            estimate.n,
            note=self._said(unseen),
            details={"sets": _sets(foreign)},
            sample_ids=estimate.sample_ids,
        )

    def _is_known(self, text: ImportedText) -> bool:
        known = self.known.get(str(text.prompt_set_id))
        return known is not None and text.prompt_id <= known.up_to

    def _said(self, unseen: Sequence[ImportedText]) -> str:
        """Which imports are known, and why."""
        known = _sets([imported for imported in unseen if self._is_known(imported)])
        names = [f"Known: “{name}”, {self.known[id_].reason}" for id_, name in [*known.items()][:MOST_NAMED]]
        return " ".join([*names, *([f"{more:,} more are known."] if (more := len(known) - MOST_NAMED) > 0 else [])])


def _sets(texts: Sequence[ImportedText]) -> dict[str, str]:
    """The prompt sets of texts, their names by their ids."""
    return {str(text.prompt_set_id): text.prompt_set for text in texts}
