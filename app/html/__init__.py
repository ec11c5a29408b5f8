"""The pages that Gradio does not draw, and the frame around those it does."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from app import own_files

FOLDER = Path(__file__).parent

_templates = Jinja2Templates(FOLDER)


def page(request: Request, template: str, /, *, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Draw one of this folder's pages; every value is escaped."""
    return _templates.TemplateResponse(
        request, f"{template}.html", {"title": title, "own_file": own_files.address, **values}, status_code=status
    )
