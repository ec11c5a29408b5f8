"""The texts on which a judge of a bench disagrees, as texts of the page."""

from app.widgets.sample_card import cut
from app.widgets.sample_facts import score as score_of
from backend.services.judge_bench.disagreements import Against, BenchReply, Disagreement, Disagreements
from backend.values import JSON, Verdict

EXCERPT = 120
NONE = "no verdict"


def shown(disagreements: Disagreements) -> JSON:
    """All that is opened, the wrong accepts first."""
    who = "people" if disagreements.against is Against.people else "the judge before"
    count = f"{disagreements.total:,} texts" if disagreements.total != 1 else "1 text"
    if disagreements.total > len(disagreements.items):
        count += f"; the first {len(disagreements.items):,} are shown"
    return {
        "title": f"{disagreements.title} against {who}",
        "said": f"{count}." if disagreements.total else "They agree on every text that both gave a verdict for.",
        "items": [_item(item, who) for item in disagreements.items],
    }


def _item(disagreement: Disagreement, who: str) -> JSON:
    excerpt = " ".join(disagreement.text.split())
    return {
        "id": disagreement.sample_id,
        "target": f"samples?round={disagreement.round_id}&sample={disagreement.sample_id}",
        "kind": f"{_word(disagreement.verdict)}, {who}: {_word(disagreement.other)}",
        "badge": "" if disagreement.verdict is None else "bad" if disagreement.verdict is Verdict.accept else "warn",
        "excerpt": excerpt if len(excerpt) <= EXCERPT else f"{excerpt[:EXCERPT]}…",
        "messages": [{"role": str(m["role"]), "content": cut(str(m["content"]))} for m in disagreement.messages],
        "answer": disagreement.answer or "",
        "text": cut(disagreement.text) or "(empty)",
        "lines": _lines(disagreement),
        "replies": [_reply(reply) for reply in disagreement.replies],
    }


def _lines(disagreement: Disagreement) -> list[JSON]:
    people = _word(disagreement.people) if disagreement.people is not None else "no label that counts"
    if disagreement.person_score is not None:
        people += f", score {score_of(disagreement.person_score)}"
    lines = [("People", f"{people}{' (known label)' if disagreement.is_gold else ''}")]
    lines += [("The judge before", _word(disagreement.before))] if disagreement.before is not None else []
    lines.append(("This judge", f"{_word(disagreement.verdict)}, score {score_of(disagreement.score)}"))
    return [{"name": name, "value": value} for name, value in lines]


def _reply(reply: BenchReply) -> JSON:
    if reply.failure is not None:
        return {"title": f"Reply {reply.position + 1}", "rationale": f"There is none: {reply.failure}", "raw": ""}
    title = f"Reply {reply.position + 1}: {_word(reply.verdict)}, score {score_of(reply.score)}"
    return {"title": title, "rationale": cut(reply.rationale) or "(no words)", "raw": cut(reply.raw)}


def _word(verdict: Verdict | None) -> str:
    return NONE if verdict is None else f"{verdict}"
