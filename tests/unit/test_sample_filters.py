"""Filters: in the page's address and back, as facets, and as the label they come from."""

from contextlib import suppress
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets import sample_filters as bar
from app.widgets import sample_orders
from backend.db.filters import FLAGS, KINDS, OF_ONE_STEP, SOURCES, VERDICTS, Cursor, Sort, SortKey, decode_facet
from backend.db.filters import encode_facet as encode
from backend.db.search import parse
from backend.errors import InvalidInput
from backend.pipeline.informativeness.signs import near_the_cut
from backend.services.decisions.verdicts import Effect, Vote, effect, verdict_of
from backend.values import DecisionKind, LabelSource, Verdict

some = st.lists(st.sampled_from(["accept", "reject", "undecided"]), unique=True)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@given(
    text=words,
    prompt=words,
    verdict=some,
    low=st.none() | st.floats(-1e6, 1e6),
    most=st.none() | st.integers(0, 10**9),
    step=st.none() | st.integers(0, 9999),
)
def test_a_shared_address_restores_the_filters(
    text: str, prompt: str, verdict: list[str], low: float | None, most: int | None, step: int | None
) -> None:
    reply = "" if step is None else str(step)
    query = bar.from_bar(
        (
            text,
            prompt,
            verdict,
            [],
            [],
            ["is_flagged"],
            ["reject"],
            low,
            None,
            None,
            most,
            "me",
            "tone=warm",
            "level>=2",
            "first",
            12,
            0,
            "hard, funny",
            "-score",
            "+length",
            3,
            "",
            "first",
            4,
            reply,
        )
    )
    again = bar.from_address(dict(parse_qsl(bar.to_address(query), keep_blank_values=True)))
    assert again == query
    assert bar.to_bar(again)[2] == verdict
    assert sample_orders.read_sort(again) == Sort(SortKey.score, descending=True, then=SortKey.length)
    assert sample_orders.read_sort(again | {"sort": "+length"}) == Sort(SortKey.length), (
        "nothing comes second after itself"
    )
    assert bar.read_filters(again).is_flagged is True
    assert bar.read_filters(again).decided == "me"
    by_rows = bar.read_filters(again)
    assert (by_rows.tag, by_rows.human_verdict) == (("hard", "funny"), ("reject",))
    assert (by_rows.reviewer, by_rows.checkpoint, by_rows.judge, by_rows.judged_by) == (3, None, "first", 4)
    assert bar.read_filters(again).metadata == ("level>=2",)
    assert bar.read_filters(again).step == (() if step is None else (step,))


@given(st.dictionaries(st.sampled_from([*bar.NAMES, "round", "sample", "at"]), words))
def test_any_address_gives_filters_or_says_why_not(parameters: dict[str, str]) -> None:
    query = bar.from_address(parameters)
    low, high = query.get("min_score"), query.get("max_score")
    if low is not None and high is not None and low > high:
        with pytest.raises(InvalidInput, match="hold nothing"):
            bar.read_filters(query)
    else:
        has_tests = not query.keys().isdisjoint((*bar.TESTS, "tag"))
        with suppress(*([InvalidInput] if has_tests else [])):
            bar.read_filters(query)
    sample_orders.read_sort(query)


@pytest.mark.parametrize("name", ["answer", "metadata"])
def test_a_test_that_cannot_be_read_finds_nothing_rather_than_all(name: str) -> None:
    query = bar.from_address({name: "level>=many; topic=sums"})
    assert query == {name: "level>=many; topic=sums"}
    with pytest.raises(InvalidInput, match="'many' is n"):
        bar.read_filters(query)


def test_an_order_by_two_keys_is_named_by_both() -> None:
    assert sample_orders.sort_name(Sort(SortKey.prompt)) == "by prompt"
    both = Sort(SortKey.score, descending=True, then=SortKey.length)
    assert sample_orders.sort_name(both) == "score, highest first, then length, shortest first"


def test_a_range_the_wrong_way_round_is_said() -> None:
    with pytest.raises(InvalidInput, match="lower one first"):
        bar.read_filters({"min_score": 3.0, "max_score": 1.0})


def test_every_facet_is_a_number_of_its_own() -> None:
    of_a_step = len(VERDICTS) * len(SOURCES) * len(KINDS) * 2 ** len(FLAGS)
    assert of_a_step == OF_ONE_STEP
    for code in range(5 * of_a_step):
        facet = decode_facet(code)
        flags = tuple(facet[name] for name in FLAGS)
        assert encode(facet["verdict"], facet["source"], facet["kind"], flags, facet["step"]) == code
        assert facet["step"] == 1 + code // of_a_step, "those of step 1 are the first"


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 2**62),
    st.sampled_from(SortKey),
    st.booleans(),
    st.booleans(),
)
def test_a_cursor_reads_what_it_wrote(
    key: float, sample_id: int, sort: SortKey, descending: bool, backward: bool
) -> None:
    key = float(sample_id % 10**6) if sort is SortKey.length else key
    cursor = Cursor(key, sample_id, Sort(sort, descending=descending), backward)
    assert Cursor.read(str(cursor)) == cursor


@given(st.text(max_size=60))
def test_a_search_is_words_whatever_is_typed(query: str) -> None:
    try:
        wanted = parse(query)
    except InvalidInput:
        return
    if wanted.pattern:
        return
    looked_up = wanted.match("sqlite", "q")
    words = [term.words for term in wanted.terms if term.words]
    assert (looked_up is None) == (not words)
    if looked_up is not None:
        expression = looked_up[1]["q"]
        assert expression.count('"') == 2 * len(words)
        assert "\0" not in expression


@given(st.text(min_size=1, max_size=12), st.text(max_size=8), st.text(max_size=8))
def test_a_quoted_text_is_found_between_blanks(row: str, before: str, after: str) -> None:
    """Folding both sides must not hide what was searched for as it stands."""
    row = row.replace('"', "").replace("\0", "").strip()
    try:
        wanted = parse(f'"{row}"')
    except InvalidInput:
        return
    assert wanted.check is None or wanted.check(f"{before} {row} {after}") or len(wanted.terms) != 1


ACCEPT, REJECT = Vote(1, 1, Verdict.accept), Vote(1, 1, Verdict.reject)


def scored(score: float) -> Vote:
    return Vote(1, 1, verdict_of(DecisionKind.score, score, 3.5), score)


@pytest.mark.parametrize(
    ("machine", "votes", "expected"),
    [
        ((2.0, Verdict.reject), [], Effect(2.0, Verdict.reject, LabelSource.judge, False, False)),
        ((None, None), [], Effect(None, None, LabelSource.none, False, False)),
        ((2.0, Verdict.reject), [Vote(1, 1, None)], Effect(2.0, None, LabelSource.person, False, False)),
        ((2.0, Verdict.reject), [ACCEPT], Effect(2.0, Verdict.accept, LabelSource.person, True, False)),
        (
            (2.0, Verdict.reject),
            [ACCEPT, REJECT],
            Effect(2.0, Verdict.reject, LabelSource.person, False, False),
        ),
        ((None, None), [ACCEPT], Effect(None, Verdict.accept, LabelSource.person, False, False)),
        ((3.67, Verdict.accept), [scored(4.0)], Effect(4.0, Verdict.accept, LabelSource.person, False, False)),
        ((3.67, Verdict.accept), [scored(5.0)], Effect(5.0, Verdict.accept, LabelSource.person, True, False)),
        ((3.67, Verdict.accept), [scored(3.4)], Effect(3.4, Verdict.reject, LabelSource.person, True, False)),
    ],
)
def test_the_label_from_what_was_said(
    machine: tuple[float | None, Verdict | None], votes: list[Vote], expected: Effect
) -> None:
    assert effect(*machine, votes) == expected


def test_a_flag_alone_leaves_the_label_the_judges() -> None:
    flagged = effect(2.0, Verdict.reject, [], is_flagged=True)
    assert flagged == Effect(2.0, Verdict.reject, LabelSource.judge, False, True)


@pytest.mark.parametrize(
    ("kind", "score", "verdict"),
    [
        (DecisionKind.accept, None, Verdict.accept),
        (DecisionKind.reject, None, Verdict.reject),
        (DecisionKind.edit, None, Verdict.reject),
        (DecisionKind.score, 3.5, Verdict.accept),
        (DecisionKind.score, 3.4, Verdict.reject),
        (DecisionKind.score, None, None),
        (DecisionKind.prefer, None, None),
        (DecisionKind.skip, None, None),
        (DecisionKind.flag, None, None),
    ],
)
def test_the_verdict_that_a_decision_gives(kind: DecisionKind, score: float | None, verdict: Verdict | None) -> None:
    assert verdict_of(kind, score, 3.5) is verdict


def test_samples_are_most_informative_near_the_cut_and_where_the_judge_wavers() -> None:
    assert near_the_cut(None, None, cut=4.0) == 1.0
    assert near_the_cut(4.0, 0.0, cut=4.0) == 1.0
    assert near_the_cut(2.0, 1.5, cut=4.0) > near_the_cut(2.0, 0.0, cut=4.0) > near_the_cut(1.0, 0.0, cut=4.0)


def test_columns_that_a_round_lacks_fall_back_to_the_usual_ones_and_there_are_not_too_many() -> None:
    keys = [f"key {n}" for n in range(9)]
    assert bar.columns_of(keys, keys, {}) == keys[:2]
    assert bar.columns_of(keys, keys[:1], {}) == keys[:1], "what nobody answered is a column only if somebody asks"
    assert bar.columns_of(keys, keys, {"columns": ["key 5", "other"]}) == ["key 5"]
    assert bar.columns_of(keys, keys, {"columns": ["other"]}) == keys[:2]
    assert bar.columns_of(keys, keys, {"columns": [bar.NO_COLUMNS]}) == []
    assert bar.columns_of(keys, keys, {"columns": keys}) == keys[:6]


def test_filters_and_a_view_can_be_cleared_and_an_order_cannot() -> None:
    assert not bar.is_narrowed({"round": 3, "sort": "-score", "then": "+id", "text": "", "view": 0, "columns": ["a"]})
    assert bar.is_narrowed({"round": 3, "view": 2})
    assert bar.is_narrowed({"min_score": 0.0})
    assert bar.is_narrowed({"step": "0"})
