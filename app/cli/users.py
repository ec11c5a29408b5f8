"""`rondo user ...`"""

import sys
from typing import Annotated

import typer

from app.cli.output import AsJson, Project, emit, table
from backend.values import Role

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The person's name.")]
Address = Annotated[str | None, typer.Option(help="Where the page is, for the link. [default: where it last was]")]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do in the project.")] = Role.reviewer,
    project: Project = None,
    owner: Annotated[bool, typer.Option("--owner", help="May do everything in every project.")] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Add a person and print the link that lets them in once."""
    from app.cli import asking
    from backend.services.people import accounts

    actor = asking.owner()
    if owner:
        secret: str | None = accounts.one_time_link(actor, accounts.create_user(actor, name, is_owner=True))
    else:
        secret = accounts.invite(actor, asking.project(actor, project).id, name, role)
    link = f"{address or asking.address()}/login/link/{secret}" if secret else None
    known = f"{name} has an account already and signs in as before. If they never did: rondo user link {name}"
    emit({"name": name, "role": "owner" if owner else role, "link": link}, as_json=as_json, text=link or known)


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List everyone."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.people import accounts

    users = accounts.list_users(asking.owner())
    rows = [[u.id, u.name, "owner" if u.is_owner else "", "active" if u.is_active else "shut out"] for u in users]
    emit({"users": [asdict(user) for user in users]}, as_json=as_json, text=table(["id", "name", "", "state"], rows))


@app.command()
def link(
    name: Annotated[str | None, typer.Argument(help="The person's name. [default: the local owner]")] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that signs a person in once within 15 minutes."""
    from app.cli import asking
    from backend.services.people import accounts

    actor = asking.owner()
    user_id = accounts.find(actor, name).id if name else actor.user_id
    address_of_link = f"{address or asking.address()}/login/link/{accounts.one_time_link(actor, user_id)}"
    emit({"name": name or actor.name, "link": address_of_link}, as_json=as_json, text=address_of_link)


@app.command()
def password(
    name: Name,
    from_stdin: Annotated[bool, typer.Option("--stdin", help="Read it from standard input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set a person's password; they are signed out everywhere."""
    from app.cli import asking
    from backend.services.people import accounts

    actor = asking.owner()
    user = accounts.find(actor, name)
    if from_stdin:
        new = sys.stdin.readline().rstrip("\r\n")
    else:
        new = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    accounts.set_password(actor, user.id, new)
    emit({"name": name, "changed": True}, as_json=as_json, text=f"The password of {name} is set.")


@app.command()
def deactivate(name: Name, as_json: AsJson = False) -> None:
    """Shut a person out at once. What they decided stays."""
    from app.cli import asking
    from backend.services.people import accounts

    actor = asking.owner()
    accounts.deactivate(actor, accounts.find(actor, name).id)
    emit({"name": name, "is_active": False}, as_json=as_json, text=f"{name} is shut out.")
