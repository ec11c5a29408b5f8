"""What the samples page shows of a query: rows, count, the opened sample, what was done to many."""

from typing import Any

import gradio as gr

from app.pages.samples.labels import rest_of
from app.widgets.asked import AddressId, asked, not_here, of_trashed
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context
from app.widgets.sample_card import ANSWER, SIMILARITY, answer_keys, card, found_in, table_row
from app.widgets.sample_filters import columns_of, from_address, is_narrowed, read_filters, to_address
from app.widgets.sample_orders import read_sort, sort_name
from app.widgets.times import moment
from app.widgets.unblinded import with_unblinded
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services import questions, samples
from backend.services.decisions import bulk
from backend.services.samples import Sort, answers, facets, similar, text_steps
from backend.services.samples import detail as sample_detail
from backend.services.samples.metadata_keys import metadata_keys
from backend.services.samples.text_steps import TextStep
from backend.translations import N_, gettext, ngettext
from backend.values import JSON
from backend.values.questions import LOWEST_RATING, QuestionKind

COLUMNS = [
    N_("Sample"),
    N_("Score"),
    N_("Verdict"),
    N_("Correct"),
    N_("Text"),
    N_("Prompt"),
    N_("Label by"),
    N_("Marks"),
    N_("Tokens"),
    N_("Finish"),
    N_("Spread"),
]
WIDTHS = [8, 7, 8, 8, 24, 20, 8, 11, 7, 7, 7]
METADATA_AT = COLUMNS.index("Text")
METADATA_WIDTH, SIMILARITY_WIDTH = 7, 8
"""Beside the widths of the others; they are shares of the whole."""
LABELS = {"similar": N_("Similar to sample"), "cluster": N_("Cluster")}
"""What the fields are called whose names refusals begin with."""
NO_ROUND = N_("No round yet. Launch one: its samples appear here while they are made.")
NONE_PASSES = N_("No sample passes these filters.")
UNKEPT = ("no_round", "is_in_trash", "no_sample", "keys", "usual", "view_name", "view_version", "as_saved")
"""What of a query does not belong into its address."""
KEPT = ("round", "no_round", "is_in_trash", "columns", "view", "view_name", "view_version")
"""What stays of a query where its filters go."""
OF_A_VIEW = ("round", "view", "sample", "at")
"""What belongs into it while a view is shown as it was saved: the address follows the view."""


def wanted(here: Context, request: gr.Request, round_ids: list[int]) -> JSON:
    """What the address asks for; without a round that of the sample, else the newest."""
    round_, sample = asked(request, "round", "round", round_ids), asked(request, "sample", "sample")
    query = from_address(dict(request.query_params)) | {"round": round_.id, "sample": sample.id}
    if round_ == AddressId() and sample.id:
        round_ = of_trashed(here, sample.id) or round_
    query |= {"no_round": round_.missing, "is_in_trash": round_.is_in_trash, "no_sample": sample.missing}
    if round_ == AddressId():
        query["round"] = round_of_sample(here, sample.id) or next(reversed(round_ids), None)
    return query


def round_of_sample(here: Context, sample_id: int | None) -> int | None:
    """The round of a sample that the person may see."""
    try:
        detail = found_sample(here, sample_id)
    except PermissionDenied:
        return None
    return detail.round_id if detail else None


def steps_of(here: Context, query: JSON) -> list[TextStep]:
    return text_steps.steps(here.actor, query["round"]) if query.get("round") else []


def only_round(query: JSON) -> JSON:
    return {name: query[name] for name in KEPT if query.get(name)}


def round_of(query: JSON) -> int:
    if not query.get("round"):
        raise NotFound("There is no round yet. Launch one first.")
    return int(query["round"])


def address_of(query: JSON) -> JSON:
    """What of the query belongs into the address."""
    kept = {name: value for name, value in query.items() if value is not None and name not in UNKEPT}
    if query.get("as_saved"):
        return {name: value for name, value in kept.items() if name in OF_A_VIEW}
    # Filters that were changed are changes to the view as it was then, also after a reload.
    version = query.get("view_version") if query.get("view") else None
    return kept if version is None else kept | {"view_version": version}


def listing(here: Context, asked_for: CurrentChoice, query: JSON, *, open_sample: bool = False) -> list[Any]:
    """Table, count, the two buttons, detail, what was seen, address; the query stands from then on."""
    if not query.get("round"):
        asked_for.put(dict(query))
        # The address stays: who mistyped it may want to mend it.
        missing: JSON = {"missing": query.get("no_round"), "is_in_trash": query.get("is_in_trash")}
        missing |= {"no_round": not missing["missing"], "no_list": bool(missing["missing"])}
        hint = gettext(NO_ROUND) if missing["no_round"] else ""
        return [table([], []), hint, *[gr.Button(interactive=False)] * 2, missing, {}, {"rest": ""}]
    keys, usual = keys_of(here, query)
    query = query | {"keys": keys, "usual": usual}
    drawn = rows_of(here, query)
    if drawn[1].startswith(gettext(NONE_PASSES)):
        drawn[1] = " ".join((drawn[1], *why_none(here, query)))
    detail = chosen_card(here, query) if open_sample else gr.skip()
    asked_for.put(dict(query))
    whole = to_address({name: value for name, value in query.items() if value is not None and name not in UNKEPT})
    kept = {"address": to_address(address_of(query)), "asked": whole, "found": drawn[5], "rest": rest_of(query)}
    kept |= {"narrowed": is_narrowed(query), "is_refused": False}
    return [*drawn[:4], detail, drawn[4], kept]


def allowed_listing(here: Context, asked_for: CurrentChoice, query: JSON) -> tuple[list[Any], JSON, str]:
    """The listing, the query that it is of, and why that is less than was asked for.

    Where something is hidden from the person, the place in the list is left out; where that is not it, the order, too;
    and where that is not it either, all filters. What cannot be read stays asked for, and is said in place of a list.
    """
    least = {name: value for name, value in query.items() if name in ("round", "sample", "columns")}
    placeless = {name: value for name, value in query.items() if name != "at"}
    unsorted = {name: value for name, value in placeless.items() if name not in ("sort", "then")}
    refusal = ""
    for n, asked_now in enumerate(tries := (query, placeless, unsorted)):
        if asked_now in tries[:n]:
            continue
        try:
            return listing(here, asked_for, asked_now, open_sample=True), asked_now, refusal
        except PermissionDenied as error:
            refusal = error.message
        except InvalidInput as error:
            return unread(asked_for, asked_now, error.message), asked_now, refusal
    return listing(here, asked_for, least, open_sample=True), least, refusal


def unread(asked_for: CurrentChoice, query: JSON, why: str) -> list[Any]:
    """No list, and why; whatever acts on this query is refused with the same words."""
    asked_for.put(dict(query))
    kept = {"narrowed": is_narrowed(query), "is_refused": True, "rest": ""}
    return [table([], []), refused(why), *[gr.Button(interactive=False)] * 2, {"is_empty": True}, {}, kept]


def refused(why: str) -> JSON:
    """What stands in place of the count; a field is called there as its label is."""
    field, _, rest = why.partition(": ")
    return {"refused": f"{gettext(LABELS[field])}: {rest}" if field in LABELS else why}


def rows_of(here: Context, query: JSON) -> list[Any]:
    """Table, count, the two buttons, what all this was made of, and what a search found in the cells."""
    page, keys = find_page(here, query), columns_of(*keys_of(here, query), query)
    keys = [f"{SIMILARITY}{query['similar']}", *keys] if query.get("similar") else keys
    names = {step.step: step.name for step in steps_of(here, query)}
    rows, count = [table_row(row, names, keys) for row in page.rows], counted(here, page, query)
    ends = [gr.Button(interactive=bool(cursor)) for cursor in (page.prev_cursor, page.next_cursor)]
    page_state = {"digest": str(hash(str([keys, rows, count]))), "next": page.next_cursor, "previous": page.prev_cursor}
    return [table(rows, keys), count, *ends, page_state, found_in(page.rows)]


def table(rows: list[list[str]], keys: list[str]) -> Any:
    """The table with its columns, those of metadata before the text."""
    of_keys = [SIMILARITY_WIDTH if key.startswith(SIMILARITY) else METADATA_WIDTH for key in keys]
    widths = [*WIDTHS[:METADATA_AT], *of_keys, *WIDTHS[METADATA_AT:]]
    shares = [f"{100 * width / sum(widths):.2f}%" for width in widths]
    names = [gettext("Similar") if key.startswith(SIMILARITY) else key for key in keys]
    columns = [gettext(name) for name in COLUMNS]
    headers = [*columns[:METADATA_AT], *names, *columns[METADATA_AT:]]
    return gr.update(value={"headers": headers, "data": rows}, column_widths=shares)


def keys_of(here: Context, query: JSON) -> tuple[list[str], list[str]]:
    """The metadata and the questions that may be columns, and of these what is one unless somebody chooses: no question
    that nobody answered. A list that is drawn again for new samples knows them."""
    if "keys" in query:
        return list(query["keys"]), list(query["usual"] if "usual" in query else query["keys"])
    if not query.get("round"):
        return [], []
    of_prompts = metadata_keys(here.actor, query["round"])
    of_answers = answer_keys(view.key for view in questions.list_questions(here.actor, here.project_id))
    answered = answers.answered(here.actor, query["round"]) if of_answers else set()
    usual = [key for key in of_answers if key.removeprefix(ANSWER) in answered]
    return [*of_prompts, *of_answers], [*of_prompts, *usual]


def columns_picker(here: Context, query: JSON) -> gr.Dropdown:
    keys, usual = keys_of(here, query)
    return gr.Dropdown(choices=[(key, key) for key in keys], value=columns_of(keys, usual, query), visible=bool(keys))


def find_page(here: Context, query: JSON) -> samples.ListedSamples:
    """The page; an address that somebody shortened begins at the first one."""
    filters, sort = read_filters(query), read_sort(query)
    try:
        return samples.page(here.actor, round_of(query), filters, sort, query.get("at"))
    except InvalidInput:
        if not query.get("at"):
            raise
        return samples.page(here.actor, round_of(query), filters, sort)


def counted(here: Context, page: samples.ListedSamples, query: JSON) -> str:
    """How many there are, what a long search does, and that the judge's view is seen before one decides blind."""
    number = f"{page.count.number:,}{'' if page.count.is_exact else '+'}"
    words = [ngettext("{number} sample", "{number} samples", page.count.number).format(number=number)]
    if page.count.number == 0 and page.count.is_exact:
        words = [gettext(NONE_PASSES)]
    if query.get("similar") and read_sort(query) == Sort():
        words.append(gettext("the closest to sample {number} first").format(number=query["similar"]))
    if page.is_partial:
        looked = gettext("{number} were looked through for this page; Next goes on.")
        words.append(looked.format(number=f"{page.looked_at:,}"))
        if not page.rows:
            words.append(gettext("A word beside it, or another filter, leaves fewer to look through."))
    if page.sort != read_sort(query):
        words.append(gettext("So many match the search that they come {order}.").format(order=sort_name(page.sort)))
    if query.get("then") and read_sort(query).then is None:
        words.append(gettext("The second order says nothing after the first, and is left out."))
    if query.get("view_name"):
        view = gettext("view {name}") if query.get("as_saved") else gettext("view {name}, changed")
        words.append(view.format(name=query["view_name"]))
    return with_unblinded(" · ".join(words), here.actor, round_of(query) if page.rows else None)


def why_none(here: Context, query: JSON) -> list[str]:
    """Of the tests that no sample passes, those that none could: of a key that is not there, beyond a scale."""
    filters, words = read_filters(query), []
    known = facets.facets(here.actor, query["round"]) if filters.metadata else []
    # Of what is hidden, of so much that not all was looked at, and of more keys than are counted nothing is said.
    if known and len(known) < facets.MOST and all(facet.is_exact for facet in known):
        keys = {facet.key for facet in known}
        lacking = dict.fromkeys(test.key for test in filters.metadata_tests if test.key not in keys)
        words += [gettext("No prompt or sample of this round has the key {key}.").format(key=key) for key in lacking]
    asked = questions.list_questions(here.actor, here.project_id) if filters.answer else []
    ratings = {view.key: view.options.highest for view in asked if view.kind is QuestionKind.rating}
    for test in filters.answer_tests:
        highest = ratings.get(test.key)
        if highest and test.of != "differ" and not LOWEST_RATING <= (test.number or 0) <= highest:
            ends = gettext("The ratings of {key} go from {low} to {high}.")
            words.append(ends.format(key=test.key, low=LOWEST_RATING, high=highest))
    return words


def chosen_card(here: Context, query: JSON) -> JSON | None:
    """The opened sample, or that it is not here."""
    if query.get("no_sample"):
        return {"missing": query["no_sample"]}
    if not query.get("sample"):
        return {"is_empty": True}
    try:
        detail = found_sample(here, query["sample"])
    except PermissionDenied as error:
        return {"missing": error.message}
    if detail is None:
        return {"missing": not_here("sample", query["sample"])}
    titles = {view.key: view.title for view in questions.list_questions(here.actor, here.project_id)}
    return card(detail, address_of(query), query, titles) | {"similar": similar_address(query, detail)}


def similar_address(query: JSON, detail: sample_detail.SampleDetail) -> str:
    """The list by the same filters of the samples that are similar to this one; empty where vectors lack."""
    if not similar.has_vectors(detail.round_id):
        return ""
    left = ("at", "sort", "then", "view", "sample")
    kept = {name: value for name, value in query.items() if name not in (*UNKEPT, *left) and value is not None}
    return to_address(kept | {"similar": detail.label.id, "sample": detail.label.id})


def found_sample(here: Context, sample_id: int | None) -> sample_detail.SampleDetail | None:
    """The sample, if this project has it."""
    try:
        detail = sample_detail.detail(here.actor, sample_id) if sample_id else None
    except NotFound:
        return None
    return detail if detail and detail.project_id == here.project_id else None


def batch_list(here: Context, query: JSON) -> gr.Dropdown:
    """The bulk actions that can be undone."""
    done = bulk.history(here.actor, round_of(query)) if query.get("round") else []
    text = gettext("{action} {number} by {name}, {when}: {reason}")
    choices = [
        (
            text.format(
                action=gettext(b.action), number=f"{b.count:,}", name=b.who, when=moment(b.at), reason=b.reason
            )[:160],
            b.id,
        )
        for b in done
        if not b.is_undone
    ]
    return gr.Dropdown(choices, value=choices[0][1] if choices else None)
