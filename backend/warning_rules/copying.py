"""Texts that repeat what a training read."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import Field

from backend.overlap import runs
from backend.sameness import normal
from backend.translations import N_
from backend.values import Sample
from backend.warning_rules import Finding, TrainedText, WarningEvidence, WarningRule, share

Runs = dict[int, int | None]
"""Runs of rows that stand in a text -> the prompt of the rows; None where rows of several prompts hold it."""

MOST_TEXTS, MOST_ROWS, MOST_WORDS = 20_000, 100_000, 5_000_000


class Copying(WarningRule):
    """Share of the round's texts that share a run of words with a row that the policy was trained on before.

    Rows of the same prompt do not count: a policy that was trained on an answer is to give it again. Words are those
    between blanks, without case. Rows of rounds above are looked at, and seed rows that they mixed in. Of more than
    `MOST_TEXTS` texts, or of those with more than `MOST_WORDS` words, an even draw is looked at; of more than
    `MOST_ROWS` rows, or of those with more than `MOST_WORDS` words, those of the nearest rounds.
    """

    code = "W32"
    title = N_("Copying")
    source = "Understanding and Mitigating Copying in Diffusion Models; Data-Copying in Generative Models"
    measures = N_("share of texts that repeat a long run of words of another prompt's training row")
    counts = N_("texts of that many words or more")
    way = "It takes long texts, and a round above whose training read rows."
    advice = N_("Train fewer epochs, or on more rows.")
    ends = (0.0, 1.0)

    limit: float = Field(0.01, ge=0, le=1, description="red where the whole interval lies above it")
    run: int = Field(50, ge=8, le=1000, description="words in a row that make a copy")

    def compute(self, evidence: WarningEvidence) -> Finding:
        import numpy

        samples = [sample for group in evidence.round.round_groups for sample in group.samples]
        texts = [(sample, words) for sample in samples if len(words := normal(sample.full_text).split()) >= self.run]
        if not texts:
            return Finding()
        step = max(-(-len(texts) // MOST_TEXTS), -(-sum(len(words) for _, words in texts) // MOST_WORDS))
        looked = [(text, runs(words, self.run)) for text, words in texts[::step]]
        notes = [f"An even draw of {len(looked):,} of {len(texts):,} texts is looked at."] if step > 1 else []
        wanted = numpy.unique(numpy.concatenate([here for _, here in looked]))
        held, rows, is_cut = self._held(evidence.learned(), wanted)
        if not rows:
            return Finding(n=len(looked), missing="No round above trained, so there is nothing to copy from.")
        notes += [f"Only the nearest {rows:,} training rows are looked at."] if is_cut else []
        copies = [text.id for text, here in looked if _is_copy(text, here, held)]
        return replace(share(len(copies), len(looked), copies), note=" ".join(notes))

    def _held(self, learned: Iterable[TrainedText], wanted: Any) -> tuple[Runs, int, bool]:
        """Those of the wanted runs that rows hold, how many rows were read, and whether there are more of them."""
        held, rows, words = Runs(), 0, 0
        for row in learned:
            if rows == MOST_ROWS or words > MOST_WORDS:
                return held, rows, True
            row_words = normal(row.text).split()
            rows, words = rows + 1, words + len(row_words)
            here = runs(row_words, self.run)
            if not len(here):
                continue
            at = wanted.searchsorted(here).clip(max=len(wanted) - 1)
            for run in here[wanted[at] == here].tolist():
                held[run] = row.prompt_id if held.get(run, row.prompt_id) == row.prompt_id else None
        return held, rows, False


def _is_copy(text: Sample, here: Any, held: Runs) -> bool:
    return any(run in held and held[run] != text.prompt_id for run in here.tolist())
