"""A policy that gives one answer everywhere."""

from collections import Counter

from pydantic import Field

from backend import answers
from backend.answers import Known
from backend.metrics._intervals import wilson
from backend.translations import N_
from backend.values import Group
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some


class VoteCollapse(WarningRule):
    """Share of the prompts whose vote goes to the most frequent answer, less the share that has the most frequent
    known answer.

    A vote goes to the final answer that more of a prompt's texts give than any other; a tie has no winner. Where many
    prompts have the same right answer, the same vote is right to many. Only texts that answer prompts count.
    """

    code = "W15"
    title = N_("Vote collapse")
    source = "Can Large Reasoning Models Self-Train?, arXiv 2505.21444; SeRL, arXiv 2505.20347"
    measures = N_("share of prompts with one and the same answer, beyond what their known answers have in common")
    counts = N_("prompts with a known answer")
    way = "Give prompts known answers."
    advice = N_(
        "Go no further: start from an earlier round, and judge by known answers or another judge instead of votes."
    )
    ends = (-1.0, 1.0)

    limit: float = Field(0.05, ge=0, le=1, description="red where the whole interval lies above it")
    stops: bool = Field(True, description="rounds that follow by themselves stop while it is red")

    def compute(self, evidence: WarningEvidence) -> Finding:
        groups = [answer for answer in evidence.answers if answer.samples and answer.prompt.answer is not None]
        prompts = dict[int, list[Group]]()
        for group in groups:
            prompts.setdefault(group.prompt.id, []).append(group)
        n = len(prompts)
        if not n:
            return Finding()
        known = {id_: Known.of(of[0].prompt.answer or "") for id_, of in prompts.items()}
        won = {id_: vote for id_, of in prompts.items() if (vote := _vote(of, known[id_])) is not None}
        if not won:
            return Finding(n=n, missing="No prompt has an answer that more of its texts give than any other.")
        answer, number = Counter(won.values()).most_common(1)[0]
        usual = Counter(answers.normalise(answer.answer) for answer in known.values()).most_common(1)[0][1] / n
        low, high = wilson(number, n)
        ids = (prompts[id_][0].samples[0].id for id_, vote in won.items() if vote == answer)
        return Finding(number / n - usual, low - usual, high - usual, n, sample_ids=some(ids) if number > 1 else ())


def _vote(groups: list[Group], known: Known) -> str | None:
    """The answer that more of a prompt's texts give than any other; None where none does."""
    replies = [answers.find(sample.full_text, known) for group in groups for sample in group.samples]
    votes = Counter(answers.normalise(reply.answer) for reply in replies if reply is not None).most_common(2)
    is_tied = len(votes) == 2 and votes[0][1] == votes[1][1]
    return votes[0][0] if votes and not is_tied else None
