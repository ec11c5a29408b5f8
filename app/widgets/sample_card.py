"""One sample as the Samples page shows it: plain values for a template that escapes them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from app.widgets.sample_answers import by_whom, in_words
from app.widgets.sample_filters import to_address
from app.widgets.times import moment
from backend.services.decisions import Decision
from backend.services.samples.answers import JUDGE
from backend.services.samples.chain import Chain
from backend.services.samples.detail import JudgmentView, SampleDetail, TrainingUse
from backend.services.samples.found import ShownSearch, TextPiece
from backend.services.samples.rows import SampleRow
from backend.values import GOES_ON, JSON, DecisionKind, LabelSource, SampleKind, Verdict
from backend.values.episodes import ASSISTANT

CORRECT = {True: "right", False: "wrong", None: "–"}
BADGES = {Verdict.accept: "ok", Verdict.reject: "bad", None: ""}
WORDS = {
    DecisionKind.accept: "Accepted by",
    DecisionKind.reject: "Rejected by",
    DecisionKind.score: "Scored by",
    DecisionKind.edit: "Edited by",
    DecisionKind.flag: "Flagged by",
    DecisionKind.skip: "Skipped by",
    DecisionKind.retract: "Taken back by",
    DecisionKind.prefer: "Compared with its group by",
    DecisionKind.rank: "Ranked with its group by",
    DecisionKind.note: "Noted by",
}
ANSWER = "answer: "
"""Before the key of a question, as the name of its column."""
SIMILARITY = "similarity to "
"""Before the number of a sample, as the name of a column."""
HIDDEN = "hidden until you decide"
HIDDEN_CHAIN = "Where the text came from and what was said of it is hidden until the review is over."
MORE_QUESTIONS = "There are more of them; the list of samples, by step, has all."
OTHERS_LATER = "What colleagues decide is shown after your own decision."
LONGEST_COMPARED = 8_000
"""Two texts of more characters together are shown one below the other: comparing them would keep the page waiting."""
LONGEST = 50_000
"""A page shows so many characters of a text; the review desk and exports have it whole."""


def score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def table_row(row: SampleRow, steps: Mapping[int, str], keys: Sequence[str] = ()) -> list[str]:
    """A sample in the table; texts only. `steps`: their names, where a round has several that make texts. `keys`: the
    metadata that are columns."""
    return [
        str(row.id),
        score(row.score),
        row.verdict or "–",
        CORRECT[row.is_correct],
        *(one_line(in_words(cell(row, key))) if key.startswith(ANSWER) else noted(cell(row, key)) for key in keys),
        joined(row.excerpt) or one_line(row.text),
        joined(row.prompt_excerpt) or one_line(row.prompt),
        row.source if row.source != LabelSource.none else "–",
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
    flags = {"human disagrees": row.is_overridden, "unparsed": row.is_unparsed, "flagged": row.is_flagged}
    flags |= {"truncated": row.finish_reason == "length", row.kind: row.kind != SampleKind.completion}
    flags |= {HIDDEN: row.is_hidden, "has near-duplicates": row.near_duplicate_of == row.id}
    flags |= {f"near-duplicate of {row.near_duplicate_of}": row.near_duplicate_of not in (None, row.id)}
    return [*(name for name, is_so in flags.items() if is_so), *(f"#{tag}" for tag in row.tags)]


def title(detail: SampleDetail) -> str:
    """Who wrote the text, where no checkpoint did; of a step in a tree, what the search noted of it."""
    if detail.edited_from_id is not None:
        return f"Text by {detail.author}, edited from sample {detail.edited_from_id}"
    if detail.turns and detail.author is None:
        count = sum(turn["role"] == ASSISTANT for turn in detail.turns)
        reward = detail.noted.get("reward")
        return f"Episode of {count} text{'s' * (count != 1)}" + ("" if reward is None else f", reward {reward:g}")
    if GOES_ON in detail.noted and detail.author is None:  # a file may note anything under that name
        value, visits = detail.noted.get("value"), detail.noted.get("visits", 0)
        rated = "no value" if value is None else f"value {value:g}"
        return f"Step of a text (in the search: {rated}, {visits} visit{'s' * (visits != 1)})"
    if not detail.author:
        return "Text"
    noted = ", ".join(f"{name} {value}" for name, value in detail.noted.items() if not isinstance(value, dict | list))
    return f"Text by {detail.author} (the file says {noted or 'nothing of it'})"


def speaker(role: str) -> str:
    """Who says a turn of an episode."""
    return "policy" if role == ASSISTANT else "environment"


def card(
    detail: SampleDetail, query: JSON, searches: JSON | None = None, titles: Mapping[str, str] | None = None
) -> JSON:
    """The chosen sample; `query` is where the links to its siblings go back to, `searches` has what is searched for in
    texts and prompts, `titles` those of the project's questions by their keys."""
    row = detail.label
    text, prompt = (ShownSearch.of((searches or {}).get(name, "")) for name in ("text", "prompt"))
    return {
        "id": str(row.id),
        "verdict": row.verdict or "no verdict",
        "badge": BADGES[row.verdict],
        "marks": marks(row) + (["contains something like a score"] if detail.score_like else []),
        "facts": facts(detail),
        "asked": "What was asked" if detail.is_question else "Prompt",
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
        "unjudged": f"The judge's view is {HIDDEN}." if row.is_hidden else "No judge has seen it.",
        "judgments": [judgment(view, is_first=n == 0) for n, view in enumerate(detail.judgments)],
        "history": [decision(entry) for entry in detail.history],
        "undecided": OTHERS_LATER if detail.hides_others else "Nobody has decided on it.",
        "siblings": f"The other {'answers to this question' if detail.is_question else 'samples of this prompt'}",
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


def facts(detail: SampleDetail) -> str:
    row = detail.label
    parts = [
        *([] if row.is_hidden else [f"score {score(row.score)}"]),
        *([] if detail.machine_score is None and row.is_hidden else [judged(detail)]),
        *([] if row.is_hidden else [f"label by {row.source}"]),
        *([] if row.is_correct is None else [f"{CORRECT[row.is_correct]} by the known answer"]),
        f"{row.num_tokens:,} tokens",
        f"finish {row.finish_reason}",
        f"checkpoint {detail.checkpoint}" if detail.checkpoint else "brought by a file",
        f"seed {detail.seed}",
        *made_by(detail.chain),
    ]
    return ", ".join(parts + ([f"log-prob {detail.logprob:.2f}"] if detail.logprob is not None else []))


def judged(detail: SampleDetail) -> str:
    return f"judge {score(detail.machine_score)} {detail.machine_verdict or ''}".rstrip()


def judgment(view: JudgmentView, *, is_first: bool) -> JSON:
    verdict = view.verdict or "no verdict"
    return {
        "title": f"{view.judge}, vote {view.position + 1}: {score(view.score)}, {verdict}",
        "rationale": cut(view.rationale) or "(no words)",
        "raw": cut(view.raw),
        "reasoning": cut(view.reasoning or ""),
        "template": view.template_hash[:8] or "none",
        "open": is_first,
    }


def decision(row: Decision) -> JSON:
    parts = [row.words] if row.words else []
    parts += [moment(row.at), "bulk" if row.is_bulk else "blind" if row.is_blind else "judge shown"]
    parts += [f"score {score(row.score)}"] if row.score is not None else []
    parts += [f"{row.seconds:.1f} s"] if row.seconds is not None else []
    parts += ["differs from the judge"] if row.is_override else []
    parts += [f"note: {row.note}"] if row.note else []
    return {
        "what": WORDS.get(row.kind, str(row.kind)),
        "who": row.who,
        "facts": ", ".join(parts),
        "style": "gone" if row.is_retracted else "",
    }


def made_by(chain: Chain) -> list[str]:
    """The step that made the text and the role that wrote it; nothing of a recipe of slots."""
    name = chain.names.get(chain.step)
    return [f"step {chain.step + 1} ({name})", f"role {chain.role}"] if name else []


def chain(chain_: Chain, query: JSON) -> JSON:
    """The texts above, and the questions about this one with their answers. `query`: where their links come back to."""
    return {
        "hidden": HIDDEN_CHAIN if chain_.is_hidden else "",
        "above": [linked(link, query, chain_.names) for link in chain_.above],
        "questions": [
            {"asked": question.asked, "answers": [linked(row, query, chain_.names) for row in question.answers]}
            for question in chain_.questions
        ],
        "more": MORE_QUESTIONS if chain_.has_more else "",
    }


def linked(row: SampleRow, query: JSON, steps: Mapping[int, str]) -> JSON:
    """A sample in a list of the card; its link keeps the page's filters."""
    return {
        "step": ", ".join(step_of(row, steps)),
        "id": str(row.id),
        "verdict": row.verdict or "no verdict",
        "badge": BADGES[row.verdict],
        "score": score(row.score),
        "text": row.text,
        "address": to_address(query | {"sample": row.id}),
    }


def trained(row: TrainingUse) -> JSON:
    result = f", made checkpoint {row.checkpoint}" if row.checkpoint else ""
    return {"id": str(row.dataset_id), "title": f"Round {row.round_number}: {row.use}{result}"}


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} characters)"
