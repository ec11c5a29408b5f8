"""Add what people decided as rows that teach a judge."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from backend.mixers import Mixer
from backend.values import DatasetType, DecidedText, Example, Group, Mixture, Past, TrainingRow, Verdict

OPPOSITE = {Verdict.accept: Verdict.reject, Verdict.reject: Verdict.accept}


class DecidedVerdicts(Mixer):
    """Add for each text that people decided on what its judge was asked of it, and a reply that says what people said.

    The reply is the judge's own where one of its votes agrees with people, with the reasons that it wrote: as in the
    filter of STaR (Zelikman et al. 2022, arXiv 2203.14465), reasons that end in the right verdict are kept. Where none
    agrees it is the verdict alone, in the judge's form. In rows of pairs the rejected side is a reply of the judge that
    contradicts people, else the opposite verdict alone. It belongs before the training of who judges, which may be the
    policy.
    """

    mixes: ClassVar[tuple[DatasetType, ...]] = (
        DatasetType.prompt_completion,
        DatasetType.preference,
        DatasetType.unpaired_preference,
    )

    replies: Literal["own", "any"] = Field(
        "any",
        description="own: only decisions with which a reply of the judge agrees; any: of the others the verdict alone",
    )
    rounds: int = Field(1, ge=1, le=1_000, description="of how many rounds decisions are read, this one first")
    copies: int = Field(
        1,
        ge=1,
        le=100,
        description="how often each row stands in the dataset; above 5 the warning duplicated_prompts is red, since "
        "rows that are read so often are learned by heart",
    )

    @property
    def reads_decided(self) -> bool:
        return True

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        decided_rows: list[TrainingRow] = []
        dropped: Counter[str] = Counter()
        form = past.type
        for decided in past.decided:
            if decided.age >= self.rounds:
                break
            right, wrong = self._right(decided), _said(decided, OPPOSITE[decided.verdict])
            if right is None:
                dropped["no reply of the judge agrees with people"] += 1
            elif form is DatasetType.preference and wrong is None:
                dropped["no reply that contradicts people"] += 1
            else:
                decided_rows += _rows(decided, form, right, wrong)
        return Mixture([*rows, *(row for row in decided_rows for _ in range(self.copies))], dict(dropped))

    def _right(self, decided: DecidedText) -> str | None:
        own = next((text for text, verdict in decided.replies if verdict is decided.verdict), None)
        return own if own is not None or self.replies == "own" else decided.bare.get(decided.verdict)


def _said(decided: DecidedText, verdict: Verdict) -> str | None:
    """A reply that says this verdict, the judge's own before the shortest one."""
    return next(
        (text for text, reply_verdict in decided.replies if reply_verdict is verdict), decided.bare.get(verdict)
    )


def _rows(decided: DecidedText, form: DatasetType, right: str, wrong: str | None) -> Iterator[TrainingRow]:
    match form:
        case DatasetType.preference:
            yield _row(decided, right, rejected=wrong)
        case DatasetType.unpaired_preference:
            yield _row(decided, right, label=True)
            if wrong is not None:
                yield _row(decided, wrong, label=False)
        case _:
            yield _row(decided, right)


def _row(decided: DecidedText, text: str, *, rejected: str | None = None, label: bool | None = None) -> TrainingRow:
    example = Example(
        decided.prompt_id,
        decided.sample_id,
        label=label,
        messages=decided.messages,
        completion=text,
        rejected=rejected,
        extra={"decision": decided.decision_id},
    )
    return TrainingRow(example, decided.messages, text, rejected, origin="decision")
