"""Audit: who did what, when, to what, from where; filtered, and downloaded by admins."""

from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.toasts import toasts
from app.widgets import buttons, filter_line, times
from app.widgets.context import Context, context
from app.widgets.form_fields import FormField
from app.widgets.markup import markup
from app.widgets.number import Number
from app.widgets.plain_table import plain_table, rows_of
from backend.errors import PermissionDenied
from backend.services import audit, projects, rounds
from backend.services.audit import AuditEntry, AuditQuery
from backend.services.people import accounts
from backend.translations import N_, gettext
from backend.values import JSON, Role

TITLE, PATH = N_("Audit"), "audit"
MENU = "person"
COLUMNS = [N_("When"), N_("Who"), N_("What"), N_("To what"), N_("Round"), N_("Via"), N_("Details")]
SHOWN_DETAIL = 300
EMPTY: tuple[Any, ...] = (None, "", [], {})
KINDS = [(N_("All"), ""), (N_("Decisions on items"), "decision"), (N_("Everything else"), "event")]
FROM = [
    (N_("Anywhere"), ""),
    (N_("Pages"), "page"),
    (N_("API"), "api"),
    (N_("Agents"), "mcp"),
    (N_("Command line"), "cli"),
    (N_("Rules"), "rule"),
]
NAMES = ("person", "kind", "verb", "subject", "sample_id", "round_id", "via", "since", "until")
FOLDED = ("kind", "sample_id", "via", "since", "until")
"""The filters behind "More filters"."""
SAID = """
{{#if value.denied}}<div class="rondo-empty"><p>{{value.denied}}</p>
<p>What you decided yourself stands in <a href="me">My work</a>.</p></div>{{/if}}
{{#if value.links}}<p class="rondo-muted links">Download what the filters find:
{{#each value.links}}<a href="{{this.href}}" download>{{this.name}}</a>{{/each}}</p>{{/if}}
"""
SAID_CSS = ".links { margin: 0; } .links a { color: var(--rondo-accent); margin-left: 8px; }"


def build() -> None:
    """Lay out the page and wire it."""
    place = gr.State({"before": [], "next": None})
    with filter_line.line():
        person = gr.Dropdown([], label=N_("Who"), allow_custom_value=True, elem_id="audit-person")
        verb = gr.Dropdown([(N_("All"), "")], value="", label=N_("What"), elem_id="audit-verb")
        subject = gr.Textbox(label=N_("To what"), placeholder=N_("a word of it, or of a note"), elem_id="audit-subject")
        round_ = gr.Dropdown([(N_("All"), 0)], value=0, label=N_("Round"), filterable=False)
    with filter_line.more("audit-more") as more:
        kind = gr.Dropdown(KINDS, value="", label=N_("Kind"), filterable=False)
        sample = Number(None, label=N_("Sample"), precision=0, minimum=1, elem_id="audit-sample")
        via = gr.Dropdown(FROM, value="", label=N_("Via"), filterable=False)
        since = gr.Textbox(label=N_("Since"), placeholder=N_("2026-01-31 or 2026-01-31 14:00"), elem_id="audit-since")
        until = gr.Textbox(label=N_("Before"), placeholder="2026-02-01", elem_id="audit-until")
    with gr.Row(elem_classes="rondo-toolbar"):
        newer = buttons.secondary(N_("Newer"), interactive=False, elem_id="audit-newer")
        older = buttons.secondary(N_("Older"), interactive=False, elem_id="audit-older")
        status = markup(SAID, SAID_CSS, elem_id="audit-said")
    table = plain_table("audit-table")

    bar: list[FormField] = [person, kind, verb, subject, sample, round_, via, since, until]
    shown = [table, newer, older, status, place]
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    gr.on(None, draw, None, [person, verb, round_, sample, *shown], **private)
    typed = [c.submit if isinstance(c, gr.Textbox | gr.Number) else c.input for c in bar]
    gr.on(typed, narrow, bar, [*shown, more], **private)
    older.click(to_older, [place, *bar], shown, **private)
    newer.click(to_newer, [place, *bar], shown, **private)


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Fill the filters and show the newest."""
    here = context(request)
    try:
        verbs = audit.verbs(here.actor, here.project_id)
    except PermissionDenied as error:
        return [*[gr.skip()] * 7, {"denied": error.message}, gr.skip()]
    people = [person.name for person in accounts.list_people(here.actor, here.project_id)]
    numbers = [
        (gettext("Round {number}").format(number=round_.number), round_.id)
        for round_ in rounds.list_rounds(here.actor, here.project_id)
    ]
    filters = [
        gr.update(choices=[(gettext("Everybody"), ""), *((name, name) for name in people)], value=""),
        gr.update(choices=[(gettext("All"), ""), *((verb, verb) for verb in verbs)], value=""),
        gr.update(choices=[(gettext("All"), 0), *numbers], value=0),
        None,
    ]
    return filters + _page(here, {}, [])


@toasts
def narrow(request: gr.Request, *given: Any) -> list[Any]:
    """Show the newest of what the filters find."""
    asked = _named(given)
    number = sum(asked[name] not in EMPTY for name in FOLDED)
    return [*_page(context(request), asked, []), filter_line.folded(number)]


@toasts
def to_older(request: gr.Request, place: JSON, *given: Any) -> list[Any]:
    """Show the page after this one."""
    return _page(context(request), _named(given), [*place["before"], place["next"]])


@toasts
def to_newer(request: gr.Request, place: JSON, *given: Any) -> list[Any]:
    """Show the page before this one."""
    return _page(context(request), _named(given), place["before"][:-1])


def _named(given: tuple[Any, ...]) -> JSON:
    return dict(zip(NAMES, given, strict=True))


def _page(here: Context, given: JSON, before: list[str]) -> list[Any]:
    """The page that the last of these cursors leads to, and the place where it stands."""
    asked = read(given)
    listing = audit.listing(here.actor, here.project_id, asked, after=before[-1] if before else None)
    rows = rows_of(
        [gettext(name) for name in COLUMNS],
        [table_row(entry) for entry in listing.entries],
        none=gettext("Nothing that the filters find."),
    )
    buttons = [gr.Button(interactive=bool(before)), gr.Button(interactive=listing.next is not None)]
    return [rows, *buttons, {"links": _links(here, asked)}, {"before": before, "next": listing.next}]


def _links(here: Context, asked: AuditQuery) -> list[dict[str, str]]:
    """Downloads, for those who may."""
    if projects.get(here.actor, here.project_id).role.rank < Role.admin.rank:
        return []
    query = {name: value for name, value in vars(asked).items() if value not in ("", None, False)}
    path = f"/api/v1/projects/{here.project_id}/audit/export"
    formats = [query | {"format": format} for format in ("jsonl", "csv")]
    return [{"name": query["format"].upper(), "href": f"{path}?{urlencode(query)}"} for query in formats]


def read(given: dict[str, Any]) -> AuditQuery:
    """The filters as the service wants them."""
    return AuditQuery(
        person=str(given.get("person") or ""),
        kind=given.get("kind") or "",
        verb=str(given.get("verb") or ""),
        subject=str(given.get("subject") or "").strip(),
        sample_id=int(given["sample_id"]) if given.get("sample_id") else None,
        round_id=int(given["round_id"]) if given.get("round_id") else None,
        via=str(given.get("via") or ""),
        since=times.read(given.get("since")),
        until=times.read(given.get("until")),
    )


def table_row(entry: AuditEntry) -> list[str]:
    """One act as the table shows it."""
    number = "" if entry.round is None else str(entry.round)
    return [times.logged(entry.at), entry.who, entry.verb, entry.subject, number, entry.via, details(entry.details)]


def details(facts: JSON) -> str:
    """`reason did not read, decisions 12`."""
    text = in_words(facts)
    return text if len(text) <= SHOWN_DETAIL else f"{text[:SHOWN_DETAIL]}…"


def in_words(value: Any) -> str:
    """JSON as words; what is empty goes unsaid. The download has it as it is."""
    if isinstance(value, dict):
        return ", ".join(_named_words(str(name), item) for name, item in value.items() if _is_said(item))
    if isinstance(value, list):
        return ", ".join(f"({in_words(item)})" if isinstance(item, dict | list) else in_words(item) for item in value)
    return str(value)


def _is_said(value: Any) -> bool:
    # Zero equals False, and is a number worth saying.
    return value is not False and value not in EMPTY


def _named_words(name: str, value: Any) -> str:
    word = name.replace("_", " ")
    if value is True:
        return word
    # `value` is the column that holds a decision's words: its name says nothing.
    return in_words(value) if name == "value" else f"{word} {in_words(value)}"
