"""The pages that Gradio does not draw, and the frame around those it does."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment
from markupsafe import Markup, escape

from app import languages, own_files
from backend import translations

FOLDER = Path(__file__).parent

_templates = Jinja2Templates(FOLDER)


def add_words(environment: Environment) -> None:
    """Let templates write in the reader's language: `_("Sign in")`, and `.format` for what stands in a sentence, which
    escapes what is not markup of ours."""
    environment.globals |= {
        "_": lambda message: escape(translations.gettext(message)),
        "language": translations.language,
        "languages": translations.LANGUAGES,
        "messages": languages.messages,
        "code": Markup("<code>{}</code>").format,
        "emphasis": Markup("<em>{}</em>").format,
        "strong": Markup("<strong>{}</strong>").format,
    }


add_words(_templates.env)


def page(request: Request, template: str, /, *, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Draw one of this folder's pages; every value is escaped."""
    return _templates.TemplateResponse(
        request, f"{template}.html", {"title": title, "own_file": own_files.address, **values}, status_code=status
    )


def lost(request: Request) -> HTMLResponse:
    """The page of an address where nothing is."""
    return page(request, "lost", title=translations.gettext("There is nothing here"), status=404)
