"""What the Groups page shows of a query: a row for each group, how many there are, and where the list goes on."""

from typing import Any

import gradio as gr

from app.widgets.context import Context
from app.widgets.formats import in_percent
from app.widgets.sample_card import BADGES, one_line
from app.widgets.sample_facts import score
from app.widgets.sample_filters import is_narrowed, read_filters, to_address
from app.widgets.unblinded import with_unblinded
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services.samples import groups
from backend.services.samples.group_rows import GroupMember, GroupRow
from backend.services.samples.groups import GroupSort, GroupSortKey, ListedGroups
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, SampleKind, Verdict

ORDERS = [
    (N_("Number, oldest first"), "+number"),
    (N_("Number, newest first"), "-number"),
    (N_("Pass rate, highest first"), "-pass_rate"),
    (N_("Pass rate, lowest first"), "+pass_rate"),
    (N_("Spread of scores, widest first"), "-spread"),
    (N_("Spread of scores, narrowest first"), "+spread"),
]
FIRST_ORDER = "+number"
SIGNS = {Verdict.accept: "✓", Verdict.reject: "✗", None: "·"}
HIDDEN = N_("hidden until you decide")


def address_of(query: JSON) -> JSON:
    """What of the query belongs into an address."""
    kept = {name: value for name, value in query.items() if value not in (None, "", [])}
    return {name: value for name, value in kept.items() if (name, value) != ("order", FIRST_ORDER)}


def filters_of(query: JSON) -> JSON:
    """What the list of samples takes of it: other orders, and no place."""
    return {name: value for name, value in address_of(query).items() if name not in ("order", "at", "sort")}


def orders(here: Context, query: JSON) -> list[tuple[str, str]]:
    """The orders that the person may choose on this round now."""
    if not query.get("round") or groups.may_sort(here.actor, query["round"]):
        return [(gettext(words), order) for words, order in ORDERS]
    return [(gettext(words), order) for words, order in ORDERS if order[1:] == GroupSortKey.number]


def without_refused_order(offered: list[tuple[str, str]], query: JSON) -> tuple[JSON, str]:
    """The query without an order that is not offered, and without its place; and what to say of it."""
    if query.get("order", FIRST_ORDER) in {order for _, order in offered}:
        return query, ""
    left = {name: value for name, value in query.items() if name not in ("order", "at")}
    return left, gettext(
        "The orders by pass rate and spread are hidden until this round is reviewed: groups come by number."
    )


def order_of(query: JSON) -> GroupSort:
    return GroupSort.read(query.get("order", FIRST_ORDER))


def find_page(here: Context, query: JSON) -> ListedGroups:
    """The page; an address that somebody shortened begins at the first one."""
    filters, order = read_filters(query), order_of(query)
    try:
        return groups.page(here.actor, query["round"], filters, order, query.get("at"))
    except InvalidInput:
        if not query.get("at"):
            raise
        query["at"] = None
        return groups.page(here.actor, query["round"], filters, order)


def drawn(here: Context, query: JSON, before: list[str | None]) -> list[Any]:
    """The rows, the count, the two buttons, the link to the samples, the place, the address."""
    if not query.get("round"):
        empty = {
            "empty": query.get("no_round") or gettext("No round of this project has samples yet."),
            "is_without_round": True,
        }
        return [empty, "", *[gr.Button(interactive=False)] * 2, {"to": "samples"}, {}, gr.skip()]
    page = find_page(here, query)
    to = f"samples?{to_address(filters_of(query))}"
    rows: JSON = {"rows": [row_of(row, filters_of(query)) for row in page.rows]}
    if not page.rows and not page.next_cursor:
        has_filters = bool(read_filters(query).changed())
        message = (
            gettext("No group has a sample that passes these filters.")
            if has_filters
            else gettext("This round has no samples yet.")
        )
        rows = {"empty": message, "to": to, "has_filters": has_filters, "round": query["round"]}
    ends = [gr.Button(interactive=bool(before or query.get("at"))), gr.Button(interactive=bool(page.next_cursor))]
    place = {"query": query, "before": before, "next": page.next_cursor}
    kept = {"address": to_address(address_of(query)), "narrowed": is_narrowed(query)}
    count = with_unblinded(counted(page, query), here.actor, query["round"] if page.rows else None)
    return [rows, count, *ends, {"to": to}, place, kept]


def counted(page: ListedGroups, query: JSON) -> str:
    """How many there are, or are on this page, and in which order they come where it is not the wanted one."""
    number = page.count.number
    count = ngettext("{number} group", "{number} groups", number)
    if not page.count.is_exact:
        count = ngettext("{number} group on this page", "{number} groups on this page", number)
    words = [count.format(number=f"{number:,}")]
    if page.is_partial:
        words.append(gettext("Next goes on"))
    if page.sort.key is not order_of(query).key:
        words.append(
            gettext("There is too much to read to sort them, so groups come by number. Narrower filters sort them.")
        )
    elif page.sort != order_of(query):
        newest, oldest = (
            gettext("Groups come by number, newest first."),
            gettext("Groups come by number, oldest first."),
        )
        words.append(newest if page.sort.descending else oldest)
    return " · ".join(words)


def row_of(row: GroupRow, query: JSON) -> JSON:
    """A group for the template; its samples lead to the list of samples with the page's filters."""
    percent = None if row.pass_rate is None else round(100 * row.pass_rate)
    passed = gettext("no verdict")
    if row.num_with_verdict:
        passed = gettext("{number} of {whole} pass").format(number=row.num_accepted, whole=row.num_with_verdict)
    return {
        "prompt": one_line(row.prompt) or gettext("(no words)"),
        "passed": gettext(HIDDEN) if row.is_hidden else passed,
        "rate": "" if percent is None else in_percent(percent),
        "percent": str(percent),
        "spread": "" if row.spread is None else gettext("spread {score}").format(score=score(row.spread)),
        "members": [member_of(sample, query) for sample in row.samples],
        "more": gettext("and {number} more").format(number=f"{row.num_more:,}") if row.num_more else "",
        # The card of a sample lists the others of its group.
        "rest": f"samples?{to_address(query | {'sample': row.samples[-1].id})}" if row.num_more else "",
    }


def member_of(member: GroupMember, query: JSON) -> JSON:
    title = gettext("sample {number}, {verdict}")
    if member.kind != SampleKind.completion:
        title = gettext("sample {number}, {verdict}, {kind}")
    verdict = gettext(HIDDEN) if member.is_hidden else word(member.verdict) or gettext("no verdict")
    return {
        "badge": BADGES[member.verdict],
        "sign": SIGNS[member.verdict],
        "score": score(member.score),
        "title": title.format(number=member.id, verdict=verdict, kind=word(member.kind)),
        "href": f"samples?{to_address(query | {'sample': member.id})}",
    }
