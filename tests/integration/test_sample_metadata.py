"""Metadata as facets and as a filter of samples, on both databases."""

import pytest

from backend.db import listing_among, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.errors import InvalidInput, PermissionDenied
from backend.services import samples
from backend.services.decisions import bulk
from backend.services.samples import exports, facets
from backend.services.samples.exports import ExportRequest
from backend.values import DecisionKind, Role, RoundStatus
from tests import rows

EXTRAS = [
    {"level": 2, "topic": "Sums", "day": "2026-01-31T10:00", "ok": True},
    {"level": "3", "topic": "sums and more", "day": "2026-02-01"},
    {"level": 10.5, "topic": "100%_[x]", "ok": False},
    {"level": "three", "topic": None},
    {"level": {"a": 1}, "a.b": "dot", "day": "unknown"},
    {"day": True},
    {"level": 10**400, "share": 0.30000000000000004, "day": {}},
    {"level": "9" * 400, "share": "0.3", "day": ""},
    {"level": 2**53 + 1, "share": 1e300, "day": "2026-02-01 09:30:00Z"},
]
FOUND = {
    ("level>=3",): [1, 2, 6, 8],
    ("level>=1e12",): [6, 8],
    (f"level={2**53 + 1}",): [8],
    ("share=0.30000000000000004",): [6],
    ("share<=0.3",): [7],
    ("share>=0.30000000000000004",): [6, 8],
    ("share>=1e299",): [8],
    ("level<=3",): [0, 1],
    ("level=3",): [1],
    ("level=three",): [3],
    ("level=10.50",): [2],
    ("topic~SUMS",): [0, 1],
    ("topic=sums",): [],
    ("topic~%_[",): [2],
    ("day>=2026-02-01",): [1, 8],
    ("day<=2026-01-31",): [0],
    ("day<=2026-01-31T10:00",): [0],
    ("day<=2026-01-31 09:59",): [],
    ("day>=2026-01-31T09:59",): [0, 1, 8],
    ("day>=2026-02-01T09:00",): [8],
    ("ok=true",): [0],
    ("ok=false",): [2],
    ("a.b=dot",): [4],
    ("level>=2", "topic~sums", "day<=2026-01"): [0],
    ("nothing=1",): [],
}


@pytest.mark.parametrize("caps", ["large", "small"])
def test_a_test_of_metadata_finds_what_it_should(database: str, caps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small caps the list is walked through, as where a round has very many samples."""
    if caps == "small":
        monkeypatch.setattr(listing_among, "READ", 2)
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=[f"p{n}" for n in range(len(EXTRAS))], extras=EXTRAS)
    round_ = rows.make_round(project, sets=[prompts])
    texts = rows.make_samples(round_, prompts, n=1, texts=["x"])
    actor = rows.make_actor(project, Role.curator)
    for tests, expected in FOUND.items():
        listed = samples.page(actor, round_.id, Filters(metadata=tests), Sort(SortKey.length, then=SortKey.id))
        assert [row.id for row in listed.rows] == [texts[n].id for n in expected], tests
    with session() as db:
        db.get_one(tables.Sample, texts[0].id).extra = {"metadata": {"level": 7, "rank": 1}}
    assert [row.id for row in samples.page(actor, round_.id, Filters(metadata=("level=7",))).rows] == [texts[0].id]
    assert exports.count(actor, project.id, ExportRequest((round_.id,), Filters(metadata=("level>=7",)))) == 4
    (rank,) = [facet for facet in facets.facets(actor, round_.id) if facet.key == "rank"]
    assert rank.is_exact
    assert [(choice.test, choice.count) for choice in rank.choices] == [("rank=1", 1)]
    with pytest.raises(InvalidInput, match="filters of lists"):
        bulk.preview(actor, round_.id, Filters(metadata=("level=7",)), DecisionKind.accept)


def test_a_blind_review_tells_no_metadata(database: str) -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["p"], extras=[{"label": "good"}])
    round_ = rows.make_round(project, sets=[prompts], status=RoundStatus.review, is_reviewed=True, is_blind=True)
    rows.make_samples(round_, prompts)
    reviewer, curator = rows.make_actor(project, Role.reviewer), rows.make_actor(project, Role.curator)
    asked = Filters(metadata=("label=good",))
    assert facets.facets(reviewer, round_.id) == []
    with pytest.raises(PermissionDenied, match="filter by metadata"):
        samples.page(reviewer, round_.id, asked)
    (facet,) = facets.facets(curator, round_.id)
    assert (facet.key, facet.kind, facet.choices[0].test) == ("label", "choice", "label=good")
    assert samples.page(curator, round_.id, asked).rows
