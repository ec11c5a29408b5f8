"""Tools that say what there is: projects, recipes."""

from pydantic import Field

from app.agents.tool import LONGEST_TEXT, RowId, ToolCall, fields, untrusted
from app.api.depends import cut
from backend.boundary import Line
from backend.services import projects
from backend.services.access import Actor
from backend.services.plans import recipe_choice
from backend.services.projects import ProjectView
from backend.values import JSON

LONGEST_DESCRIPTION = 200


class ListProjects(ToolCall):
    """List the projects that you may see, with your role in each; with `project_id`, one with its guidelines.

    The guidelines are what its reviewers follow: read them before you decide on samples.
    """

    title = "List projects"

    project_id: RowId | None = Field(None, description="one project, whole; left out: a page of all")
    limit: int = Field(50, ge=1, le=100)
    after: Line | None = Field(None, description="`next` of the page before")

    def call(self, actor: Actor) -> JSON:
        if self.project_id is not None:
            project = projects.get(actor, self.project_id)
            texts = {"description": untrusted(project.description, LONGEST_TEXT)}
            return {"project": _short(project) | texts | {"guidelines": untrusted(project.guidelines, LONGEST_TEXT)}}
        page = cut(projects.list_mine(actor), limit=self.limit, after=self.after, key=lambda row: row.id)
        listed = [
            _short(item) | {"description": untrusted(item.description, LONGEST_DESCRIPTION)} for item in page.items
        ]
        return {"projects": listed, "next": page.next}


def _short(project: ProjectView) -> JSON:
    return fields(project, "id", "name", "role")


class ListRecipes(ToolCall):
    """List the recipes that a round can run, by name; with `name`, one of them whole: its steps with every knob."""

    title = "List recipes"

    name: Line = Field("", description="a recipe's name; empty: the names of all")

    def call(self, actor: Actor) -> JSON:
        if self.name:
            return fields(recipe_choice.get_registered(self.name), "name", "title", "paper", "lines", "recipe")
        recipes = [recipe_choice.get_registered(name) for name in recipe_choice.registered_names()]
        return {"recipes": [fields(recipe, "name", "title") for recipe in recipes]}
