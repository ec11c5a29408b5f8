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
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.people import accounts, browsers, sessions
from backend.translations import N_
from backend.values import Role

TITLE, PATH = N_("People"), "people"
MENU = "person"

ROLES = [
    ("Viewer: reads", "viewer"),
    ("Reviewer: decides on samples", "reviewer"),
    ("Curator: imports, launches, edits in bulk", "curator"),
    ("Admin: also adds people", "admin"),
]
PEOPLE_COLUMNS = ["Name", "Role", "Account"]
TOKEN_COLUMNS = ["Id", "Name", "Made", "Expires", "Last used, to the hour"]
SESSION_COLUMNS = ["Id", "Signed in", "Ends", "This browser"]


def build() -> None:
    """Lay out and wire the page."""
    with gr.Tab("Members"):
        people = _table(PEOPLE_COLUMNS, "Members of this project")
        with gr.Row(equal_height=True, elem_classes=needs(Role.admin)):
            name = gr.Textbox(label="Name", info="A new name makes an account.", max_length=80, elem_id="person-name")
            role = gr.Dropdown(ROLES, value="reviewer", label="Role", elem_id="person-role")
        with gr.Row(elem_classes=needs(Role.admin)):
            add = buttons.primary("Add or change role", elem_id="person-add")
            remove = buttons.stop("Remove from project")
        refused = problem("person-problem")
        link = gr.Textbox(
            label="Invitation link",
            info="Works once, for 7 days. Send it to that person only.",
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="person-link",
        )
    with gr.Tab("Your account"):
        with gr.Row():
            current = gr.Textbox(label="Current password", type="password", info="Leave empty if you have none yet.")
            new = gr.Textbox(
                label="New password",
                type="password",
                info="At least 10 characters. Ends your tokens and signs out your other browsers.",
            )
        change = buttons.secondary("Set password")
        refused_password = problem("password-problem")
        browsers = _table(SESSION_COLUMNS, "Where you are signed in")
        session = gr.Dropdown([], label="Another browser", filterable=False, elem_id="session-chosen")
        with gr.Row(elem_classes="rondo-toolbar"):
            end_one = buttons.secondary("Sign that one out")
            end = buttons.secondary("Sign out everywhere else")
        refused_session = problem("session-problem")
    with gr.Tab("Tokens"):
        tokens = _table(TOKEN_COLUMNS, "Tokens for programs, sent as Authorization: Bearer")
        with gr.Row():
            token_name = gr.Textbox(label="Name", info="Which program uses it.", max_length=80, elem_id="token-name")
            days = gr.Number(90, label="Days it works", info="1 to 365.", precision=0)
            token = gr.Dropdown([], label="Token to revoke", filterable=False, elem_id="token-chosen")
        with gr.Row():
            make = buttons.primary("Make a token", elem_id="token-make")
            revoke = buttons.stop("Revoke")
        refused_token = problem("token-problem")
        secret = gr.Textbox(
            label="The new token",
            info="Shown this once.",
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="token-secret",
        )

    with gr.Tab("Accounts") as accounts_tab:
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
    way_in = (
        "may come in with the link below" if token else "signs in as before; who never did asks an owner for a link"
    )
    notice(f"{name.strip()} is {role} now and {way_in}.")
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
    notice("The password is set. Your other browsers are signed out and your tokens are revoked.")
    return ["", "", *_browsers(request), *_tokens(asking.actor)]


@toasts
@refused_beside(2)
def end_others(request: gr.Request) -> list[Any]:
    """End one's other sessions."""
    asking = context(request)
    notice(f"{browsers.end_others(asking.actor, current_id=asking.session_id)} other sessions ended.")
    return _browsers(request)


@toasts
@refused_beside(2)
def end_session(session_id: int | None, request: gr.Request) -> list[Any]:
    """End one of one's sessions."""
    asking = context(request)
    if session_id is None:
        raise InvalidInput("No browser is chosen. Choose one from the list.")
    browsers.end(asking.actor, session_id, current_id=asking.session_id)
    notice("That browser is signed out.")
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
        [person.name, "owner" if person.is_owner else str(person.role), "active" if person.has_signed_in else "invited"]
        for person in accounts.list_people(asking.actor, asking.project_id)
    ]


def _browsers(request: gr.Request) -> list[Any]:
    """The table, and the others of them to choose from."""
    asking = context(request)
    rows = browsers.list_sessions(asking.actor, current_id=asking.session_id)
    others = [(f"{r.id}, signed in {moment(r.created_at)}", r.id) for r in rows if not r.is_current]
    table = [[str(r.id), moment(r.created_at), day(r.expires_at), "yes" if r.is_current else ""] for r in rows]
    return [table, gr.update(choices=others, value=None)]


def _tokens(actor: Actor) -> list[Any]:
    """The table, and the tokens to choose from."""
    rows = sessions.list_tokens(actor)
    table = [
        [str(t.id), t.name, day(t.created_at), day(t.expires_at), moment(t.last_used_at) if t.last_used_at else "never"]
        for t in rows
    ]
    return [table, gr.update(choices=[(f"{t.id}, {t.name}", t.id) for t in rows], value=None)]
