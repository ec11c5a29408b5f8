"""The pages, in the order of the loop. Each is imported when something of it but its name is asked for."""

from types import ModuleType

from app.imports import LaterModule


def _page(name: str, title: str, path: str, menu: str = "") -> ModuleType:
    """Stand for `app.pages.NAME`; a test holds that its `TITLE`, `PATH` and `MENU` are these."""
    page = LaterModule(f"app.pages.{name}")
    vars(page).update(TITLE=title, PATH=path, MENU=menu)
    return page


PAGES: tuple[ModuleType, ...] = (
    _page("overview", "Overview", ""),
    _page("round", "Round", "round", "more"),
    _page("warnings", "Warnings", "warnings", "more"),
    _page("prompts", "Prompts", "prompts"),
    _page("recipes", "Recipes", "recipes", "more"),
    _page("new_round", "New round", "new-round"),
    _page("samples", "Samples", "samples"),
    _page("groups", "Groups", "groups", "more"),
    _page("review", "Review", "review"),
    _page("team", "Team", "team"),
    _page("jobs", "Jobs", "jobs"),
    _page("workers", "Workers", "workers", "more"),
    _page("training", "Training", "training", "more"),
    _page("checkpoints", "Checkpoints", "checkpoints"),
    _page("chat", "Chat", "chat", "more"),
    _page("held_out", "Held-out", "held-out", "more"),
    _page("arena", "Arena", "arena", "more"),
    _page("judge_bench", "Judge bench", "judge-bench", "more"),
    _page("compare", "Compare", "compare", "more"),
    _page("datasets", "Datasets", "datasets"),
    _page("pairs", "Pairs", "pairs", "more"),
    _page("previews", "Previews", "previews", "more"),
    _page("rewrites", "Rewrites", "rewrites", "more"),
    _page("me", "My work", "me", "person"),
    _page("notices", "Notices", "notices", "person"),
    _page("people", "People and account", "people", "person"),
    _page("audit", "Audit", "audit", "person"),
)
