"""`rondo token ...`: tokens of this machine's owner, for programs that use REST."""

from typing import Annotated

import typer

from app.cli.output import AsJson, emit, say, table

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How many days it works.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once. It may do what this machine's owner may."""
    from app.cli import asking
    from backend.services.people import sessions

    token_id, secret = sessions.create_token(asking.owner(), name=name, days=days)
    say(f"Token {token_id} works for {days} days, or until `rondo token revoke {token_id}`. It is shown this once.")
    emit({"id": token_id, "token": secret}, as_json=as_json, text=secret)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the tokens that still work."""
    from dataclasses import asdict

    from app.cli import asking
    from app.widgets.times import moment
    from backend.services.people import sessions

    tokens = sessions.list_tokens(asking.owner())
    rows = [
        [token.id, token.name, moment(token.expires_at), moment(token.last_used_at) if token.last_used_at else "never"]
        for token in tokens
    ]
    value = {"tokens": [asdict(token) for token in tokens]}
    emit(value, as_json=as_json, text=table(["id", "name", "works until", "last used"], rows))


@app.command()
def revoke(token: Annotated[int, typer.Argument(help="The token's id.")], as_json: AsJson = False) -> None:
    """Make a token useless from now on."""
    from app.cli import asking
    from backend.services.people import sessions

    sessions.revoke_token(asking.owner(), token)
    emit({"id": token, "revoked": True}, as_json=as_json, text=f"Token {token} is revoked.")
