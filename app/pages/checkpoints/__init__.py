"""Checkpoints: lineage and numbers side by side, who made each, a box to try prompts, registering new ones."""

from functools import partial
from typing import Any

import gradio as gr

from app.pages.arena import shown as arena_shown
from app.pages.checkpoints import checks as checkpoints_checks
from app.pages.checkpoints import endpoint, following, gguf, merging, registering, templates, trying
from app.pages.checkpoints.drawing import detail_value, table_value
from app.toasts import notice, toasts
from app.widgets import buttons, hub_card, hub_push, list_detail
from app.widgets.asked import AddressId, asked
from app.widgets.beside import refused_beside
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.first import FirstPart, FirstRow, Listed
from app.widgets.markup import markup
from app.widgets.roles import needs, only
from backend.errors import InvalidInput
from backend.services import checkpoints
from backend.services.access import Actor
from backend.services.arena import results
from backend.services.arena.results import Result
from backend.services.checkpoints import Endpoint, model_cards, trials
from backend.services.hub import pushes
from backend.services.team import removals
from backend.translations import N_, gettext
from backend.values import Role

TITLE, PATH = N_("Checkpoints"), "checkpoints"
POLL_SECONDS = 1.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
DRAWN_AGAIN = 21
"""Outputs of `_refreshed`: the lists, and what `made_values` says of the chosen checkpoint."""


def build() -> None:
    """Lay out the page and wire it."""
    tried, followed, doomed = gr.State(CurrentChoice()), gr.State(CurrentChoice()), gr.State(None)
    with list_detail.side_by_side():
        with list_detail.listed():
            table = markup(templates.TABLE, templates.TABLE_CSS, elem_id="lineage")
        with list_detail.detail():
            with gr.Tabs(selected="made") as tabs:
                with gr.Tab(N_("Who made this model?"), id="made"):
                    chosen = gr.Dropdown([], label=N_("Checkpoint"), elem_id="chosen-checkpoint")
                    detail_card = markup(templates.DETAIL, templates.DETAIL_CSS, elem_id="detail")
                    checks, check = checkpoints_checks.draw()
                    merges, merged_name, merge = merging.draw()
                    files, outtype, write_file = gguf.draw()
                    with gr.Accordion(N_("Model card"), open=False, elem_id="model-card"):
                        write_card, card = hub_card.draw("model")
                    pushed = hub_push.draw("model")
                    settings, known, save, unsaved = endpoint.draw()
                    with gr.Accordion(N_("Rename or delete"), open=False, elem_classes=needs(Role.curator)):
                        new_name = gr.Textbox(
                            label=N_("New name"), max_length=120, info=N_("Nothing refers to the name.")
                        )
                        with gr.Row(elem_classes="rondo-toolbar"):
                            rename = buttons.secondary(N_("Rename"))
                            delete = buttons.secondary(N_("Delete…"), elem_id="checkpoint-delete")
                        with gr.Column(visible=False) as sure:
                            asked_once = markup(templates.SURE, elem_id="checkpoint-delete-said")
                            with gr.Row(elem_classes="rondo-toolbar"):
                                really = buttons.stop(N_("Delete it"), elem_id="checkpoint-delete-really")
                                keep = buttons.secondary(N_("Keep it"), elem_id="checkpoint-keep")
                with gr.Tab(N_("Try a prompt"), id="try"), only(Role.curator, N_("Trying a prompt")):
                    first_field, two, sampled, ask, state, replies = trying.draw()
                with gr.Tab(N_("Register"), id="register"), only(Role.curator, N_("Registering a checkpoint")):
                    name, role, location, folder, url, model, given, served, refused = registering.draw()

    served_by = [settings, *known, check]
    lists, made_of = (
        [table, chosen, first_field, two],
        [detail_card, checks, *merges, *files, card, pushed.state, *served_by],
    )
    gr.on(None, load, tried, [*lists, *made_of, sampled[0], state, *replies, tabs], **QUIET)
    chosen.input(show, chosen, made_of, **QUIET)
    check.click(checkpoints_checks.check_again, chosen, checks, **checkpoints_checks.PRIVATE)
    merging_asked = merge.click(merging.merge, [chosen, merged_name], merges, **merging.PRIVATE)
    file_asked = write_file.click(gguf.write, [chosen, outtype], files, **PRIVATE)
    write_card.click(write_model_card, chosen, card, **PRIVATE)
    push_asked = pushed.go.click(push, [chosen, pushed.repo, pushed.is_private], pushed.state, **PRIVATE)
    under_way = [merges[1], pushed.state, files[1]]
    for follows in (chosen.change, merging_asked.success, push_asked.success, file_asked.success):
        follows(following.follow, [followed, chosen], under_way, **QUIET)
    save.click(endpoint.save, [chosen, *known], [*served_by, unsaved], **endpoint.PRIVATE)
    # Another checkpoint is another question.
    gr.on([chosen.input, keep.click], lambda: gr.Column(visible=False), None, sure, **QUIET)
    rename.click(give_name, [chosen, new_name], [*lists, *made_of], **PRIVATE)
    delete.click(ask_forget, chosen, [sure, asked_once, doomed], **PRIVATE)
    really.click(forget, doomed, [*lists, *made_of, sure], **PRIVATE)
    ask.click(trying.ask_checkpoints, [tried, first_field, two, *sampled], [state, *replies], **PRIVATE)
    gr.Timer(POLL_SECONDS).tick(poll, [tried, followed], [state, *replies, *under_way], **QUIET)
    registered = [*lists, *made_of, refused]
    folder.click(register_folder, [name, role, location], registered, **PRIVATE)
    served.click(register_endpoint, [name, role, url, model, *given], registered, **PRIVATE)


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the lineage."""
    here = context(request)
    rows, hurt = (
        checkpoints.tree(here.actor, here.project_id),
        removals.learned_from_removed(here.actor, here.project_id),
    )
    return [Listed([FirstPart("lineage", templates.TABLE, templates.TABLE_CSS, table_value(rows, hurt))])]


@toasts
def load(tried: CurrentChoice, request: gr.Request) -> list[Any]:
    """Fill the page; `?checkpoint=ID` chooses one. What one tried last is still there."""
    here = context(request)
    known = {row.id for row in checkpoints.tree(here.actor, here.project_id)}
    chosen = asked(request, "checkpoint", "checkpoint", known)
    lists, first = _lists(here.actor, here.project_id, chosen)
    last = trials.newest(here.actor, here.project_id)
    detail = made_values(here.actor, here.project_id, first)
    if chosen.missing:
        detail[0] = {"missing": chosen.missing}
    # Whoever comes to a project without checkpoints comes to register one.
    opened = gr.Tabs() if known else gr.Tabs(selected="register")
    tried.put({"job": last and last.job_id})
    return [*lists, *detail, last.prompt if last else "", *trying.drawn(last), opened]


@toasts
def show(checkpoint_id: int, request: gr.Request) -> list[Any]:
    """Show who made a checkpoint, and what was checked of it."""
    here = context(request)
    return made_values(here.actor, here.project_id, checkpoint_id)


@toasts
def give_name(checkpoint_id: int | None, name: str, request: gr.Request) -> list[Any]:
    """Rename."""
    here = context(request)
    checkpoints.rename(here.actor, _known(checkpoint_id), name)
    return _refreshed(request, checkpoint_id)


@toasts
def write_model_card(checkpoint_id: int | None, request: gr.Request) -> gr.Code:
    """Write the card of the chosen checkpoint."""
    return hub_card.shown(model_cards.of_checkpoint(context(request).actor, _known(checkpoint_id)))


@toasts
def push(checkpoint_id: int | None, repo: str, is_private: bool, request: gr.Request) -> dict[str, Any] | None:
    """Have the chosen checkpoint pushed to the hub."""
    here = context(request)
    job_id = pushes.push_checkpoint(here.actor, _known(checkpoint_id), repo or "", is_private=bool(is_private))
    notice(gettext("Job {job_id} is queued: it pushes the checkpoint.").format(job_id=job_id))
    return hub_push.state_value(pushes.get(here.actor, job_id))


@toasts
def ask_forget(checkpoint_id: int | None, request: gr.Request) -> list[Any]:
    """Ask once more, naming what would go."""
    detail = checkpoints.detail(context(request).actor, _known(checkpoint_id))
    return [gr.Column(visible=True), {"name": detail.row.name}, checkpoint_id]


@toasts
def forget(checkpoint_id: int | None, request: gr.Request) -> list[Any]:
    """Delete the one that was asked about, whichever is chosen by now."""
    here = context(request)
    checkpoints.delete(here.actor, _known(checkpoint_id))
    return [*_refreshed(request, None), gr.Column(visible=False)]


@toasts
@refused_beside(DRAWN_AGAIN, registering.FIELDS)
def register_folder(name: str, role: str, location: str, request: gr.Request) -> list[Any]:
    """Register a folder or hub name."""
    here = context(request)
    new = checkpoints.register(here.actor, here.project_id, name=name, location=location, role=role)
    notice(gettext("{name} is registered.").format(name=name))
    return _refreshed(request, new)


@toasts
@refused_beside(DRAWN_AGAIN, registering.FIELDS)
def register_endpoint(request: gr.Request, name: str, role: str, url: str, model: str, *given: Any) -> list[Any]:
    """Register an endpoint, and test what it can do."""
    here = context(request)
    served = Endpoint(url, model, settings=endpoint.settings_of(list(given)))
    new = checkpoints.register(here.actor, here.project_id, name=name, endpoint=served, role=role)
    notice(gettext("{name} is registered.").format(name=name))
    return _refreshed(request, new)


@toasts
def poll(tried: CurrentChoice, followed: CurrentChoice, request: gr.Request) -> list[Any]:
    """Follow a trial, a merge, a push and a file until they are over."""
    return [*trying.now(tried, request), *following.now(followed, partial(context, request))]


def _known(checkpoint_id: int | None) -> int:
    if checkpoint_id is None:
        raise InvalidInput("Choose a checkpoint first.")
    return checkpoint_id


def _refreshed(request: gr.Request, chosen: int | None) -> list[Any]:
    here = context(request)
    lists, first = _lists(here.actor, here.project_id, AddressId(chosen))
    return [*lists, *made_values(here.actor, here.project_id, first)]


def made_values(actor: Actor, project_id: int, checkpoint_id: int | None) -> list[Any]:
    """The card of a checkpoint, the lines of its checks, its merge and file, and of an endpoint its settings."""
    if not checkpoint_id:
        return [None, None, *merging.values(None), *gguf.values(None), hub_card.nothing(), None, *endpoint.values(None)]
    detail = checkpoints.detail(actor, checkpoint_id)
    card, lines = shown(actor, project_id, checkpoint_id), checkpoints_checks.value(detail)
    pushed = hub_push.state_value(pushes.newest(actor, project_id, "checkpoint", checkpoint_id))
    files = [*merging.values(detail), *gguf.values(detail)]
    return [card, lines, *files, hub_card.nothing(), pushed, *endpoint.values(detail)]


def shown(actor: Actor, project_id: int, checkpoint_id: int) -> dict[str, Any]:
    """Who made a checkpoint, and whether it learned from work that does not stand any more."""
    removed = removals.learned_from_removed(actor, project_id)
    arenas = results.list_arenas(actor, project_id, checkpoint_id=checkpoint_id)
    return detail_value(checkpoints.detail(actor, checkpoint_id)) | {
        "is_doubtful": checkpoint_id in removed,
        "arenas": [arena_line(arena.id, arena.result) for arena in arenas if arena.result is not None],
    }


def arena_line(arena_id: int, result: Result) -> dict[str, str]:
    """An arena's result on the card of a checkpoint that played in it."""
    people, judge = arena_shown.wins(result.wins, result.first), result.judge
    told = gettext("People: {wins}.").format(wins=people)
    if judge is not None:
        text = gettext("People: {wins}. The judge {name}: {of_judge}.")
        told = text.format(wins=people, name=judge.name, of_judge=arena_shown.wins(judge.wins, result.first))
    return {
        "target": f"arena?arena={arena_id}",
        "name": gettext("{first} against {second}").format(first=result.first, second=result.second),
        "said": told,
    }


def _lists(actor: Any, project_id: int, chosen: AddressId) -> tuple[list[Any], int | None]:
    """The table and the three dropdowns, and which checkpoint they start with: the asked one, else the newest.

    None where the asked one is not there.
    """
    rows = checkpoints.tree(actor, project_id)
    ids = [row.id for row in rows]
    newest = None if chosen.missing else max(ids, default=None)
    first = chosen.id if chosen.id in ids else newest
    parent = next((row.parent_id for row in rows if row.id == first), None)
    choices = [(row.name, row.id) for row in rows]
    first_field = gr.Dropdown(choices=choices, value=first)
    two = gr.Dropdown(choices=[(gettext("no checkpoint"), 0), *choices], value=parent or 0)
    return [table_value(rows, removals.learned_from_removed(actor, project_id)), first_field, first_field, two], first
