"""What a second turn does to the first: how many wrong texts it puts right, and how many right ones it spoils."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from backend.judges.exact_match import ExactMatch
from backend.metrics import Evidence, Metric
from backend.metrics._intervals import share
from backend.metrics._verify import Computing, is_unreadable, verdicts
from backend.values import Group, MetricValue, Verdict


class CorrectionFlips(Metric):
    """Shares of chains by their first and their last text: fixed, broken, kept right, stayed wrong.

    Of Acc1 and Acc2, the shares of right first and last texts: CL = P(right | right before), CS = P(right | wrong
    before), so that Acc2 = Acc1 CL + (1 - Acc1) CS, and RSS = (Acc2 - Acc1^2) / (2 Acc1 (1 - Acc1)), which is 0.5 where
    nothing changes; undefined where Acc1 is 0 or 1 (Yang et al. 2024, arXiv 2412.19513). Wilson's intervals over the
    chains.

    A chain is a text of the last turn with the text its chain of questions began with. A text whose answer cannot be
    read is wrong; chains of which nothing is known are left out. `correction_no_edit` is the share that repeats the
    first text.
    """

    turn: str = Field(
        "",
        max_length=40,
        description="name of the step that writes the last turn; empty: the last one that answers questions about "
        "texts",
    )
    verifier: Computing = Field(default_factory=ExactMatch, description="judge that computes whether a text is right")

    @property
    def turns(self) -> tuple[str, ...]:
        return (self.turn,)

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        groups = [group for group in evidence.turns.get(self.turn, ()) if group.draft is not None]
        chains = [(first, last) for group in groups for first, last in self._chains(group)]
        same = sum(
            sample.text.strip() == group.draft.text.strip()
            for group in groups
            if group.draft is not None
            for sample in group.samples
        )
        texts = sum(len(group.samples) for group in groups)
        return [*_shares(Counter(chains)), share("correction_no_edit", same, texts)]

    def _chains(self, group: Group) -> Sequence[tuple[bool, bool]]:
        """Whether the first and the last text of each chain are right; chains that cannot be told are left out."""
        assert group.draft is not None
        (first,) = self._right(replace(group, samples=(group.draft,)))
        last = self._right(group)
        return [(first, verdict) for verdict in last if verdict is not None] if first is not None else []

    def _right(self, group: Group) -> list[bool | None]:
        (row,) = verdicts(self.verifier, [group])
        return [
            False
            if is_unreadable(self.verifier, group, verdict)
            else None
            if verdict is None
            else verdict is Verdict.accept
            for verdict in row
        ]


def _shares(chains: Counter[tuple[bool, bool]]) -> list[MetricValue]:
    """The numbers, of how many chains went from right or wrong to right or wrong."""
    kept, broken = chains[True, True], chains[True, False]
    fixed, stubborn = chains[False, True], chains[False, False]
    n, right = chains.total(), kept + broken
    shares = [
        share("correction_fixed", fixed, n),
        share("correction_broken", broken, n),
        share("correction_kept", kept, n),
        share("correction_stubborn", stubborn, n),
        share("correction_cl", kept, right),
        share("correction_cs", fixed, n - right),
    ]
    if not right or right == n:
        return [*shares, MetricValue("correction_rss", None, n=n)]
    before, after = right / n, (kept + fixed) / n
    return [*shares, MetricValue("correction_rss", (after - before**2) / (2 * before * (1 - before)), n=n)]
