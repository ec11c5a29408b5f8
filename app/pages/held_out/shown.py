"""What the table and the chosen prompt show: plain values for templates that escape them."""

from typing import Any

from app.pages.held_out import address
from app.widgets import value_words
from backend.services.held_out.answers import Full, HeldOutPrompt, JudgeWords
from backend.services.held_out.filtering import ShownPrompts
from backend.services.held_out.listing import COUNTED, AnsweredPrompt, HeldOutAnswer, HeldOutPage
from backend.services.held_out.measured import Measurement
from backend.translations import N_, gettext, ngettext
from backend.values import JSON

LONGEST = 50_000
"""The page shows so many characters of a text."""
ONE_LINE = 120
SAID = {True: (N_("right"), "ok"), False: (N_("wrong"), "bad"), None: (N_("unknown"), "")}
NOT_ASKED = (N_("not asked"), "")
ROLES = {"same": ("none", ""), "out": ("deletion", "out"), "in": ("insertion", "in")}
NOTHING = {
    ShownPrompts.all: N_("No prompt passes these filters."),
    ShownPrompts.newly_wrong: N_("Nothing that was right before is wrong now."),
    ShownPrompts.newly_right: N_("Nothing that was wrong before is right now."),
    ShownPrompts.never_right: N_("Each prompt is answered right by one of them, or it is not known."),
}
NO_ANSWERS: JSON = {
    "message": N_("No checkpoint of this project has held-out answers yet."),
    "way_out": N_(
        "A round measures its checkpoints where it has a held-out prompt set and a metric of held-out answers."
    ),
    "target": "new-round",
    "link": N_("Launch a round with a held-out set"),
}


def no_answers() -> JSON:
    """Why there is nothing to show before anything was measured, and the way out."""
    return {name: gettext(text) for name, text in NO_ANSWERS.items()}


def table(page: HeldOutPage, query: JSON) -> JSON:
    """The list, or why it is empty."""
    if not page.rows:
        show = ShownPrompts(query.get("show") or "all")
        message = gettext("Nothing so far; Next goes on.") if page.is_partial else gettext(NOTHING[show])
        return {"message": message, "is_none": True}
    return {
        "columns": [
            {
                "id": str(checkpoint.checkpoint_id),
                "name": checkpoint.checkpoint,
                "round": gettext("in round {number}").format(number=checkpoint.round_number),
            }
            for checkpoint in page.checkpoints
        ],
        "rows": [_row(row, query) for row in page.rows],
    }


def _row(row: AnsweredPrompt, query: JSON) -> JSON:
    return {
        "id": str(row.prompt_id),
        "is_here": row.prompt_id == query.get("prompt"),
        "text": one_line(row.text) or gettext("(empty)"),
        "answers": [_answer(answer) for answer in row.answers],
    }


def _answer(answer: HeldOutAnswer | None) -> JSON:
    word, badge = NOT_ASKED if answer is None else SAID[answer.is_right]
    return {"said": gettext(word), "badge": badge, "text": "" if answer is None else one_line(answer.text)}


def one_line(text: str) -> str:
    """The beginning of a text without line breaks."""
    line = " ".join(text.split())
    return line if len(line) <= ONE_LINE else f"{line[:ONE_LINE]}…"


def counted(page: HeldOutPage, query: JSON) -> str:
    """How many prompts pass, on how many both are known, and what a checkpoint's measurement does not say."""
    words = []
    if page.count is not None:
        number = f"{min(page.count, COUNTED):,}{'+' if page.count > COUNTED else ''}"
        words.append(ngettext("{number} prompt", "{number} prompts", page.count).format(number=number))
    if page.is_partial:
        words.append(gettext("a part of the texts was looked through so far; Next goes on"))
    if len(page.checkpoints) > 1:
        common = gettext("{number} of {whole} known for both")
        words.append(common.format(number=f"{page.common:,}", whole=f"{page.asked:,}"))
    unsaid = [
        measurement.checkpoint
        for measurement, is_told in zip(page.checkpoints, page.is_told, strict=True)
        if not is_told
    ]
    if unsaid:
        untold = gettext("it is not kept which answers of {names} are right: measure it again in a round")
        words.append(untold.format(names=", ".join(unsaid)))
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
        "from": gettext("From {first} to {last}, word by word").format(first=names[0], last=names[-1]),
        "changes": [
            {"text": change.text, "role": ROLES[change.kind][0], "style": ROLES[change.kind][1]}
            for change in prompt.changes
        ],
    }


def name(measurement: Measurement) -> str:
    return measurement.checkpoint


def _full(full: Full) -> JSON:
    rightness, badge = SAID[full.is_right] if full.was_asked or full.is_right is not None else NOT_ASKED
    words = gettext(rightness)
    if full.verifier and full.is_right is not None:
        words = gettext("{rightness}, says {verifier}").format(rightness=words, verifier=full.verifier)
    return {
        "name": name(full.measurement),
        "checkpoint": str(full.measurement.checkpoint_id),
        "said": words,
        "badge": badge,
        "facts": _facts(full),
        "is_there": full.text is not None,
        "text": cut(full.text or "") or gettext("(empty)"),
        "reasoning": cut(full.reasoning),
        "words": [_word(word) for word in full.words],
    }


def _facts(full: Full) -> str:
    place = gettext("measured in round {number}").format(number=full.measurement.round_number)
    if full.text is None:
        none = gettext("no answer came") if full.was_asked else gettext("it was not asked this prompt there")
        return f"{place}, {none}"
    tokens = ngettext("{number} token", "{number} tokens", full.num_tokens).format(number=f"{full.num_tokens:,}")
    parts = [place, tokens, gettext("finish {reason}").format(reason=full.finish_reason)]
    others = gettext("{number} more drawn").format(number=full.others)
    return ", ".join(parts + ([others] if full.others else []))


def _word(word: JudgeWords) -> JSON:
    score = "" if word.score is None else f" {word.score:.3g},"
    verdict = value_words.word(word.verdict) or gettext("no verdict")
    return {
        "title": f"{word.judge}:{score} {verdict}",
        "rationale": cut(word.rationale) or gettext("(no words)"),
    }


def cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return gettext("{text} … ({number} characters)").format(text=text[:LONGEST], number=f"{len(text):,}")


def choices(known: list[Measurement]) -> list[tuple[str, Any]]:
    """Checkpoints to choose, the newest first, with the round that made each."""
    of_round = gettext("{name}, round {number}")
    return [
        (
            of_round.format(name=checkpoint.checkpoint, number=checkpoint.round_number)
            if checkpoint.is_own
            else checkpoint.checkpoint,
            checkpoint.checkpoint_id,
        )
        for checkpoint in known
    ]


def category_choices(categories: list[tuple[str, Any]], query: JSON) -> list[tuple[str, str]]:
    """Categories to choose; one that the address asks for stays, also where the first prompts do not have it."""
    listed = [(f"{key}: {value}", address.category_text(key, value)) for key, value in categories]
    wanted = query.get("category") or ""
    others = [] if not wanted or wanted in [value for _, value in listed] else [(wanted[:80], wanted)]
    return [(gettext("All"), ""), *listed, *others]
