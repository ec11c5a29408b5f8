"""Evidence for tests of rules: rounds of so many groups, each text with a score, a length and whether it is right."""

from collections.abc import Sequence
from typing import Any

from backend.metrics import Evidence
from backend.values import JSON, Group, Prompt, Sample, Verdict
from backend.warning_rules import PastFindings, TrainedText, WarningEvidence

Text = dict[str, Any]


def evidence(groups: Sequence[Sequence[Text]], **more: Any) -> WarningEvidence:
    """A text is {"text", "tokens", "score", "right", "accepted"}, of which all may be missing; ids go up from 1."""
    result, machine, truth, number = [], {}, {}, 0
    for place, texts in enumerate(groups, 1):
        samples = []
        for position, reply in enumerate(texts):
            number += 1
            text = reply.get("text", f"text {number}")
            samples.append(Sample(number, place, text, num_tokens=reply.get("tokens", 1), position=position))
            accepted = reply.get("accepted")
            verdict = None if accepted is None else Verdict.accept if accepted else Verdict.reject
            machine[number] = (reply.get("score"), verdict)
            if "right" in reply:
                truth[number] = reply["right"]
        result.append(Group(Prompt(place, [{"role": "user", "content": f"question {place}"}]), tuple(samples)))
    kept = more.pop("kept", frozenset())
    pairs = more.pop("pairs", ())
    return WarningEvidence(
        round=Evidence(round_groups=result, machine=machine, kept=kept, pairs=pairs), truth=truth, **more
    )


def past(name: str, *details: JSON) -> list[PastFindings]:
    """Rounds above, oldest first, of which a rule left these details."""
    return [PastFindings(number, {name: detail}) for number, detail in enumerate(details, 1)]


def rows(*texts: tuple[int, str, str]) -> Any:
    """Training rows: prompt id, question, answer."""
    return lambda: [TrainedText(id_, question, text, sample_id=n) for n, (id_, question, text) in enumerate(texts, 1)]
