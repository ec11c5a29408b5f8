"""Projects and their people."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.depends import After, Asking, Browsing, Limit, Page, cut
from backend.boundary import Id, Line, Name, Text
from backend.services import projects
from backend.services.people import accounts
from backend.services.people.accounts import ProjectMember
from backend.services.projects import ProjectView, dashboard
from backend.services.projects.dashboard import ProjectSortKey, ProjectState, ShownProjects
from backend.values import Role

router = APIRouter(tags=["projects"])


class NewProject(BaseModel):
    name: Name
    description: Text = ""


class ProjectEdit(BaseModel):
    name: Name | None = None
    description: Text | None = None
    guidelines: Text | None = None


class NewPerson(BaseModel):
    name: Name
    role: Role = Role.reviewer


class Invitation(BaseModel):
    """`link` is the path of a one-time link, null for someone who has an account already."""

    name: str
    link: str | None


class RoleEdit(BaseModel):
    role: Role


@router.get("/projects")
def list_projects(actor: Asking, limit: Limit = 50, after: After = None) -> Page[ProjectView]:
    return cut(projects.list_mine(actor), limit=limit, after=after, key=lambda row: row.id)


@router.get("/dashboard")
def get_dashboard(
    actor: Asking,
    sort: ProjectSortKey = ProjectSortKey.by_name,
    show: ShownProjects = ShownProjects.all,
    name: Annotated[Line, Query(description="letters of the name")] = "",
) -> list[ProjectState]:
    """One's projects, each in a line: open reviews and what of them waits, rounds under way, the last accuracy."""
    return dashboard.listing(actor, sort=sort, show=show, name=name)


@router.post("/projects", status_code=201)
def create_project(actor: Asking, body: NewProject) -> ProjectView:
    return projects.get(actor, projects.create(actor, body.name, description=body.description))


@router.get("/projects/{project_id}")
def get_project(actor: Asking, project_id: Id) -> ProjectView:
    return projects.get(actor, project_id)


@router.patch("/projects/{project_id}")
def edit_project(actor: Asking, project_id: Id, body: ProjectEdit) -> ProjectView:
    projects.edit(actor, project_id, **body.model_dump(exclude_unset=True))
    return projects.get(actor, project_id)


@router.get("/projects/{project_id}/people")
def list_people(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[ProjectMember]:
    return cut(accounts.list_people(actor, project_id), limit=limit, after=after, key=lambda row: row.user_id)


@router.post("/projects/{project_id}/people", status_code=201)
def invite(actor: Browsing, project_id: Id, body: NewPerson) -> Invitation:
    secret = accounts.invite(actor, project_id, body.name, body.role)
    return Invitation(name=body.name, link=f"/login/link/{secret}" if secret else None)


@router.put("/projects/{project_id}/people/{user_id}", status_code=204)
def set_role(actor: Asking, project_id: Id, user_id: Id, body: RoleEdit) -> None:
    accounts.set_role(actor, project_id, user_id, body.role)


@router.delete("/projects/{project_id}/people/{user_id}", status_code=204)
def remove(actor: Asking, project_id: Id, user_id: Id) -> None:
    accounts.remove(actor, project_id, user_id)
