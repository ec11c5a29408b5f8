"""Ten texts at each end: the best, the worst, those the judge was least sure of, those that people changed most."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import Filters, Sort, SortKey, decode_facet
from backend.db.listing import Scope, listed_rows, scope
from backend.db.tables.judgment import CHANGED_SQL
from backend.errors import UnreadableRecipe
from backend.services.access import Actor
from backend.services.round_report.shapes import Extreme
from backend.services.rounds import review_scope
from backend.services.samples import correctness, visibility
from backend.services.samples.rows import SampleRow, read_rows
from backend.services.samples.visibility import Hidden
from backend.translations import N_, gettext
from backend.values import LabelSource

SHOWN = 10
LOOKED_AT = 2_000
"""Overridden texts among which those that changed most are looked for."""
MADE = ("completion", "other")
TOO_FEW = N_("All scored texts are among the best: there are too few for a list of the worst.")
HIDDEN = N_("This is hidden from you until the review is over, so that it sways nobody who decides.")
NO_SCORE = N_("No text has a score.")


def extremes(db: Session, actor: Actor, row: tables.Round, kept: Hidden) -> tuple[Extreme, ...]:
    """The four lists; of a recipe of steps, over the texts that people decide on."""
    try:
        steps = review_scope.steps_shown(row)
    except UnreadableRecipe:
        if visibility.awaits_decisions(row):
            raise  # what is hidden while people decide cannot be told
        steps = ()
    here = f"samples?round={row.id}" + (f"&step={steps[0]}" if len(steps) == 1 else "")
    own_texts = Filters(kind=MADE, step=steps)
    asked = scope(db, row.id, own_texts)

    titles = (
        ("Best", f"{here}&sort=-score"),
        ("Worst", f"{here}&sort=%2Bscore"),
        ("Most disagreed", f"{here}&sort=-spread"),
        ("Most changed by people", f"{here}&only=is_overridden"),
    )
    if kept.judge:
        return tuple(Extreme(title, (), "", gettext(HIDDEN)) for title, _ in titles)

    def first_ids(key: SortKey, *, descending: bool) -> list[int]:
        return [sample_id for _, sample_id in listed_rows(asked, Sort(key, descending=descending), None, SHOWN)]

    # The order goes by what colleagues said, too, which the scores that are shown do not tell.
    ids = [
        [] if kept.others else first_ids(SortKey.score, descending=True),
        [] if kept.others else first_ids(SortKey.score, descending=False),
        first_ids(SortKey.spread, descending=True),
        [] if kept.others else _furthest(asked),
    ]
    best, worst, torn, changed = _rows(db, actor, row, kept, ids)
    best = [row for row in best if row.score is not None]
    top = {row.id for row in best}
    worst = [row for row in worst if row.score is not None and row.id not in top]
    torn = [row for row in torn if row.spread]
    lists = (best, worst, torn, changed)
    whys = (
        "" if best else HIDDEN if kept.others else NO_SCORE,
        "" if worst else HIDDEN if kept.others else TOO_FEW if best else "",
        "" if torn else _no_spread(row),
        "" if changed else HIDDEN if kept.others else N_("Nobody decided otherwise than the judge."),
    )
    return tuple(
        Extreme(title, tuple(rows), href if rows else "", gettext(why or ("" if rows else NO_SCORE)))
        for (title, href), rows, why in zip(titles, lists, whys, strict=True)
    )


def _no_spread(row: tables.Round) -> str:
    if row.counts.get("judgments"):
        return N_(
            "The judge's votes never differed, or it gave one each: set its votes to 3 or more, and its doubts show "
            "here."
        )
    return N_("No judge has judged the texts yet.")


def _rows(
    db: Session, actor: Actor, row: tables.Round, kept: Hidden, lists: Sequence[Sequence[int]]
) -> list[list[SampleRow]]:
    """The rows of all lists, read together."""
    ids = tuple(dict.fromkeys(id_ for ids in lists for id_ in ids))
    rows = visibility.visible_rows(db, actor, kept, correctness.checked(db, row, read_rows(db, ids)))
    by_id = {row.id: row for row in rows}
    return [[by_id[id_] for id_ in ids] for ids in lists]


def _furthest(asked: Scope) -> Sequence[int]:
    """Overridden texts, first those whose verdict people turned around, then by how far they moved the score.

    Where there are more than `LOOKED_AT`, of the first ones.
    """
    asked = replace(asked, facets=tuple(facet for facet in asked.facets if facet % 144 // 9 & 1))
    if not asked.facets:
        return []
    by_people = all(decode_facet(facet)["source"] == LabelSource.person for facet in asked.facets)
    # An index holds what people changed, and nothing else is read: the words say again what the facets do.
    source, words = ("labels", f" AND ({CHANGED_SQL})") if by_people else (asked.labels("sample_id"), "")
    columns = "sample_id, verdict, score, machine_verdict, machine_score"
    sql = (
        f"SELECT l.sample_id FROM (SELECT {columns} FROM {source}"
        f" WHERE {asked.where(asked.any_facet)}{words} LIMIT {LOOKED_AT}) AS l"
        " ORDER BY CASE WHEN l.verdict = l.machine_verdict THEN 0 ELSE 1 END DESC,"
        " ABS(COALESCE(l.score, 0) - COALESCE(l.machine_score, 0)) DESC, l.sample_id"
        f" LIMIT {SHOWN}"
    )
    return [id_ for (id_,) in asked.db.execute(text(sql), asked.values)]
