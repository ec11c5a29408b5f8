"""One sample as the Samples page shows it: plain values for a template that escapes them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from app.widgets.round_opening_texts import IN_TRASH
from app.widgets.sample_answers import by_whom, in_words
from app.widgets.sample_facts import CORRECT, facts, score, source_word, speaker, title
from app.widgets.sample_filters import to_address
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.services.decisions import Decision
from backend.services.samples.answers import JUDGE
from backend.services.samples.chain import Chain
from backend.services.samples.detail import JudgmentView, SampleDetail, TrainingUse
from backend.services.samples.found import ShownSearch, TextPiece
from backend.services.samples.rows import SampleRow
from backend.translations import N_, gettext
from backend.values import JSON, DecisionKind, SampleKind, Verdict

DECIDED = (N_("bulk"), N_("blind"), N_("judge shown"))
"""How a decision was made."""
BADGES = {Verdict.accept: "ok", Verdict.reject: "bad", None: ""}
WORDS = {
    DecisionKind.accept: N_("Accepted by"),
    DecisionKind.reject: N_("Rejected by"),
    DecisionKind.score: N_("Scored by"),
    DecisionKind.edit: N_("Edited by"),
    DecisionKind.flag: N_("Flagged by"),
    DecisionKind.skip: N_("Skipped by"),
    DecisionKind.retract: N_("Taken back by"),
    DecisionKind.prefer: N_("Compared with its group by"),
    DecisionKind.rank: N_("Ranked with its group by"),
    DecisionKind.note: N_("Noted by"),
}
ANSWER = "answer: "
"""Before the key of a question, as the name of its column."""
SIMILARITY = "similarity to "
"""Before the number of a sample, as the name of a column."""
HIDDEN = N_("hidden until you decide")
HIDDEN_CHAIN = N_("Where the text came from and what was said of it is hidden until the review is over.")
MORE_QUESTIONS = N_("There are more of them; the list of samples, by step, has all.")
OTHERS_LATER = N_("What colleagues decide is shown after your own decision.")
LONGEST_COMPARED = 8_000
"""Two texts of more characters together are shown one below the other: comparing them would keep the page waiting."""
LONGEST = 50_000
"""A page shows so many characters of a text; the review desk and exports have it whole."""


def table_row(row: SampleRow, steps: Mapping[int, str], keys: Sequence[str] = ()) -> list[str]:
    """A sample in the table; texts only. `steps`: their names, where a round has several that make texts. `keys`: the
    metadata that are columns."""
    return [
        str(row.id),
        score(row.score),
        word(row.verdict) or "–",
        gettext(CORRECT[row.is_correct]),
        *(one_line(in_words(cell(row, key))) if key.startswith(ANSWER) else noted(cell(row, key)) for key in keys),
        joined(row.excerpt) or one_line(row.text),
        joined(row.prompt_excerpt) or one_line(row.prompt),
        source_word(row.source),
        ", ".join([*step_of(row, steps), *marks(row)]),
        f"{row.num_tokens:,}",
        row.finish_reason,
        score(row.spread),
    ]


def cell(row: SampleRow, key: str) -> object:
    """What a column of metadata, of answers to a question, or of similarity holds."""
    if key.startswith(ANSWER):
        return row.answers.get(key.removeprefix(ANSWER))
    if key.startswith(SIMILARITY):
        return None if row.similarity is None else f"{row.similarity:.3f}"
    return row.metadata.get(key)


def answer_keys(keys: Iterable[str]) -> list[str]:
    """The columns of questions: what people answered, then what the judge did."""
    of_people = [f"{ANSWER}{key}" for key in keys]
    return [*of_people, *(f"{ANSWER}{JUDGE}{column.removeprefix(ANSWER)}" for column in of_people)]


def joined(pieces: Sequence[TextPiece]) -> str:
    return "".join(piece.text for piece in pieces)


def places(pieces: Sequence[TextPiece]) -> list[list[int]]:
    """Where in the joined text a search found something, as a browser counts characters."""
    at, spans = 0, []
    for piece in pieces:
        length = len(piece.text.encode("utf-16-le", "surrogatepass")) // 2
        spans += [[at, at + length]] if piece.is_found else []
        at += length
    return spans


def found_in(rows: Sequence[SampleRow]) -> dict[str, list[list[int]]]:
    """What the search found in the cells of a table, by their texts."""
    return {joined(pieces): places(pieces) for row in rows for pieces in (row.excerpt, row.prompt_excerpt) if pieces}


def marked(text: str, sought: ShownSearch | None) -> list[JSON]:
    """The text in pieces, for a template that marks what was found."""
    shown = cut(text)
    pieces = sought.pieces(shown) if sought else (TextPiece(shown),)
    return [{"text": piece.text, "is_found": piece.is_found} for piece in pieces]


def noted(value: object) -> str:
    """A value of a prompt's metadata in a cell."""
    text = "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return one_line(text)


def step_of(row: SampleRow, steps: Mapping[int, str]) -> list[str]:
    return [steps[row.step]] if row.step in steps else []


def one_line(text: str) -> str:
    """The beginning of a text without line breaks."""
    return " ".join(text.split())[:120]


def marks(row: SampleRow) -> list[str]:
    """What is unusual about a sample, in words."""
    flags = {gettext("human disagrees"): row.is_overridden, gettext("unparsed"): row.is_unparsed}
    flags |= {gettext("flagged"): row.is_flagged, gettext("truncated"): row.finish_reason == "length"}
    flags |= {row.kind: row.kind != SampleKind.completion}
    flags |= {gettext(HIDDEN): row.is_hidden, gettext("has near-duplicates"): row.near_duplicate_of == row.id}
    alike = gettext("near-duplicate of {number}").format(number=row.near_duplicate_of)
    flags |= {alike: row.near_duplicate_of not in (None, row.id)}
    return [*(name for name, is_so in flags.items() if is_so), *(f"#{tag}" for tag in row.tags)]


def card(
    detail: SampleDetail, query: JSON, searches: JSON | None = None, titles: Mapping[str, str] | None = None
) -> JSON:
    """The chosen sample; `query` is where the links to its siblings go back to, `searches` has what is searched for in
    texts and prompts, `titles` those of the project's questions by their keys."""
    row = detail.label
    text, prompt = (ShownSearch.of((searches or {}).get(name, "")) for name in ("text", "prompt"))
    return {
        "id": str(row.id),
        "verdict": word(row.verdict) or gettext("no verdict"),
        "badge": BADGES[row.verdict],
        "marks": marks(row) + ([gettext("contains something like a score")] if detail.score_like else []),
        "facts": facts(detail),
        "asked": gettext("What was asked") if detail.is_question else gettext("Prompt"),
        "messages": [{"role": m["role"], "pieces": marked(m["content"], prompt)} for m in detail.messages],
        "few_shot": [{"role": m["role"], "content": cut(m["content"])} for m in detail.few_shot_chat],
        "unhinted": cut(str(detail.prompt[-1]["content"])) if detail.is_hinted and detail.prompt else "",
        "answer": detail.answer,
        "answers": by_whom(row.answers, titles or {}),
        "notes": ", ".join(f"{key} {noted(value)}" for key, value in row.metadata.items()),
        "title": title(detail),
        "turns": [{"who": speaker(m["role"]), "content": cut(m["content"])} for m in detail.turns[:-1]],
        "pieces": marked(detail.text, text),
        "reasoning": cut(detail.reasoning or ""),
        "original": cut(detail.original or ""),
        "changes": changes(detail.original, detail.text) if detail.original is not None else [],
        "unjudged": gettext("The judge's view is hidden until you decide.")
        if row.is_hidden
        else gettext("No judge has seen it."),
        "judgments": [judgment(view, is_first=n == 0) for n, view in enumerate(detail.judgments)],
        "history": [decision(entry) for entry in detail.history],
        "undecided": gettext(OTHERS_LATER) if detail.hides_others else gettext("Nobody has decided on it."),
        "siblings": gettext("The other answers to this question")
        if detail.is_question
        else gettext("The other samples of this prompt"),
        "group": [linked(member, query, detail.chain.names) for member in detail.group],
        **chain(detail.chain, query),
        "trained": [trained(entry) for entry in detail.trained],
    }


def changes(before: str, after: str) -> list[JSON]:
    """The two texts as one, word by word: what was taken out, what was put in. Nothing where they are long."""
    if len(before) + len(after) > LONGEST_COMPARED:
        return []
    old, new = (re.findall(r"(?:\w+|[^\w\s])\s*|\s+", text) for text in (before, after))
    return list(_changes(old, new))


def _changes(old: list[str], new: list[str]) -> Iterator[JSON]:
    for _, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[i:j]), "".join(new[k:m])
        if gone == come:
            yield {"text": gone, "role": "none", "style": ""}
            continue
        yield from [{"text": gone, "role": "deletion", "style": "out"}] if gone else []
        yield from [{"text": come, "role": "insertion", "style": "in"}] if come else []


def judgment(view: JudgmentView, *, is_first: bool) -> JSON:
    verdict = word(view.verdict) or gettext("no verdict")
    return {
        "title": gettext("{judge}, vote {number}: {score}, {verdict}").format(
            judge=view.judge, number=view.position + 1, score=score(view.score), verdict=verdict
        ),
        "rationale": cut(view.rationale) or gettext("(no words)"),
        "raw": cut(view.raw),
        "reasoning": cut(view.reasoning or ""),
        "template": view.template_hash[:8] or gettext("none"),
        "open": is_first,
    }


def decision(row: Decision) -> JSON:
    parts = [row.words] if row.words else []
    how = "bulk" if row.is_bulk else "blind" if row.is_blind else "judge shown"
    parts += [moment(row.at), gettext(how)]
    parts += [gettext("score {score}").format(score=score(row.score))] if row.score is not None else []
    parts += [f"{row.seconds:.1f} s"] if row.seconds is not None else []
    parts += [gettext("differs from the judge")] if row.is_override else []
    parts += [gettext("note: {text}").format(text=row.note)] if row.note else []
    return {
        "what": gettext(WORDS.get(row.kind, str(row.kind))),
        "who": row.who,
        "facts": ", ".join(parts),
        "style": "gone" if row.is_retracted else "",
    }


def chain(chain_: Chain, query: JSON) -> JSON:
    """The texts above, and the questions about this one with their answers. `query`: where their links come back to."""
    return {
        "hidden": gettext(HIDDEN_CHAIN) if chain_.is_hidden else "",
        "above": [linked(link, query, chain_.names) for link in chain_.above],
        "questions": [
            {"asked": question.asked, "answers": [linked(row, query, chain_.names) for row in question.answers]}
            for question in chain_.questions
        ],
        "more": gettext(MORE_QUESTIONS) if chain_.has_more else "",
    }


def linked(row: SampleRow, query: JSON, steps: Mapping[int, str]) -> JSON:
    """A sample in a list of the card; its link keeps the page's filters."""
    return {
        "step": ", ".join(step_of(row, steps)),
        "id": str(row.id),
        "verdict": word(row.verdict) or gettext("no verdict"),
        "badge": BADGES[row.verdict],
        "score": score(row.score),
        "text": row.text,
        "address": to_address(query | {"sample": row.id}),
    }


def trained(row: TrainingUse) -> JSON:
    text = (
        gettext("Round {number}: {use}, made checkpoint {name}") if row.checkpoint else gettext("Round {number}: {use}")
    )
    return {
        "id": str(row.dataset_id),
        "title": text.format(number=row.round_number, use=row.use, name=row.checkpoint)
        + (gettext(IN_TRASH) if row.is_round_in_trash else ""),
    }


def cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]} … " + gettext("({number} characters)").format(number=f"{len(text):,}")
