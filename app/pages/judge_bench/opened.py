"""The texts on which a judge of a bench disagrees, as texts of the page."""

from app.widgets.sample_card import cut
from app.widgets.sample_facts import score as score_of
from app.widgets.value_words import word
from backend.services.judge_bench.disagreements import Against, BenchReply, Disagreement, Disagreements
from backend.translations import gettext, ngettext
from backend.values import JSON, Verdict

EXCERPT = 120


def shown(disagreements: Disagreements) -> JSON:
    """All that is opened, the wrong accepts first."""
    is_people = disagreements.against is Against.people
    title = gettext("{judge} against people") if is_people else gettext("{judge} against the judge before")
    number, shown_now = f"{disagreements.total:,}", f"{len(disagreements.items):,}"
    text = ngettext("1 text.", "{number} texts.", disagreements.total)
    if disagreements.total > len(disagreements.items):
        text = gettext("{number} texts; the first {shown} are shown.")
    if not disagreements.total:
        text = gettext("They agree on every text that both gave a verdict for.")
    return {
        "title": title.format(judge=disagreements.title),
        "said": text.format(number=number, shown=shown_now),
        "items": [_item(item, is_people=is_people) for item in disagreements.items],
    }


def _item(disagreement: Disagreement, *, is_people: bool) -> JSON:
    kind = gettext("{verdict}, people: {other}") if is_people else gettext("{verdict}, the judge before: {other}")
    excerpt = " ".join(disagreement.text.split())
    return {
        "id": disagreement.sample_id,
        "target": f"samples?round={disagreement.round_id}&sample={disagreement.sample_id}",
        "kind": kind.format(verdict=_word(disagreement.verdict), other=_word(disagreement.other)),
        "badge": "" if disagreement.verdict is None else "bad" if disagreement.verdict is Verdict.accept else "warn",
        "excerpt": excerpt if len(excerpt) <= EXCERPT else f"{excerpt[:EXCERPT]}…",
        "messages": [{"role": str(m["role"]), "content": cut(str(m["content"]))} for m in disagreement.messages],
        "answer": disagreement.answer or "",
        "text": cut(disagreement.text) or gettext("(empty)"),
        "lines": _lines(disagreement),
        "replies": [_reply(reply) for reply in disagreement.replies],
    }


def _lines(disagreement: Disagreement) -> list[JSON]:
    people = _word(disagreement.people) if disagreement.people is not None else gettext("no label that counts")
    if disagreement.person_score is not None:
        people = _with_score(people, disagreement.person_score)
    if disagreement.is_gold:
        people = gettext("{label} (known label)").format(label=people)
    lines = [(gettext("People"), people)]
    if disagreement.before is not None:
        lines.append((gettext("The judge before"), _word(disagreement.before)))
    lines.append((gettext("This judge"), _with_score(_word(disagreement.verdict), disagreement.score)))
    return [{"name": name, "value": value} for name, value in lines]


def _with_score(verdict: str, score: float | None) -> str:
    return gettext("{verdict}, score {score}").format(verdict=verdict, score=score_of(score))


def _reply(reply: BenchReply) -> JSON:
    number = reply.position + 1
    if reply.failure is not None:
        title = gettext("Reply {number}").format(number=number)
        return {"title": title, "rationale": gettext("There is none: {why}").format(why=reply.failure), "raw": ""}
    title = gettext("Reply {number}: {verdict}").format(
        number=number, verdict=_with_score(_word(reply.verdict), reply.score)
    )
    return {"title": title, "rationale": cut(reply.rationale) or gettext("(no words)"), "raw": cut(reply.raw)}


def _word(verdict: Verdict | None) -> str:
    return word(verdict) or gettext("no verdict")
