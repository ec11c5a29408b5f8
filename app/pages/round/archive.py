"""Round page: its rows into files, and back."""

from typing import Any

import gradio as gr
from gradio.events import Dependency

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.times import moment
from backend.errors import NotFound
from backend.services import round_archive, rounds
from backend.services.round_archive import State
from backend.services.rounds import RoundView
from backend.translations import N_, gettext
from backend.values import Role, RoundStatus

ENDED = (RoundStatus.done, RoundStatus.failed, RoundStatus.cancelled)
MEGABYTE = 1024 * 1024
WORDS = """{{#if value.words}}<p class="rondo-muted">{{value.words}}</p>{{/if}}"""
OFFER = N_(
    "Its samples, judgments and decisions go from the database into files in the data folder. They are in no list, no "
    "export and no count until they are restored; metrics, funnel and checkpoint stay."
)
BROKEN = {
    State.writing: N_("Archiving it is under way or was broken off; nothing was deleted yet."),
    State.leaving: N_("Archiving it is under way or was broken off; its files are whole."),
    State.returning: N_("Restoring it is under way or was broken off; its files are whole."),
}


class ArchiveSection:
    """The components, in the order in which `shown` fills them."""

    def __init__(self) -> None:
        with gr.Accordion(
            N_("Archive"), open=False, visible=False, elem_id="round-archive", elem_classes=needs(Role.admin)
        ) as self.section:
            self.words = markup(WORDS, value={}, elem_id="round-archive-words")
            with gr.Row():
                self.put = buttons.stop(N_("Archive the round"), elem_id="archive-round")
                self.back = buttons.secondary(N_("Restore its rows"), elem_id="restore-round")
            self.refused = problem("archive-problem")

    @property
    def outputs(self) -> list[Any]:
        return [self.section, self.words, self.put, self.back]

    def wire(self, chosen: gr.Dropdown, quiet: dict[str, Any]) -> list[Dependency]:
        """Wire the buttons; return what changes the round, so that the rest of the page can follow."""
        outputs = [*self.outputs, self.refused]
        return [
            self.put.click(archive, chosen, outputs, trigger_mode="once", **quiet),
            self.back.click(restore, chosen, outputs, trigger_mode="once", **quiet),
        ]


def shown(here: Context, round_id: int | None) -> list[Any]:
    """What can be done with a round's rows."""
    row = rounds.get(here.actor, round_id) if round_id is not None else None
    if row is None or row.status not in ENDED:
        return [gr.Accordion(visible=False), {}, gr.skip(), gr.skip()]
    state = State(row.archive["state"]) if row.archived_at is not None else None
    return [
        gr.Accordion(visible=True),
        {"words": _words(row, state)},
        gr.Button(visible=state is not State.archived),
        gr.Button(visible=state is not None),
    ]


def _words(row: RoundView, state: State | None) -> str:
    if state is None:
        return gettext(OFFER)
    if state is not State.archived:
        return gettext("{state} Either button goes on from there.").format(state=gettext(BROKEN[state]))
    assert row.archived_at is not None
    entry = row.archive
    text = gettext("In {folder} since {since}: {samples} samples, {decisions} decisions, {size} MB.")
    counts = {name: f"{entry['rows'][name]:,}" for name in ("samples", "decisions")}
    size = f"{entry['num_bytes'] / MEGABYTE:,.1f}"
    return text.format(folder=entry["folder"], since=moment(row.archived_at), size=size, **counts)


@toasts
@refused_beside(4)
def archive(round_id: int | None, request: gr.Request) -> list[Any]:
    """Write the round's rows to files and delete them."""
    here = context(request)
    row = round_archive.archive(here.actor, _known(round_id))
    notice(gettext("Round {number} is archived.").format(number=row.number))
    return shown(here, row.id)


@toasts
@refused_beside(4)
def restore(round_id: int | None, request: gr.Request) -> list[Any]:
    """Put them back."""
    here = context(request)
    row = round_archive.restore(here.actor, _known(round_id), notice)
    notice(gettext("The rows of round {number} are back.").format(number=row.number))
    return shown(here, row.id)


def _known(round_id: int | None) -> int:
    if not round_id:
        raise NotFound("There is no round yet. Launch one first.")
    return round_id
