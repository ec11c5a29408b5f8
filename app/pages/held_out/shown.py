"""What the table and the chosen prompt show: plain values for templates that escape them."""

from typing import Any

from app.pages.held_out import address
from backend.services.held_out.answers import Full, HeldOutPrompt, JudgeWords
from backend.services.held_out.filtering import ShownPrompts
from backend.services.held_out.listing import COUNTED, AnsweredPrompt, HeldOutAnswer, HeldOutPage
from backend.services.held_out.measured import Measurement
from backend.values import JSON

LONGEST = 50_000
"""The page shows so many characters of a text."""
ONE_LINE = 120
SAID = {True: ("right", "ok"), False: ("wrong", "bad"), None: ("unknown", "")}
NOT_ASKED = ("not asked", "")
ROLES = {"same": ("none", ""), "out": ("deletion", "out"), "in": ("insertion", "in")}
NOTHING = {
    ShownPrompts.all: "No prompt passes these filters.",
    ShownPrompts.newly_wrong: "Nothing that was right before is wrong now.",
    ShownPrompts.newly_right: "Nothing that was wrong before is right now.",
    ShownPrompts.never_right: "Each prompt is answered right by one of them, or it is not known.",
}
NO_ANSWERS: JSON = {
    "message": "No checkpoint of this project has held-out answers yet.",
    "way_out": "A round measures its checkpoints where it has a held-out prompt set and a metric of held-out answers.",
    "target": "new-round",
    "link": "Launch a round with a held-out set",
}


def table(page: HeldOutPage, query: JSON) -> JSON:
    """The list, or why it is empty."""
    if not page.rows:
        show = ShownPrompts(query.get("show") or "all")
        return {"message": NOTHING[show] if not page.is_partial else "Nothing so far; Next goes on.", "is_none": True}
    return {
        "columns": [
            {
                "id": str(checkpoint.checkpoint_id),
                "name": checkpoint.checkpoint,
                "round": f"in round {checkpoint.round_number}",
            }
            for checkpoint in page.checkpoints
        ],
        "rows": [_row(row, query) for row in page.rows],
    }


def _row(row: AnsweredPrompt, query: JSON) -> JSON:
    return {
        "id": str(row.prompt_id),
        "is_here": row.prompt_id == query.get("prompt"),
        "text": one_line(row.text) or "(empty)",
        "answers": [_answer(answer) for answer in row.answers],
    }


def _answer(answer: HeldOutAnswer | None) -> JSON:
    word, badge = NOT_ASKED if answer is None else SAID[answer.is_right]
    return {"said": word, "badge": badge, "text": "" if answer is None else one_line(answer.text)}


def one_line(text: str) -> str:
    """The beginning of a text without line breaks."""
    line = " ".join(text.split())
    return line if len(line) <= ONE_LINE else f"{line[:ONE_LINE]}…"


def counted(page: HeldOutPage, query: JSON) -> str:
    """How many prompts pass, on how many both are known, and what a checkpoint's measurement does not say."""
    words = []
    if page.count is not None:
        over = page.count > COUNTED
        words.append(f"{min(page.count, COUNTED):,}{'+' if over else ''} prompt{'' if page.count == 1 else 's'}")
    if page.is_partial:
        words.append("a part of the texts was looked through so far; Next goes on")
    if len(page.checkpoints) > 1:
        words.append(f"{page.common:,} of {page.asked:,} known for both")
    unsaid = [
        measurement.checkpoint
        for measurement, is_told in zip(page.checkpoints, page.is_told, strict=True)
        if not is_told
    ]
    if unsaid:
        words.append(f"it is not kept which answers of {', '.join(unsaid)} are right: measure it again in a round")
    return " · ".join(words)


def detail(prompt: HeldOutPrompt) -> JSON:
    """The chosen prompt with all answers."""
    names = [name(answer.measurement) for answer in prompt.answers]
    return {
        "id": str(prompt.id),
        "notes": ", ".join(
            f"{key} {value}" for key, value in prompt.notes.items() if not isinstance(value, dict | list)
        ),
        "messages": [{"role": m["role"], "content": cut(str(m["content"]))} for m in prompt.messages],
        "answer": prompt.answer or "",
        "answers": [_full(answer) for answer in prompt.answers],
        "from": f"From {names[0]} to {names[-1]}, word by word",
        "changes": [
            {"text": change.text, "role": ROLES[change.kind][0], "style": ROLES[change.kind][1]}
            for change in prompt.changes
        ],
    }


def name(measurement: Measurement) -> str:
    return measurement.checkpoint


def _full(full: Full) -> JSON:
    rightness, badge = SAID[full.is_right] if full.was_asked or full.is_right is not None else NOT_ASKED
    return {
        "name": name(full.measurement),
        "checkpoint": str(full.measurement.checkpoint_id),
        "said": f"{rightness}, says {full.verifier}" if full.verifier and full.is_right is not None else rightness,
        "badge": badge,
        "facts": _facts(full),
        "is_there": full.text is not None,
        "text": cut(full.text or "") or "(empty)",
        "reasoning": cut(full.reasoning),
        "words": [_word(word) for word in full.words],
    }


def _facts(full: Full) -> str:
    place = f"measured in round {full.measurement.round_number}"
    if full.text is None:
        return f"{place}, {'no answer came' if full.was_asked else 'it was not asked this prompt there'}"
    parts = [place, f"{full.num_tokens:,} tokens", f"finish {full.finish_reason}"]
    return ", ".join(parts + ([f"{full.others} more drawn"] if full.others else []))


def _word(word: JudgeWords) -> JSON:
    score = "" if word.score is None else f" {word.score:.3g},"
    return {
        "title": f"{word.judge}:{score} {word.verdict or 'no verdict'}",
        "rationale": cut(word.rationale) or "(no words)",
    }


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} characters)"


def choices(known: list[Measurement]) -> list[tuple[str, Any]]:
    """Checkpoints to choose, the newest first, with the round that made each."""
    return [
        (
            f"{checkpoint.checkpoint}, round {checkpoint.round_number}" if checkpoint.is_own else checkpoint.checkpoint,
            checkpoint.checkpoint_id,
        )
        for checkpoint in known
    ]


def category_choices(categories: list[tuple[str, Any]], query: JSON) -> list[tuple[str, str]]:
    """Categories to choose; one that the address asks for stays, also where the first prompts do not have it."""
    listed = [(f"{key}: {value}", address.category_text(key, value)) for key, value in categories]
    wanted = query.get("category") or ""
    others = [] if not wanted or wanted in [value for _, value in listed] else [(wanted[:80], wanted)]
    return [("All", ""), *listed, *others]
