"""People page, for owners: everybody's account; letting in, shutting out, signing out."""

from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.table import Table
from app.widgets.times import day
from backend.errors import InvalidInput
from backend.services.people import accounts
from backend.services.people.accounts import UserView
from backend.translations import N_, gettext, ngettext

COLUMNS = [N_("Name"), N_("Account"), N_("Password"), N_("Made")]


def build(tab: gr.Tab) -> None:
    """Lay out the tab and wire it."""
    table = Table(
        headers=COLUMNS,
        datatype="str",
        label=N_("Everybody of this installation, for owners"),
        show_label=True,
        interactive=False,
        wrap=True,
        elem_id="accounts-table",
    )
    with gr.Row(equal_height=True):
        name = gr.Textbox(label=N_("Name"), info=N_("As the table shows it."), max_length=80, elem_id="account-name")
        link = gr.Textbox(
            label=N_("One-time link"),
            info=N_("Works once, for 15 minutes."),
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="account-link",
        )
    with gr.Row(elem_classes="rondo-toolbar"):
        make = buttons.secondary(N_("Make a one-time link"))
        end = buttons.secondary(N_("Sign out everywhere"))
        shut = buttons.stop(N_("Deactivate"), elem_id="account-deactivate")
        let_in = buttons.secondary(N_("Reactivate"))
    refused = problem("account-problem")

    private: dict[str, Any] = {"api_visibility": "private"}
    tab.select(show, None, table, **private)
    make.click(make_link, name, [link, refused], **private)
    for button, handler in ((end, end_sessions), (shut, deactivate), (let_in, reactivate)):
        button.click(handler, name, [table, refused], **private)


@toasts
def show(request: gr.Request) -> list[list[str]]:
    """List everybody."""
    return _rows(context(request))


@toasts
@refused_beside(1)
def make_link(name: str, request: gr.Request) -> list[Any]:
    """Make a link that signs the person in once."""
    here = context(request)
    secret = accounts.one_time_link(here.actor, _id(here, name))
    return [gr.update(value=f"{here.base_url}/login/link/{secret}", visible=True)]


@toasts
@refused_beside(1)
def end_sessions(name: str, request: gr.Request) -> list[Any]:
    """Sign the person out of every browser."""
    here = context(request)
    ended = accounts.end_sessions(here.actor, _id(here, name))
    text = ngettext("{number} session of {name} ended.", "{number} sessions of {name} ended.", ended)
    notice(text.format(number=ended, name=name.strip()))
    return [_rows(here)]


@toasts
@refused_beside(1)
def deactivate(name: str, request: gr.Request) -> list[Any]:
    """Shut the person out at once."""
    here = context(request)
    accounts.deactivate(here.actor, _id(here, name))
    text = gettext("{name} is shut out: sessions, tokens and links ended. What they decided stays.")
    notice(text.format(name=name.strip()))
    return [_rows(here)]


@toasts
@refused_beside(1)
def reactivate(name: str, request: gr.Request) -> list[Any]:
    """Let the person in again."""
    here = context(request)
    accounts.reactivate(here.actor, _id(here, name))
    return [_rows(here)]


def _id(here: Context, name: str) -> int:
    if not name.strip():
        raise InvalidInput("Nobody is named. Type a name from the table.")
    return accounts.find(here.actor, name.strip()).id


def _rows(here: Context) -> list[list[str]]:
    return [
        [
            user.name,
            _state(user),
            gettext("yes") if user.has_password else gettext("no"),
            day(user.created_at),
        ]
        for user in accounts.list_users(here.actor)
    ]


def _state(user: UserView) -> str:
    """Whether the person may come in, and owns this installation."""
    if user.is_owner:
        return gettext("owner, active") if user.is_active else gettext("owner, shut out")
    return gettext("active") if user.is_active else gettext("shut out")
