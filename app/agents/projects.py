"""Tools that say what there is: projects, recipes."""

from pydantic import Field

from app.agents.tool import Tool, fields
from backend.boundary import Line
from backend.services import projects
from backend.services.access import Actor
from backend.services.plans import recipe_choice
from backend.values import JSON

LONGEST_GUIDELINES = 4_000


class ListProjects(Tool):
    """List the projects that you may see, with your role in each and the guidelines that reviewers follow."""

    title = "List projects"

    def call(self, actor: Actor) -> JSON:
        return {
            "projects": [
                fields(one, "id", "name", "role")
                | {"description": one.description[:500], "guidelines": one.guidelines[:LONGEST_GUIDELINES]}
                for one in projects.list_mine(actor)[:100]
            ]
        }


class ListRecipes(Tool):
    """List the recipes that a round can run, by name; with `name`, one of them whole: its steps with every knob."""

    title = "List recipes"

    name: Line = Field("", description="a recipe's name; empty: the names of all")

    def call(self, actor: Actor) -> JSON:
        if self.name:
            return fields(recipe_choice.get_registered(self.name), "name", "title", "paper", "lines", "recipe")
        found = [recipe_choice.get_registered(name) for name in recipe_choice.registered_names()]
        return {"recipes": [fields(one, "name", "title") for one in found]}
