"""Judges' templates: an edit is a new version."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.depends import After, Asking, Limit, Page, cut
from backend.boundary import Id, Name, Text
from backend.services.recipes import templates
from backend.services.recipes.templates import TemplateView

router = APIRouter(tags=["templates"])


class NewVersion(BaseModel):
    name: Name
    text: Text


@router.get("/projects/{project_id}/templates")
def list_templates(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[TemplateView]:
    return cut(templates.list_templates(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/projects/{project_id}/templates", status_code=201)
def save(actor: Asking, project_id: Id, body: NewVersion) -> TemplateView:
    return templates.save(actor, project_id, body.name, body.text)


@router.get("/templates/{template_id}")
def get_template(actor: Asking, template_id: Id) -> TemplateView:
    return templates.get(actor, template_id)
