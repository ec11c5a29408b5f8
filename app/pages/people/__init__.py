"""People of the project, and one's own account: password, browsers, tokens."""

from typing import Any

import gradio as gr

from app.pages.people import account_list
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import context
from app.widgets.roles import needs
from app.widgets.table import Table
from app.widgets.times import day, moment
from app.widgets.value_words import word
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.people import accounts, browsers, sessions
from backend.translations import N_, gettext, ngettext
from backend.values import Role

TITLE, PATH = N_("People and account"), "people"
MENU = "person"

ROLES = [
    (N_("Viewer: reads"), "viewer"),
    (N_("Reviewer: decides on samples"), "reviewer"),
    (N_("Curator: imports, launches, edits in bulk"), "curator"),
    (N_("Admin: also adds people"), "admin"),
]
PEOPLE_COLUMNS = [N_("Name"), N_("Role"), N_("Account")]
TOKEN_COLUMNS = [N_("Id"), N_("Name"), N_("Made"), N_("Expires"), N_("Last used, to the hour")]
SESSION_COLUMNS = [N_("Id"), N_("Signed in"), N_("Ends"), N_("This browser")]


def build() -> None:
    """Lay out and wire the page."""
    with gr.Tab(N_("Members")):
        people = _table(PEOPLE_COLUMNS, N_("Members of this project"))
        with gr.Row(equal_height=True, elem_classes=needs(Role.admin)):
            name = gr.Textbox(
                label=N_("Name"), info=N_("A new name makes an account."), max_length=80, elem_id="person-name"
            )
            role = gr.Dropdown(ROLES, value="reviewer", label=N_("Role"), elem_id="person-role")
        with gr.Row(elem_classes=needs(Role.admin)):
            add = buttons.primary(N_("Add or change role"), elem_id="person-add")
            remove = buttons.stop(N_("Remove from project"))
        refused = problem("person-problem")
        link = gr.Textbox(
            label=N_("Invitation link"),
            info=N_("Works once, for 7 days. Send it to that person only."),
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="person-link",
        )
    with gr.Tab(N_("Your account")):
        with gr.Row():
            current = gr.Textbox(
                label=N_("Current password"), type="password", info=N_("Leave empty if you have none yet.")
            )
            new = gr.Textbox(
                label=N_("New password"),
                type="password",
                info=N_("At least 10 characters. Ends your tokens and signs out your other browsers."),
            )
        change = buttons.secondary(N_("Set password"))
        refused_password = problem("password-problem")
        browsers = _table(SESSION_COLUMNS, N_("Where you are signed in"))
        session = gr.Dropdown([], label=N_("Another browser"), filterable=False, elem_id="session-chosen")
        with gr.Row(elem_classes="rondo-toolbar"):
            end_one = buttons.secondary(N_("Sign that one out"))
            end = buttons.secondary(N_("Sign out everywhere else"))
        refused_session = problem("session-problem")
    with gr.Tab(N_("Tokens")):
        tokens = _table(TOKEN_COLUMNS, N_("Tokens for programs, sent as Authorization: Bearer"))
        with gr.Row():
            token_name = gr.Textbox(
                label=N_("Name"), info=N_("Which program uses it."), max_length=80, elem_id="token-name"
            )
            days = gr.Number(90, label=N_("Days it works"), info=N_("1 to 365."), precision=0)
            token = gr.Dropdown([], label=N_("Token to revoke"), filterable=False, elem_id="token-chosen")
        with gr.Row():
            make = buttons.primary(N_("Make a token"), elem_id="token-make")
            revoke = buttons.stop(N_("Revoke"))
        refused_token = problem("token-problem")
        secret = gr.Textbox(
            label=N_("The new token"),
            info=N_("Shown this once."),
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="token-secret",
        )

    with gr.Tab(N_("Accounts")) as accounts_tab:
        account_list.build(accounts_tab)

    private: dict[str, Any] = {"api_visibility": "private"}
    gr.on(None, show, None, [people, browsers, session, tokens, token], **private)
    add.click(invite, [name, role], [people, link, refused], **private)
    remove.click(take_out, name, [people, refused], **private)
    after = [current, new, browsers, session, tokens, token, refused_password]
    change.click(set_password, [current, new], after, **private)
    end.click(end_others, None, [browsers, session, refused_session], **private)
    end_one.click(end_session, session, [browsers, session, refused_session], **private)
    make.click(make_token, [token_name, days], [tokens, token, secret, refused_token], **private)
    revoke.click(revoke_token, token, [tokens, token, refused_token], **private)


@toasts
def show(request: gr.Request) -> list[Any]:
    """Fill the tables and what is chosen from."""
    return [_people(request), *_browsers(request), *_tokens(context(request).actor)]


@toasts
@refused_beside(2)
def invite(name: str, role: str, request: gr.Request) -> list[Any]:
    """Add a person, or give a member another role."""
    asking = context(request)
    token = accounts.invite(asking.actor, asking.project_id, name, Role(role))
    address = f"{asking.base_url}/login/link/{token}" if token else ""
    text = gettext("{name} is {role} now and signs in as before; who never did asks an owner for a link.")
    if token:
        text = gettext("{name} is {role} now and may come in with the link below.")
    notice(text.format(name=name.strip(), role=word(role)))
    return [_people(request), gr.update(value=address, visible=bool(token))]


@toasts
@refused_beside(1)
def take_out(name: str, request: gr.Request) -> list[Any]:
    """Remove the named member."""
    asking = context(request)
    members = {person.name: person.user_id for person in accounts.list_people(asking.actor, asking.project_id)}
    if name.strip() not in members:
        raise InvalidInput(f"Nobody here is named {name.strip()!r}. Type a name from the table.")
    accounts.remove(asking.actor, asking.project_id, members[name.strip()])
    return [_people(request)]


@toasts
@refused_beside(6)
def set_password(current: str, new: str, request: gr.Request) -> list[Any]:
    """Change one's own password; other browsers are signed out, tokens revoked."""
    asking = context(request)
    accounts.set_password(asking.actor, asking.actor.user_id, new, current=current, session_id=asking.session_id)
    notice(gettext("The password is set. Your other browsers are signed out and your tokens are revoked."))
    return ["", "", *_browsers(request), *_tokens(asking.actor)]


@toasts
@refused_beside(2)
def end_others(request: gr.Request) -> list[Any]:
    """End one's other sessions."""
    asking = context(request)
    number = browsers.end_others(asking.actor, current_id=asking.session_id)
    notice(ngettext("{number} other session ended.", "{number} other sessions ended.", number).format(number=number))
    return _browsers(request)


@toasts
@refused_beside(2)
def end_session(session_id: int | None, request: gr.Request) -> list[Any]:
    """End one of one's sessions."""
    asking = context(request)
    if session_id is None:
        raise InvalidInput("No browser is chosen. Choose one from the list.")
    browsers.end(asking.actor, session_id, current_id=asking.session_id)
    notice(gettext("That browser is signed out."))
    return _browsers(request)


@toasts
@refused_beside(3)
def make_token(name: str, days: float, request: gr.Request) -> list[Any]:
    """Make a token and show it once."""
    asking = context(request)
    _, secret = sessions.create_token(asking.actor, name=name, days=int(days or 0))
    return [*_tokens(asking.actor), gr.update(value=secret, visible=True)]


@toasts
@refused_beside(2)
def revoke_token(token_id: int | None, request: gr.Request) -> list[Any]:
    """Revoke one of one's tokens."""
    asking = context(request)
    if token_id is None:
        raise InvalidInput("No token is chosen. Choose one from the list.")
    sessions.revoke_token(asking.actor, token_id)
    return _tokens(asking.actor)


def _table(columns: list[str], label: str) -> Table:
    return Table(headers=columns, datatype="str", label=label, interactive=False, wrap=True)


def _people(request: gr.Request) -> list[list[str]]:
    asking = context(request)
    return [
        [
            person.name,
            gettext("owner") if person.is_owner else word(person.role),
            gettext("active") if person.has_signed_in else gettext("invited"),
        ]
        for person in accounts.list_people(asking.actor, asking.project_id)
    ]


def _browsers(request: gr.Request) -> list[Any]:
    """The table, and the others of them to choose from."""
    asking = context(request)
    rows = browsers.list_sessions(asking.actor, current_id=asking.session_id)
    others = [
        (gettext("{id}, signed in {when}").format(id=r.id, when=moment(r.created_at)), r.id)
        for r in rows
        if not r.is_current
    ]
    table = [[str(r.id), moment(r.created_at), day(r.expires_at), gettext("yes") if r.is_current else ""] for r in rows]
    return [table, gr.update(choices=others, value=None)]


def _tokens(actor: Actor) -> list[Any]:
    """The table, and the tokens to choose from."""
    rows = sessions.list_tokens(actor)
    table = [
        [
            str(t.id),
            t.name,
            day(t.created_at),
            day(t.expires_at),
            moment(t.last_used_at) if t.last_used_at else gettext("never"),
        ]
        for t in rows
    ]
    return [table, gr.update(choices=[(f"{t.id}, {t.name}", t.id) for t in rows], value=None)]
