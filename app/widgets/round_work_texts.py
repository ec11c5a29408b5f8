"""People's part in a round, what was left out, its datasets and its cost, as texts."""

from collections.abc import Sequence

from app.widgets.formats import count, duration, percent
from app.widgets.roles import needs
from app.widgets.round_texts import PREVIEW, UNKNOWN, Shown
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.services.round_report.shapes import Cost, People, WorkSection
from backend.services.rounds.failures import kind_word
from backend.translations import N_, gettext, ngettext, pgettext
from backend.values import Role

WAYS = {
    "review": N_("Review it"),
    "team": N_("Set up the review"),
    "new-round": N_("Launch a round with a review"),
}
NEEDS = {page: needs(Role.reviewer if page == "review" else Role.curator) for page in WAYS}


def work(report: WorkSection) -> Shown:
    """People's part, failures, datasets and cost."""
    failed = report.failed
    return {
        "people": _people(report.people),
        "failed": {
            "title": gettext("{number} left out").format(number=f"{failed.total:,}") if failed.total else "",
            "none": failed.missing or gettext("Nothing was left out."),
            "counts": [{"text": f"{count.count:,} {count.reason}"} for count in failed.counts],
            "rows": [
                {
                    "id": row.id,
                    "stage": word(row.stage),
                    "kind": kind_word(row.kind),
                    "reason": row.reason[:300],
                    "prompt": row.prompt[:PREVIEW],
                }
                for row in failed.rows
            ],
            "href": failed.href,
            "cannot": failed.cannot_retry,
        },
        "datasets": [
            {
                "id": dataset.id,
                "title": gettext("Dataset {number}").format(number=dataset.id),
                "what": ngettext(
                    "{what}: {number} row, {type}", "{what}: {number} rows, {type}", dataset.num_examples
                ).format(
                    what=gettext("Step {number}").format(number=dataset.step + 1),
                    number=f"{dataset.num_examples:,}",
                    type=word(dataset.type.replace("_", " ")),
                ),
                "parts": ", ".join(f"{number:,} {gettext(name)}" for name, number in dataset.parts.items()),
                "frozen": moment(dataset.frozen_at),
                "hash": dataset.content_hash,
                "facts": [{"name": gettext(name), "value": value} for name, value in dataset.made_from.items()],
                "href": dataset.href,
            }
            for dataset in report.datasets
        ],
        "cost": _cost(report.cost),
    }


def _people(people: People) -> Shown:
    lines: list[tuple[str, str]] = []
    if people.is_told:
        lines.append(
            (
                gettext("decisions"),
                ", ".join(f"{number:,} {_decided(kind)}" for kind, number in people.kinds.items()) or gettext("none"),
            )
        )
        lines.append((gettext("people"), count(people.people)))
        lines.append((gettext("judged texts that people decided on"), count(people.looked_at)))
        over = "–" if people.share is None else f"{percent(people.share)} ({_between(people.low, people.high)})"
        lines.append((gettext("of these otherwise than the judge"), over))
    for agreed in people.agreement:
        share = (
            "–"
            if agreed.share is None
            else f"{percent(agreed.share, 0)} ({_between(agreed.share_low, agreed.share_high)})"
        )
        alpha = "–"
        if agreed.alpha is not None:
            ends = (agreed.alpha_low, agreed.alpha_high)
            between = (
                gettext("{low} to {high}").format(low=f"{ends[0]:.2f}", high=f"{ends[1]:.2f}")
                if None not in ends
                else gettext(UNKNOWN)
            )
            alpha = f"{agreed.alpha:.2f} ({between})"
        title = gettext("agreement on {criterion}").format(criterion=agreed.criterion)
        text = gettext("{share} of {number} items, Krippendorff’s alpha {alpha}")
        lines.append((title, text.format(share=share, number=f"{agreed.n:,}", alpha=alpha)))
    page = people.target.partition("?")[0]
    return {
        "way": {"href": people.target, "words": gettext(WAYS[page]), "needs": NEEDS[page]} if people.target else None,
        "lines": [{"name": name, "value": value} for name, value in lines],
        "each": [
            {
                "name": p.name,
                "decided": count(p.decided),
                "overridden": count(p.overridden),
                "minutes": f"{p.minutes:.1f}",
            }
            for p in people.each
        ],
        "missing": list(people.missing),
    }


def _decided(kind: str) -> str:
    """What people did, as it is counted."""
    words = {
        "accept": pgettext("decisions", "accept"),
        "reject": pgettext("decisions", "reject"),
        "edit": pgettext("decisions", "edit"),
        "flag": pgettext("decisions", "flag"),
        "note": pgettext("decisions", "note"),
        "skip": pgettext("decisions", "skip"),
        "score": pgettext("decisions", "score"),
        "prefer": pgettext("decisions", "prefer"),
        "rank": pgettext("decisions", "rank"),
    }
    alone = kind.removesuffix(" in bulk")
    text = words.get(alone, alone)
    return text if alone == kind else gettext("{kind} in bulk").format(kind=text)


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return gettext(UNKNOWN)
    return gettext("{low} to {high}").format(low=percent(low, 0), high=percent(high, 0))


def _endpoints(cost: Cost) -> list[tuple[str, str]]:
    """A line for each endpoint, and what they cost together."""
    lines = [
        (
            gettext("asked of {name}").format(name=each.name),
            gettext("{number} requests, {tokens_in} tokens in, {tokens_out} out").format(
                number=count(each.requests), tokens_in=count(each.tokens_in), tokens_out=count(each.tokens_out)
            )
            + ("" if each.cost is None else f": {money(each.cost)}"),
        )
        for each in cost.endpoints
    ]
    return [
        *lines,
        *([(gettext("cost of endpoints"), money(cost.endpoint_cost))] if cost.endpoint_cost is not None else []),
    ]


def money(value: float) -> str:
    """An amount in the currency of the prices, which nobody names: four digits where it is small."""
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.4g}"


def _unread(cost: Cost) -> str:
    return gettext("tokens read by other models") if cost.endpoints else gettext("tokens read by models")


def _cost(cost: Cost) -> Shown:
    times = ", ".join(f"{word(stage)} {duration(seconds)}" for stage, seconds in cost.seconds.items())
    minutes = "–" if cost.review_minutes is None else f"{cost.review_minutes:.1f} min"
    per_row: Sequence[tuple[str, float | None, str]] = (
        (gettext("tokens"), cost.tokens_per_row, ".0f"),
        ("s", cost.seconds_per_row, ".2g"),
        (gettext("review min"), cost.minutes_per_row, ".2g"),
    )
    each = [f"{value:{format}} {unit}" for unit, value, format in per_row if value is not None]
    lines = (
        (gettext("tokens written by the policy"), count(cost.tokens_written)),
        (gettext("tokens written by the judge"), count(cost.tokens_judging)),
        *([(_unread(cost), gettext("unknown"))] if cost.reads_unknown else []),
        *_endpoints(cost),
        (gettext("tokens trained on, all passes"), count(cost.tokens_trained)),
        (gettext("time of its jobs"), f"{duration(cost.total_seconds)}{f' ({times})' if times else ''}"),
        (gettext("people’s time"), minutes),
        (gettext("rows kept"), count(cost.kept)),
        (gettext("per kept row"), ", ".join(each) or "–"),
    )
    return {"lines": [{"name": name, "value": value} for name, value in lines], "missing": list(cost.missing)}
