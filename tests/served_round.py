"""The recipe of rounds whose model folders a server serves: it writes, reads, and trains an adapter."""

from backend import recipes
from backend.recipes import Recipe
from tests.integration.loop import TRAINING

LIKELY = {"name": "reference_likelihood", "accept_at": -100.0}


def recipe() -> Recipe:
    """Texts of the policy, judged by how likely it finds the known answer after them, and a small adapter."""
    training = TRAINING | {"lora": True, "max_steps": 1}
    known = {"generator": {"n": 4, "max_tokens": 20}, "judge": LIKELY, "trainer": training, "groups_per_batch": 2}
    changed = recipes.get("rejection_sampling").with_changes(known | {"selector": {"threshold": -100.0}})
    return changed.model_copy(update={"metrics": changed.metrics[:1]})
