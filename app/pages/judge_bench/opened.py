"""The texts on which a judge of a bench disagrees, as texts of the page."""

from app.widgets.sample_card import cut
from app.widgets.sample_card import score as score_of
from backend.services.judge_bench.disagreements import Against, Disagreement, Disagreements, Reply
from backend.values import JSON, Verdict

EXCERPT = 120
NONE = "no verdict"


def shown(found: Disagreements) -> JSON:
    """All that is opened, the wrong accepts first."""
    who = "people" if found.against is Against.people else "the judge before"
    said = f"{found.total:,} texts" if found.total != 1 else "1 text"
    if found.total > len(found.items):
        said += f"; the first {len(found.items):,} are shown"
    return {
        "title": f"{found.title} against {who}",
        "said": f"{said}." if found.total else "They agree on every text that both gave a verdict for.",
        "items": [_item(one, who) for one in found.items],
    }


def _item(one: Disagreement, who: str) -> JSON:
    excerpt = " ".join(one.text.split())
    return {
        "id": one.sample_id,
        "target": f"samples?round={one.round_id}&sample={one.sample_id}",
        "kind": f"{_word(one.verdict)}, {who}: {_word(one.other)}",
        "badge": "" if one.verdict is None else "bad" if one.verdict is Verdict.accept else "warn",
        "excerpt": excerpt if len(excerpt) <= EXCERPT else f"{excerpt[:EXCERPT]}…",
        "messages": [{"role": str(m["role"]), "content": cut(str(m["content"]))} for m in one.messages],
        "answer": one.answer or "",
        "text": cut(one.text) or "(empty)",
        "lines": _lines(one),
        "replies": [_reply(reply) for reply in one.replies],
    }


def _lines(one: Disagreement) -> list[JSON]:
    people = _word(one.people) if one.people is not None else "no label that counts"
    if one.person_score is not None:
        people += f", score {score_of(one.person_score)}"
    lines = [("People", f"{people}{' (known label)' if one.is_gold else ''}")]
    lines += [("The judge before", _word(one.before))] if one.before is not None else []
    lines.append(("This judge", f"{_word(one.verdict)}, score {score_of(one.score)}"))
    return [{"name": name, "value": value} for name, value in lines]


def _reply(one: Reply) -> JSON:
    if one.failure is not None:
        return {"title": f"Reply {one.position + 1}", "rationale": f"There is none: {one.failure}", "raw": ""}
    said = f"Reply {one.position + 1}: {_word(one.verdict)}, score {score_of(one.score)}"
    return {"title": said, "rationale": cut(one.rationale) or "(no words)", "raw": cut(one.raw)}


def _word(verdict: Verdict | None) -> str:
    return NONE if verdict is None else f"{verdict}"
