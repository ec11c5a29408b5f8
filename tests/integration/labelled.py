"""A round full of samples of every kind, and what a filter finds, worked out in plain Python."""

import random
import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import insert, select

from backend.db import now, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.db.tables.judgment import UNSCORED
from backend.values import LabelSource, Split, Verdict
from tests import rows

WORDS = (
    "red",
    "green",
    "blue",
    "Café",
    "42",
    "naïve",
    "ÜBER",
    "x1",
    "日本語",
    "3*5+7=22",
    "it's",
    "re-do",
    "7*9-3",
    "7 9 3",
    "cafe\u0301",
    "서울의",
    "ﬁne",
    "长江=river",
    "→",
)


@dataclass(frozen=True)
class Known:
    """A sample as the test wrote it."""

    id: int
    prompt_id: int
    prompt: str
    text: str
    kind: str
    score: float | None
    spread: float | None
    verdict: Verdict | None
    source: LabelSource
    num_tokens: int
    is_overridden: bool
    is_unparsed: bool
    is_truncated: bool
    is_flagged: bool
    step: int


def make_labelled(
    project: tables.Project, *, number: int, seed: int = 1, steps: tuple[int, ...] = (1,)
) -> tuple[tables.Round, list[Known]]:
    """A round of that many samples of these steps with random labels, many of them equal, some without a score."""
    chance = random.Random(seed)
    texts = [f"{chance.choice(WORDS)} {chance.choice(WORDS)} prompt{i % 7}" for i in range(number // 4)]
    prompts = rows.make_prompt_set(project, prompts=[f"{text} n{i}" for i, text in enumerate(texts)])
    round_ = rows.make_round(project, sets=[prompts])
    asked = rows.prompts_of(prompts)
    with session() as db:
        groups = [
            tables.Group(round_id=round_.id, prompt_id=p.id, split=Split.train, position=i) for i, p in enumerate(asked)
        ]
        db.add_all(groups)
        db.flush()
        known = [_sample(chance, round_, groups[n // 4], asked[n // 4], n, steps) for n in range(number)]
        ids = db.scalars(
            insert(tables.Sample).returning(tables.Sample.id, sort_by_parameter_order=True), [row for row, _ in known]
        ).all()
        labels = [label | {"sample_id": id_, "round_id": round_.id} for id_, (_, label) in zip(ids, known, strict=True)]
        db.execute(insert(tables.Label), labels)
    return round_, [
        Known(
            id=id_,
            prompt_id=row["prompt_id"],
            prompt=asked[n // 4].text,
            text=row["text"],
            spread=label["machine_spread"],
            **{name: label[name] for name in Known.__dataclass_fields__ if name in label},
        )
        for n, (id_, (row, label)) in enumerate(zip(ids, known, strict=True))
    ]


def _sample(
    chance: random.Random,
    round_: tables.Round,
    group: tables.Group,
    prompt: tables.Prompt,
    n: int,
    steps: tuple[int, ...],
) -> tuple:
    score = chance.choice([None, 0.0, 1.0, 2.5, 2.5, 4.0, round(chance.uniform(0, 5), 2)])
    verdict = None if score is None else chance.choice([Verdict.accept, Verdict.reject])
    source = LabelSource.none if score is None else chance.choice([LabelSource.judge, LabelSource.person])
    kind = chance.choice(["completion"] * 8 + ["edit", "critique"])
    length = chance.choice([1, 2, 3, 10, 10, 50, chance.randint(1, 300)])
    text = " ".join(chance.choice(WORDS) for _ in range(4)) + ("\nrare" if n % 97 == 0 else "")
    flags = {f"is_{name}": chance.random() < 0.2 for name in ("overridden", "unparsed", "truncated", "flagged")}
    sample = {
        "project_id": round_.project_id,
        "round_id": round_.id,
        "group_id": group.id,
        "prompt_id": prompt.id,
        "checkpoint_id": round_.policy_id,
        "split": Split.train,
        "kind": kind,
        "position": n,
        "text": text,
        "finish_reason": "stop",
        "num_tokens": length,
        "seed": 0,
        "created_at": now(),
        "step": steps[n % len(steps)],
    }
    label = {
        "score": score,
        "verdict": verdict,
        "source": source,
        "machine_score": score,
        "machine_verdict": verdict,
        "machine_spread": None if chance.random() < 0.3 else chance.choice([0.0, 0.5, 1.2]),
        "kind": kind,
        "num_tokens": length,
        "updated_at": now(),
        "step": steps[n % len(steps)],
    }
    return sample, label | flags


def plain(text: str) -> str:
    """The text in NFKC form without case, its blanks as one blank each."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def contains(text: str, query: str) -> bool:
    """Whether all terms of the query occur in the text, as characters that do not begin or end inside a word."""
    if len(query) > 2 and query[0] == query[-1] == "/":
        return re.search(query[1:-1], text, re.IGNORECASE) is not None
    terms = [
        quoted or bare.replace('"', " ") for quoted, bare in re.findall(r'"([^"]*)"?|(\S+)', query.replace("\0", " "))
    ]
    return all(occurs(plain(text), plain(term)) for term in terms if term.strip())


def occurs(text: str, term: str) -> bool:
    """Whether the term stands somewhere in the text; a letter of ours beside a letter of it is inside a word."""

    def is_letter(character: str) -> bool:
        return character.isalnum() and not "\u3000" < character < "\ua000" and not "\uac00" <= character < "\ud7a4"

    for start in range(len(text) - len(term) + 1):
        before, after = text[start - 1 : start], text[start + len(term) : start + len(term) + 1]
        is_cut = (is_letter(term[0]) and is_letter(before)) or (is_letter(term[-1]) and is_letter(after))
        if text.startswith(term, start) and not is_cut:
            return True
    return False


def passes(sample: Known, filters: Filters) -> bool:
    """The filters, one by one."""
    kind = sample.kind if sample.kind in ("completion", "edit") else "other"
    verdict = sample.verdict.value if sample.verdict else "undecided"
    scored = filters.min_score is None and filters.max_score is None
    return (
        (not filters.verdict or verdict in filters.verdict)
        and (not filters.source or sample.source.value in filters.source)
        and (not filters.kind or kind in filters.kind)
        and (not filters.step or sample.step in filters.step)
        and all(
            getattr(filters, name) in (None, getattr(sample, name))
            for name in ("is_overridden", "is_unparsed", "is_truncated", "is_flagged")
        )
        and (scored or sample.score is not None)
        and (filters.min_score is None or (sample.score or 0) >= filters.min_score)
        and (filters.max_score is None or (sample.score or 0) <= filters.max_score)
        and (filters.min_tokens is None or sample.num_tokens >= filters.min_tokens)
        and (filters.max_tokens is None or sample.num_tokens <= filters.max_tokens)
        and (not filters.text or contains(sample.text, filters.text))
        and (not filters.prompt or contains(sample.prompt, filters.prompt))
    )


def ordered(samples: list[Known], sort: Sort) -> list[int]:
    """Ids in the order of the sort, those without a key last."""

    def key(sample: Known, key: SortKey) -> float:
        value = {
            SortKey.id: sample.id,
            SortKey.score: sample.score,
            SortKey.length: sample.num_tokens,
            SortKey.spread: sample.spread,
            SortKey.prompt: sample.prompt_id,
        }[key]
        return UNSCORED if value is None else value

    def by(samples: list[Known], name: SortKey, *, descending: bool) -> list[Known]:
        with_key = sorted(
            (s for s in samples if key(s, name) > UNSCORED), key=lambda s: key(s, name), reverse=descending
        )
        return with_key + [s for s in samples if key(s, name) <= UNSCORED]

    # Sorting keeps the order of equal ones: by number first, by the first key last.
    descending = sort.descending if sort.then is None else sort.then_descending
    listed = sorted(samples, key=lambda s: s.id, reverse=descending)
    listed = listed if sort.then is None else by(listed, sort.then, descending=descending)
    return [s.id for s in by(listed, sort.key, descending=sort.descending)]


def stored_facets(round_id: int) -> dict[int, int]:
    with session() as db:
        query = select(tables.Label.sample_id, tables.Label.facet).where(tables.Label.round_id == round_id)
        return dict(db.execute(query).tuples().all())
