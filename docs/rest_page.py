"""The generated page of the REST routes."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from app import api
from docs.tables import default_text, paragraphs, table

ROUTES = """# REST routes

All routes stand under `/api/v1` and need a sign-in or a token.
[Use REST from a program](../how-to/use-rest.md) shows them in use. `GET /api/v1/openapi.json` is the whole schema, with
every answer.
"""


VERBS = ("get", "post", "put", "patch", "delete")


def rest_page() -> Iterator[str]:
    """Every route with its parameters, and every body that a route takes."""
    application = FastAPI()
    api.add_to(application)
    schema = application.openapi()
    yield ROUTES
    tags: dict[str, list[tuple[str, ...]]] = {}
    bodies: list[str] = []
    for path, verbs in schema["paths"].items():
        for verb in (verb for verb in VERBS if verb in verbs):
            route = verbs[verb]
            body = _body(route)
            bodies += [body] if body and body not in bodies else []
            said = " ".join(route.get("description", f"{route['summary'].capitalize()}.").split("\n\n")[0].split())
            asked = ", ".join(f"`{one['name']}`" for one in route.get("parameters", []) if one["in"] == "query")
            link = f"[{_short(body)}](#{_short(body).lower()})" if body else ""
            row = (f"`{verb.upper()} {path.removeprefix('/api/v1')}`", said, asked, link)
            tags.setdefault(route["tags"][0], []).append(row)
    for tag, rows in sorted(tags.items()):
        yield from (f"## {tag.replace('_', ' ').capitalize()}", "")
        yield from table(("route", "what it does", "query", "body"), rows)
        yield ""
    yield from ("## Bodies", "", "A field is required where no default is given.", "")
    for body in bodies:
        model = schema["components"]["schemas"][body]
        yield from (f"### {_short(body)}", "", *paragraphs(model.get("description")))
        yield from ("",) if model.get("description") else ()
        rows = [
            (
                f"`{name}`",
                _type(field),
                "required" if name in model.get("required", []) else default_text(field.get("default")),
                field.get("description", ""),
            )
            for name, field in model.get("properties", {}).items()
        ]
        yield from table(("field", "type", "default", "meaning"), rows)
        yield ""


def _body(route: Any) -> str:
    """The name of the schema of a route's body; empty where it takes none."""
    content = route.get("requestBody", {}).get("content", {})
    return next((one["schema"].get("$ref", "").rpartition("/")[2] for one in content.values()), "")


def _short(body: str) -> str:
    """A name that people can read: that of a form is made of its route."""
    return body.removeprefix("Body_").partition("_api_v1_")[0].replace("__", "_").rpartition("app_api_")[2]


def _type(field: Any) -> str:
    """A field's type with its bounds, in a few words."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    words = str(field.get("type", "any"))
    if words == "array":
        words = f"list of {_type(field.get('items', {}))}"
    limits = [
        f"{label} {field[key]:,}"
        for key, label in (("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most"))
        if key in field
    ]
    return f"{words} ({' '.join(limits)})" if limits else words
