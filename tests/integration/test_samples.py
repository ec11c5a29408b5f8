"""Lists of samples: every filter, sort and search against the same worked out in plain Python."""

import random
from bisect import bisect_right

import pytest

from backend.db import listing_merge, listing_search, listing_walk, listing_wanted, session, tables
from backend.db.filters import KINDS, SOURCES, VERDICTS, Filters, Sort, SortKey, encode_facet
from backend.db.listing import scope
from backend.db.search import Patience
from backend.errors import InvalidInput, NotFound
from backend.services import samples
from backend.services.access import Actor
from backend.services.samples import export_ids, histograms
from backend.services.samples.metadata_keys import metadata_keys
from backend.values import Role
from tests import rows
from tests.integration.labelled import Known, make_labelled, ordered, passes, stored_facets

SORTS = [Sort(key, descending=way) for key in SortKey if key is not SortKey.prompt for way in (False, True)]
WAYS = ((False, False), (True, True), (False, True), (True, False))
PAIRS = [(a, b) for a in list(SortKey)[1:4] for b in list(SortKey)[:4] if a is not b]
TWO_KEYS = [
    Sort(first, descending=WAYS[(n + turn) % 4][0], then=then, then_descending=WAYS[(n + turn) % 4][1])
    for turn in (0, 2)
    for n, (first, then) in enumerate(PAIRS)
]


def walk(actor: Actor, round_id: int, filters: Filters, sort: Sort, limit: int) -> tuple[list[int], Sort]:
    """All ids page by page to the end, after checking that the way back visits the same pages."""
    cursor, ids, pages, page = None, [], [], None
    for _ in range(1_000):
        page = samples.page(actor, round_id, filters, sort, cursor, limit)
        ids += [row.id for row in page.rows]
        pages.append([row.id for row in page.rows])
        cursor = page.next_cursor
        if cursor is None:
            break
    else:
        pytest.fail("the list does not end")
    back, cursor = list(pages[-1]), page.prev_cursor if page else None
    for _ in range(1_000):
        if cursor is None:
            break
        page = samples.page(actor, round_id, filters, sort, cursor, limit)
        back = [row.id for row in page.rows] + back
        cursor = page.prev_cursor
    if pages[-1]:  # an empty last page, after a partial one, has no place to go back from
        assert back == ids
    return ids, page.sort if page else sort


def test_a_facet_is_what_the_database_computes(database: str) -> None:
    project = rows.make_project()
    round_, known = make_labelled(project, number=200, steps=(1, 3, 7))
    stored = stored_facets(round_.id)
    for s in known:
        kind = s.kind if s.kind in KINDS else "other"
        flags = (s.is_overridden, s.is_unparsed, s.is_truncated, s.is_flagged)
        verdict = s.verdict.value if s.verdict else "undecided"
        assert stored[s.id] == encode_facet(verdict, s.source.value, kind, flags, s.step)


def test_pages_make_the_whole_list_in_every_sort(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    make_labelled(project, number=60, seed=3)
    round_, known = make_labelled(project, number=240)
    for sort in SORTS:
        ids, _ = walk(actor, round_.id, Filters(), sort, 17)
        assert ids == ordered(known, sort), sort


@pytest.mark.parametrize("caps", ["large", "small"])
def test_pages_make_the_whole_list_by_two_keys(database: str, caps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many samples have the same score, length or spread, and many none: pages end among them, both ways."""
    if caps == "small":
        make_caps_small(monkeypatch)
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, known = make_labelled(project, number=72, steps=(1, 3))
    for sort in TWO_KEYS[::3] if caps == "large" else TWO_KEYS[1::5]:
        ids, real = walk(actor, round_.id, Filters(), sort, 31)
        assert (ids, real) == (ordered(known, sort), sort)
        with session() as db:
            exported = export_ids.matching(scope(db, round_.id, Filters()), Filters(), sort, Patience(), None)
        assert list(exported) == ids, sort
    narrowed = Filters(min_score=2.5), Filters(text="red"), Filters(max_tokens=10), Filters(verdict=("accept",))
    for n, filters in enumerate(narrowed[:: 1 if caps == "large" else 2]):
        check(actor, round_.id, known, filters, TWO_KEYS[5 * n], 7)


def test_what_a_second_key_cannot_be(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, known = make_labelled(project, number=60)
    for first, then in (("id", "score"), ("score", "score"), ("score", "prompt")):
        with pytest.raises(InvalidInput, match=r"then: .* Sort by another|then: .* Choose another"):
            Sort(SortKey(first), then=SortKey(then))
    wrong = ["f-score+length:1.0:1", "f-score:1.0,2.0:1", "f-score+length:1.0,nan:1", "f-score+score:1.0,1.0:1"]
    wrong += [f"f+length-score:{key},1.0:1" for key in ("inf", "1.5", "1e300", "-7.0")]
    wrong += ["f-score+length:1.0,1e300:1", "f+score:-inf:1"]
    for cursor in wrong:
        with pytest.raises(InvalidInput, match="first page"):
            samples.page(actor, round_.id, cursor=cursor)
    # A place in the list of other filters.
    scores = {sample.id: sample.score for sample in known}
    place = "f+score+length:1.0,0.0:0"
    for filters in (Filters(min_score=2.5), Filters(max_score=0.5), Filters(min_score=1, max_score=2)):
        listed = samples.page(actor, round_.id, filters, cursor=place).rows
        kept = [scores[row.id] or 0.0 for row in listed]
        low, high = filters.min_score, filters.max_score
        assert all((low is None or low <= score) and (high is None or score <= high) for score in kept), filters


SINGLE = [
    *(Filters(verdict=(v,)) for v in VERDICTS),
    *(Filters(source=(s,)) for s in SOURCES),
    *(Filters(kind=(k,)) for k in KINDS),
    *(
        Filters(**{f"is_{name}": value})
        for name in ("overridden", "unparsed", "truncated", "flagged")
        for value in (True, False)
    ),
    Filters(min_score=2.5),
    Filters(max_score=2.5),
    Filters(min_score=1, max_score=1),
    Filters(min_tokens=10),
    Filters(max_tokens=10),
    Filters(min_tokens=1000),
    Filters(text="red"),
    Filters(text="rare"),
    Filters(text="CAFÉ blue"),
    Filters(text='"red green"'),
    Filters(text="3*5+7"),
    Filters(text="re-do"),
    Filters(text="日本語"),
    Filters(text="本語"),
    Filters(text="7*9-3"),
    Filters(text='"7 9 3"'),
    Filters(text="café"),
    Filters(text="서울"),
    Filters(text="FINE"),
    Filters(text="江=river"),
    Filters(text="→"),
    Filters(text="→ red"),
    Filters(text="*"),
    Filters(text=r"/\d\*\d/"),
    Filters(text="/^red|rare$/", prompt="prompt1"),
    Filters(prompt="→"),
    Filters(prompt='"→ prompt2"', text="red"),
    Filters(text="nothing"),
    Filters(prompt="prompt3"),
    Filters(prompt="über"),
    Filters(text="red", prompt="prompt1"),
]


@pytest.mark.parametrize("caps", ["large", "small"])
def test_every_filter_finds_what_it_should(database: str, caps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small caps the same filters take the ways meant for a million samples."""
    if caps == "small":
        make_caps_small(monkeypatch)
    project = rows.make_project()
    actor = rows.make_actor(project)
    make_labelled(project, number=80, seed=3)
    round_, known = make_labelled(project, number=200)
    for n, filters in enumerate(SINGLE):
        check(actor, round_.id, known, filters, SORTS[n % len(SORTS)], 23)


@pytest.mark.parametrize("caps", ["large", "small"])
def test_a_step_is_found_alone_and_with_others(database: str, caps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if caps == "small":
        make_caps_small(monkeypatch)
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, known = make_labelled(project, number=120, steps=(1, 3, 3, 7))
    alone = Filters(step=(3,)), Filters(step=(1, 7)), Filters(step=(2,))
    others = {"text": "red"}, {"min_score": 2.5}, {"prompt": "prompt1", "verdict": ("accept",)}
    more = [Filters(step=(3,), **some) for some in others]  # type: ignore[arg-type]
    for n, filters in enumerate([*alone, *more, Filters()]):
        check(actor, round_.id, known, filters, SORTS[n % len(SORTS)], 11)


@pytest.mark.parametrize("caps", ["large", "small"])
def test_any_combination_finds_what_it_should(database: str, caps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if caps == "small":
        make_caps_small(monkeypatch)
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, known = make_labelled(project, number=200)
    chance = random.Random(7)
    for _ in range(40):
        check(actor, round_.id, known, combined(chance), chance.choice(SORTS), chance.choice([9, 50]))


def make_caps_small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"GATHERED": 20, "GATHERED_IN_ALL": 60, "GATHERED_LEAST": 2, "MERGED": 3}.items():
        monkeypatch.setattr(listing_merge, name, value)
    for name, value in {"SORTED": 20, "SORTED_PROMPTS": 3, "CHECKED": 9}.items():
        monkeypatch.setattr(listing_wanted, name, value)
    for name, value in {"PROBES": 8, "CHECKED": 9}.items():
        monkeypatch.setattr(listing_search, name, value)
    for name, value in {"SLICE": 7, "AHEAD": 0.1}.items():
        monkeypatch.setattr(listing_walk, name, value)


def combined(chance: random.Random) -> Filters:
    """Two or three filters at once."""
    fields: dict[str, object] = {}
    for _ in range(chance.choice([2, 3])):
        fields |= chance.choice(SINGLE).changed()
    return Filters(**fields)  # type: ignore[arg-type]


def check(actor: Actor, round_id: int, known: list[Known], filters: Filters, sort: Sort, limit: int) -> None:
    ids, real = walk(actor, round_id, filters, sort, limit)
    expected = [s for s in known if passes(s, filters)]
    assert ids == ordered(expected, real), (filters, sort, real)
    if not (filters.text or filters.prompt):
        assert real == sort
    first = samples.page(actor, round_id, filters, sort, None, limit)
    assert first.count.number == len(expected) if first.count.is_exact else first.count.number <= len(expected)


HOSTILE = [
    '"',
    "*",
    "()",
    "a AND (",
    "NEAR(a b)",
    "-red",
    "^red",
    "text:red",
    "{red}",
    'x"y',
    "a\x00b",
    "';--",
    "red*",
    '"*"',
    "'",
    "a'b",
    "\\",
]


def test_nothing_typed_into_the_search_is_an_operator(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, known = make_labelled(project, number=40)
    for query in HOSTILE:
        if "\0" in query:
            with pytest.raises(InvalidInput, match="NUL"):
                Filters(text=query)
            continue
        if not query.replace('"', "").strip():
            with pytest.raises(InvalidInput, match="no character"):
                samples.page(actor, round_.id, Filters(text=query))
            continue
        for filters in (Filters(text=query), Filters(prompt=query)):
            check(actor, round_.id, known, filters, Sort(), 50)


def test_a_regular_expression_is_refused_where_it_is_none_or_would_run_for_ever(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project)
    rows.make_samples(round_, rows.make_prompt_set(project, prompts=1), texts=["a" * 5_000 + "!"], scores=[1.0])
    for broken in ("/(/", "/[z-a]/", "/*/"):
        with pytest.raises(InvalidInput, match="no regular expression"):
            samples.page(actor, round_.id, Filters(text=broken))
    with pytest.raises(InvalidInput, match="takes too long"):
        samples.page(actor, round_.id, Filters(text="/(a|aa)+$/"))


def test_a_list_shows_what_was_found_however_far_in_the_text(database: str) -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["Where is the <b>river</b>?", "And the lake?"])
    round_ = rows.make_round(project, sets=[prompts])
    rows.make_samples(round_, prompts, texts=["far " * 500 + "beyond the Café", "near by"], scores=[1.0, 0.0])
    actor = rows.make_actor(project)

    def shown(**search: str) -> list[tuple[str, ...]]:
        records = samples.page(actor, round_.id, Filters(**search)).rows  # type: ignore[arg-type]
        return [
            tuple(f"[{text_piece.text}]" if text_piece.is_found else text_piece.text for text_piece in row.excerpt)
            for row in records
        ]

    assert shown(text="café") == [("…", "far beyond the ", "[Café]")] * 2
    assert shown(text="/caf.$/") == shown(text="café")
    assert shown() == [()] * 4 == shown(prompt="the")
    (first, _) = samples.page(actor, round_.id, Filters(prompt="<b>river</b>")).rows
    assert [text_piece.text for text_piece in first.prompt_excerpt if text_piece.is_found] == ["<b>river</b>"]


def test_a_broken_cursor_is_refused_with_a_way_out(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, _ = make_labelled(project, number=8)
    for cursor in ("x", "f+id:1", "f+id:nan:1", "q+id:1:1", "f+price:1:1", "f+id:1:1:1", "f+prompt:1:1"):
        with pytest.raises(InvalidInput):
            samples.page(actor, round_.id, cursor=cursor)
    with pytest.raises(InvalidInput, match="1 to 200"):
        samples.page(actor, round_.id, limit=100_000)
    with pytest.raises(InvalidInput, match="verdict"):
        Filters(verdict=("maybe",))


def test_a_stranger_finds_no_round(database: str) -> None:
    round_, _ = make_labelled(rows.make_project(), number=8)
    stranger = rows.make_actor(rows.make_project())
    for call in (samples.page, samples.histogram):
        with pytest.raises(NotFound):
            call(stranger, round_.id)


def test_the_histogram_counts_every_score_once(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_, known = make_labelled(project, number=240)
    bins = samples.histogram(actor, round_.id)
    scores = [s.score for s in known if s.score is not None]
    assert (bins[0].low, bins[-1].high) == (min(scores), pytest.approx(max(scores)))
    edges = [b.low for b in bins[1:]]
    assert [b.count for b in bins] == [sum(bisect_right(edges, s) == n for s in scores) for n in range(20)]
    assert samples.histogram(actor, rows.make_round(project).id) == []
    for of, values in ((SortKey.score, scores), (SortKey.length, [s.num_tokens for s in known])):
        bins = samples.histogram(actor, round_.id, of)
        assert sum(b.count for b in bins) == len(values)
        for b in bins:
            inside = [v for v in values if b.least is not None and b.most is not None and b.least <= v <= b.most]
            assert (len(inside), min(inside, default=None), max(inside, default=None)) == (b.count, b.least, b.most)
    with pytest.raises(InvalidInput, match="no histogram of spread"):
        samples.histogram(actor, round_.id, SortKey.spread)


@pytest.mark.parametrize("blocks", [(60, 5), (20, 5)])
def test_the_histogram_of_a_large_round_is_estimated(
    database: str, blocks: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that hold every sample give the true counts; a third of the samples gives three times what is in it."""
    project = rows.make_project()
    actor = rows.make_actor(project)
    make_labelled(project, number=40, seed=3)
    round_, known = make_labelled(project, number=300, steps=(1, 3))
    counted = samples.histogram(actor, round_.id)
    for name, value in {"COUNTED": 50, "BLOCKS": blocks[0], "IN_BLOCK": blocks[1]}.items():
        monkeypatch.setattr(histograms, name, value)
    number, size = blocks
    starts = [n * (300 - size) // (number - 1) for n in range(number)]
    scores = [known[start + n].score for start in starts for n in range(size)]
    edges = [b.low for b in counted[1:]]
    expected = [sum(s is not None and bisect_right(edges, s) == n for s in scores) for n in range(20)]
    bins = samples.histogram(actor, round_.id)
    assert [b.count for b in bins] == [round(n * 300 / (number * size)) for n in expected]
    assert [(b.low, b.high, b.is_exact) for b in bins] == [(b.low, b.high, False) for b in counted]
    if number * size == 300:
        assert [b.count for b in bins] == [b.count for b in counted]


def test_a_list_tells_which_samples_are_right_and_what_is_known_of_their_prompts(database: str) -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(
        project,
        prompts=["a", "b", "c"],
        answers=["7", None, "x + 1"],
        extras=[{"level": 2, "topic": "sums"}, {"level": 1}, {"level": 1, "a,b": 1}],
    )
    round_ = rows.make_round(project, sets=[prompts])
    rows.make_samples(round_, prompts, texts=["The answer is 7.", "I think it is 8."])
    actor = rows.make_actor(project, Role.curator)
    records = samples.page(actor, round_.id).rows
    assert [row.is_correct for row in records] == [True, False, None, None, None, None], "no answer; a formula"
    assert [row.metadata for row in records[::2]] == [
        {"level": 2, "topic": "sums"},
        {"level": 1},
        {"level": 1, "a,b": 1},
    ]
    assert metadata_keys(actor, round_.id) == ["level", "topic"], "most frequent first; a comma parts keys in addresses"
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.recipe = row.recipe | {"metrics": [{"name": "held_out_accuracy", "verifier": {"name": "run_tests"}}]}
    assert {row.is_correct for row in samples.page(actor, round_.id).rows} == {None}, "no list runs programs"


def test_no_list_runs_a_recipes_own_pattern(database: str) -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["What is 3 + 4?"], answers=["7"])
    round_ = rows.make_round(project, sets=[prompts])
    rows.make_samples(round_, prompts, texts=["a" * 10_000 + "!"])
    verifier = {"name": "exact_match", "pattern": "(a+)+$", "numbers": True}
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.recipe = row.recipe | {"metrics": [{"name": "held_out_accuracy", "verifier": verifier}]}
    records = samples.page(rows.make_actor(project, Role.curator), round_.id).rows  # for ever, were it run
    assert {row.is_correct for row in records} == {None}
