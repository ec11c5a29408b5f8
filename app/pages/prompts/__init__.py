"""Prompts: the project's sets, what is in them, and importing a file."""

from typing import Any

import gradio as gr

from app.pages.prompts import hub, importing, templates
from app.pages.prompts.importing import HELD_OUT, NONE, PARTED, as_mapping, none, short, table
from app.pages.prompts.shown import (
    ROWS,
    SETS,
    card_value,
    done_by,
    left_out_label,
    prompt_row,
    prompts_label,
    set_row,
    used_by,
    whole,
)
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail
from app.widgets.asked import asked, set_not_here
from app.widgets.context import context
from app.widgets.first import FirstFolds, FirstPart, FirstRow, Listed
from app.widgets.first_table import table_part
from app.widgets.form_fields import touched
from app.widgets.markup import markup
from app.widgets.roles import needs, only
from app.widgets.table import Table, row_number
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services import prompts
from backend.services.access import Actor
from backend.services.prompts import set_trash
from backend.services.samples import prompts_seen
from backend.translations import N_, gettext, ngettext
from backend.values import Role, Split

TITLE, PATH = N_("Prompts"), "prompts"
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
EMPTY = {"is_empty": True}
WIDTHS = [9, 24, 11, 10, 17, 10, 12, 7]


def build() -> None:
    """Lay out the page and wire it."""
    page_state = gr.State({})
    kept = gr.JSON({}, visible="hidden")
    with gr.Tabs(selected="sets") as tabs:
        with gr.Tab(N_("Prompt sets"), id="sets"):
            with list_detail.side_by_side(wide_detail=True):
                with list_detail.listed():
                    sets = table(SETS, N_("All sets"), "prompt-sets", widths=WIDTHS)
                with list_detail.detail():
                    card = markup(templates.SET, templates.SET_CSS, elem_id="prompt-set")
                    problems = table(
                        [N_("Line"), N_("What"), N_("Why")],
                        N_("Rows that were left out"),
                        "prompt-problems",
                        widths=[10, 14, 76],
                        visible=False,
                    )
                    with gr.Row(elem_classes="rondo-toolbar"):
                        search = gr.Textbox(
                            label=N_("Search"),
                            placeholder=N_('words, "as it stands", /regex/'),
                            max_lines=1,
                            elem_id="prompt-search",
                        )
                        external_id = gr.Textbox(label=N_("External id"), max_lines=1, elem_id="prompt-external-id")
                    rows = table(ROWS, N_("Prompts of this set"), "prompt-rows", widths=[6, 34, 12, 16, 20, 12])
                    with gr.Row(elem_classes="rondo-toolbar"):
                        first = buttons.secondary(N_("First page"), interactive=False)
                        more = buttons.secondary(N_("Next page"), interactive=False, elem_id="prompt-next")
                        trash = buttons.secondary(
                            N_("Move to trash…"),
                            interactive=False,
                            elem_id="prompt-trash",
                            elem_classes=needs(Role.curator),
                        )
                    why = markup(templates.WHY, templates.WHY_CSS, value="", elem_id="prompt-trash-why")
                    with gr.Row(elem_classes="rondo-toolbar", visible=False) as sure:
                        really = buttons.stop(N_("Move to trash"), elem_id="prompt-trash-really")
                        keep = buttons.secondary(N_("Keep it"))
                    whole = gr.Textbox(label=N_("Prompt"), lines=3, max_lines=24, visible=False, elem_id="prompt-whole")
        with gr.Tab(N_("Import"), id="import"), only(Role.curator, N_("Importing prompts")):
            from_hub = hub.build()
            form = importing.build()

    shown = [card, sets, problems, search, external_id, rows, first, more, trash, why, sure, whole, page_state, kept]
    gr.on(None, draw, None, [*shown, form.path, tabs], **QUIET)
    opened = sets.select(choose, [page_state], shown, **QUIET)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    gr.on([search.submit, external_id.submit], find, [page_state, search, external_id], shown, **QUIET)
    first.click(to_first, [page_state], shown, **QUIET)
    more.click(to_next, [page_state], shown, **QUIET)
    rows.select(open_prompt, [page_state], whole, **QUIET)
    trash.click(ask_to_trash, [page_state], [sure, really], **PRIVATE)
    keep.click(lambda: gr.Row(visible=False), None, sure, **QUIET)
    really.click(trash_set, [page_state], shown, **PRIVATE)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")

    gr.on([form.upload.change, form.path.input], importing.look, form.source, form.looked_at, **PRIVATE)
    for column in form.columns:
        gr.on(touched(column), importing.look_again, [*form.source, *form.columns], form.looked_at, **QUIET)
    followed, of_hub = from_hub.followed, [from_hub.state, from_hub.timer]
    from_hub.go.click(hub.fetch, [followed, *from_hub.asked], of_hub, **PRIVATE)
    from_hub.timer.tick(hub.look_again, followed, [*of_hub, form.path, *form.looked_at], **QUIET)
    form.use.change(importing.show_share, form.use, form.share, **QUIET)
    given = [*form.source, form.name, form.use, form.share, form.seed, form.strict, *form.columns]
    # The button is an output, so it is locked until the answer is there: another click would import once more.
    done = form.go.click(import_file, given, [*shown, tabs, form.go], **PRIVATE)
    done.success(None, None, None, js="() => window.scrollTo(0, 0)", api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """Return the list of sets with the chosen one's card; nothing where there is none, or another is asked for."""
    here = context(request)
    wanted = asked(request, "set", "prompt set")
    sets = prompts.list_sets(here.actor, here.project_id)
    chosen = next((row for row in sets if wanted.id in (None, row.id)), None)
    if chosen is None or wanted.missing:
        return []
    rows = [set_row(row) for row in sets]
    widths = [f"{width}%" for width in WIDTHS]
    listed = table_part(
        "prompt-sets", [gettext(head) for head in SETS], rows, widths, label=gettext("All sets"), min_width=1060
    )
    value = card_value(chosen, prompts.report(here.actor, chosen.id))
    card = FirstPart("prompt-set", templates.SET, templates.SET_CSS, value)
    return [
        FirstFolds([gettext("Prompt sets"), gettext("Import")], are_tabs=True),
        Listed([listed], [card], has_wide_detail=True),
    ]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Draw everything; the address says which set was chosen and what was searched."""
    here = context(request)
    chosen = asked(request, "set", "prompt set")
    page_state = {"set": chosen.id, "missing": chosen.missing, "q": str(request.query_params.get("q", ""))}
    page_state["id"] = str(request.query_params.get("id", ""))
    drawn = _shown(here.actor, here.project_id, page_state)
    try:
        files = prompts.importable(here.actor, here.project_id)
    except PermissionDenied:
        return [*drawn, gr.Dropdown([none()], value=NONE), gr.Tabs()]
    # Whoever comes to a project without prompts comes to import some.
    first = gr.Tabs(selected="import") if drawn[0] == EMPTY else gr.Tabs()
    return [*drawn, gr.Dropdown([none(), *files], value=NONE), first]


@toasts
def choose(page_state: dict[str, Any], event: gr.SelectData, request: gr.Request) -> list[Any]:
    """Show another set."""
    here = context(request)
    return _shown(here.actor, here.project_id, {"set": row_number(event), "q": ""})


@toasts
def find(page_state: dict[str, Any], search: str, external_id: str, request: gr.Request) -> list[Any]:
    """Show the prompts that have the words, or the one with the id."""
    here = context(request)
    return _shown(here.actor, here.project_id, page_state | {"q": search, "id": external_id, "after": None})


@toasts
def to_first(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Back to the first page."""
    here = context(request)
    return _shown(here.actor, here.project_id, page_state | {"after": None})


@toasts
def to_next(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """On to the next page."""
    here = context(request)
    return _shown(here.actor, here.project_id, page_state | {"after": page_state.get("next")})


@toasts
def open_prompt(page_state: dict[str, Any], event: gr.SelectData, request: gr.Request) -> gr.Textbox:
    """Show one prompt whole."""
    place = row_number(event)
    rows = prompts_seen.browse(context(request).actor, page_state["set"], cursor=place - 1, limit=1).rows
    return (
        gr.Textbox(whole(rows[0]), visible=True, label=gettext("Prompt {place}").format(place=place))
        if rows
        else gr.Textbox(visible=False)
    )


@toasts
def ask_to_trash(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Ask once more, naming what would go."""
    here = context(request)
    chosen = next((s for s in prompts.list_sets(here.actor, here.project_id) if s.id == page_state.get("set")), None)
    if chosen is None:
        raise NotFound("No set is chosen. Choose one from the table.")
    sure = ngettext(
        "Move {name} and its {number} prompt to the trash",
        "Move {name} and its {number} prompts to the trash",
        chosen.num_prompts,
    )
    return [gr.Row(visible=True), gr.Button(sure.format(name=short(chosen.name), number=f"{chosen.num_prompts:,}"))]


@toasts
def trash_set(page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Put the chosen set in the trash."""
    here = context(request)
    if page_state.get("set") is None:
        raise NotFound("No set is chosen. Choose one from the table.")
    name = set_trash.put(here.actor, page_state["set"]).name
    told = gettext("{name} is in the trash. The page All projects brings it back.")
    notice(told.format(name=short(name)))
    return _shown(here.actor, here.project_id, {})


@toasts
def import_file(
    upload: str | None,
    path: str,
    name: str,
    use: str,
    share: float,
    seed: float | None,
    strict: bool,
    request: gr.Request,
    *columns: Any,
) -> list[Any]:
    """Import the file and show the set it became."""
    here = context(request)
    if upload is None and path == NONE:
        raise InvalidInput("There is no file to import. Upload one, or choose one of the imports folder.")
    split = Split.held_out if use == HELD_OUT else Split.train
    report = prompts.import_file(
        here.actor,
        here.project_id,
        name,
        **importing.source_of(here, upload, path),
        split=split,
        mapping=as_mapping(*columns),
        held_out_share=share if use == PARTED else 0.0,
        seed=int(seed or 0),
        on_bad="refuse" if strict else "keep good",
    )
    notice(done_by(report))
    shown = _shown(here.actor, here.project_id, {"set": report.sets[0].id})
    return [*shown, gr.Tabs(selected="sets"), gr.Button()]


def _shown(actor: Actor, project_id: int, page_state: dict[str, Any]) -> list[Any]:
    """The sets, and of the chosen one (else the newest) its report and a page of its prompts."""
    sets = prompts.list_sets(actor, project_id)
    wanted, missing = page_state.get("set"), page_state.get("missing", "")
    chosen = next((s for s in sets if wanted in (None, s.id)), None)
    missing = missing or (set_not_here(actor, project_id, wanted) if wanted is not None and chosen is None else "")
    if chosen is None or missing:
        nothing = gr.Button(interactive=False)
        hidden = Table(visible=False)
        return [
            {"missing": missing} if missing else EMPTY,
            Table([set_row(s) for s in sets], visible=bool(sets)),
            hidden,
            "",
            "",
            hidden,
            nothing,
            nothing,
            nothing,
            "",
            gr.Row(visible=False),
            gr.Textbox(visible=False),
            {},
            {},
        ]
    page_state = {name: value for name, value in page_state.items() if name != "missing"} | {"set": chosen.id}
    report, query = prompts.report(actor, chosen.id), page_state.get("q", "")
    id_ = page_state.get("id", "")
    page = prompts_seen.browse(actor, chosen.id, search=query, external_id=id_, cursor=page_state.get("after"))
    left_out = [[str(p.line), p.kind, short(p.reason)] for p in report.problems] if report else []
    return [
        card_value(chosen, report),
        Table([set_row(s) for s in sets], visible=True),
        Table(left_out, visible=bool(left_out), label=left_out_label(report, len(left_out))),
        query,
        id_,
        Table([prompt_row(row) for row in page.rows], visible=True, label=prompts_label(chosen, page)),
        gr.Button(interactive=page_state.get("after") is not None),
        gr.Button(interactive=page.next is not None),
        gr.Button(interactive=chosen.num_rounds == 0),
        used_by(chosen),
        gr.Row(visible=False),
        gr.Textbox(visible=False),
        page_state | {"next": page.next},
        {"set": str(chosen.id), "q": query, "id": id_},
    ]
