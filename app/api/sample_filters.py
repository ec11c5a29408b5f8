"""Filters and an order of samples, as routes read them from the query of an address."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from backend import boundary
from backend.boundary import Id, Line, Score
from backend.services.samples import Filters, Sort, SortKey

Several = Annotated[tuple[Line, ...], Query(max_length=20)]

Steps = Annotated[
    tuple[boundary.Count, ...], Query(max_length=20, description="steps of the round's recipe, counted from 0")
]

Decided = Annotated[
    Literal["", "me", "others", "disputed", "not_me", "nobody"],
    Query(description="by oneself, by somebody else, by several who disagree, not by oneself, or by nobody"),
]

Tests = Annotated[
    tuple[Line, ...],
    Query(max_length=10, description="tests of answers to the project's questions: accuracy>=4, tone=warm"),
]

MetadataTests = Annotated[
    tuple[Line, ...],
    Query(max_length=10, description="tests of metadata: level>=2, topic=sums, source~wiki, day<=2026-01-31"),
]

Tags = Annotated[tuple[Line, ...], Query(max_length=10, description="tags that people put to the sample, all of them")]

Duplicates = Annotated[
    Literal["", "marked", "first"],
    Query(description="only near-duplicates, or all but those of which an earlier one is in the round"),
]


def asked_filters(
    min_score: Score | None = None,
    max_score: Score | None = None,
    min_tokens: boundary.Count | None = None,
    max_tokens: boundary.Count | None = None,
    verdict: Several = (),
    source: Several = (),
    kind: Several = (),
    is_overridden: bool | None = None,
    is_unparsed: bool | None = None,
    is_truncated: bool | None = None,
    is_flagged: bool | None = None,
    text: Line = "",
    prompt: Line = "",
    step: Steps = (),
    decided: Decided = "",
    answer: Tests = (),
    metadata: MetadataTests = (),
    duplicates: Duplicates = "",
    similar: Annotated[Id | None, Query(description="only the samples closest to this one, closest first")] = None,
    cluster: Annotated[boundary.Count | None, Query(description="only the samples of this cluster")] = None,
    reviewer: Annotated[Id | None, Query(description="the id of a person who decided")] = None,
    human_verdict: Annotated[
        tuple[Line, ...],
        Query(max_length=2, description="accept or reject: what somebody, or `reviewer`, says, whatever the label is"),
    ] = (),
    checkpoint: Annotated[Id | None, Query(description="the checkpoint that wrote the sample")] = None,
    judge: Annotated[Line, Query(description="the name of a judge that judged it")] = "",
    judged_by: Annotated[Id | None, Query(description="the checkpoint that judged it")] = None,
    tag: Tags = (),
) -> Filters:
    """The filters of a list, as its address says them."""
    return Filters(
        min_score,
        max_score,
        min_tokens,
        max_tokens,
        verdict,
        source,
        kind,
        is_overridden,
        is_unparsed,
        is_truncated,
        is_flagged,
        text,
        prompt,
        step,
        decided,
        answer,
        metadata,
        duplicates,
        similar,
        cluster,
        reviewer,
        human_verdict,
        checkpoint,
        judge,
        judged_by,
        tag,
    )


Filtering = Annotated[Filters, Depends(asked_filters)]


def asked_sort(
    sort: SortKey = SortKey.id,
    descending: bool = False,
    then: Annotated[SortKey | None, Query(description="the order of those that are equal by the first key")] = None,
    then_descending: bool = False,
) -> Sort:
    """The order of a list, by one key or by two."""
    return Sort(sort, descending=descending, then=then, then_descending=then_descending)


Sorting = Annotated[Sort, Depends(asked_sort)]
