"""Kept texts that came from a file and that nobody looked at."""

from pydantic import Field, field_validator

from backend.warning_rules import About, Finding, ImportedText, WarningEvidence, WarningRule, share

MOST_SETS, LONGEST_REASON = 20, 500


class UnreviewedImports(WarningRule):
    """Share of the kept texts that were imported and that no person decided on.

    Imports that somebody made on purpose are known: the texts of those prompt sets do not count, with the reason that
    was given once.
    """

    code = "W39"
    title = "Foreign rows"
    source = "An Embarrassingly Simple Backdoor Attack on Self-supervised Learning"
    speaks_of = About.rows
    measures = "share of the kept texts that a file brought and nobody reviewed"
    counts = "kept texts"
    way = "Keep more texts."

    limit: float = Field(0.1, ge=0, le=1, description="red where the whole interval lies above it")
    known: dict[str, str] = Field(
        default_factory=dict,
        description="imports that are deliberate: the reason, by the id of the prompt set that they came with",
    )

    @field_validator("known")
    @classmethod
    def _has_reasons(cls, known: dict[str, str]) -> dict[str, str]:
        for set_id, reason in known.items():
            if not set_id.isdecimal():
                raise ValueError(f"{set_id[:40]!r} is no id of a prompt set. Prompts lists the sets with theirs.")
            if not reason.strip() or len(reason) > LONGEST_REASON:
                raise ValueError(
                    f"the reason for set {set_id} has to have 1 to {LONGEST_REASON} characters. Write one."
                )
        return known

    def compute(self, evidence: WarningEvidence) -> Finding:
        unseen = [one for one in evidence.imported if not one.is_reviewed]
        foreign = [one for one in unseen if str(one.prompt_set_id) not in self.known]
        found = share(len(foreign), len(evidence.round.kept), [one.sample_id for one in foreign])
        return Finding(
            found.value,
            found.low,
            found.high,
            found.n,
            note=self._said(unseen),
            details={"sets": _sets(foreign)},
            sample_ids=found.sample_ids,
        )

    def _said(self, unseen: list[ImportedText]) -> str:
        """Which imports are known, and why."""
        left_out = [one for one in unseen if str(one.prompt_set_id) in self.known]
        return " ".join(f"Known: “{name}”, {self.known[set_id]}" for set_id, name in _sets(left_out).items())


def _sets(texts: list[ImportedText]) -> dict[str, str]:
    """The prompt sets of texts, their names by their ids."""
    return dict([*{str(one.prompt_set_id): one.prompt_set for one in texts}.items()][:MOST_SETS])
