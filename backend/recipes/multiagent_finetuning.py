"""Multiagent finetuning: agents of one base, each trained on its own texts. Subramaniam et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

GENERATORS = ("generator_1", "generator_2", "generator_3")
CRITICS = ("critic_1", "critic_2", "critic_3")
ANSWER = parts.Sample(n=1, temperature=1.0, take_imported=False)


def trained(role: str, of: str) -> tuple[Step, Step]:
    """One agent, trained on those of its own texts that agree with the consensus."""
    return Step(parts.AboveThreshold(keep="accepted"), of=of, roles=(role,)), Step(parts.SFT(start=role), name=role)


STEPS = (
    Step(parts.PromptSet(), name="questions"),
    *(Step(ANSWER, by=role) for role in GENERATORS),
    Step(parts.Debate(), name="debate"),
    *(Step(ANSWER, by=role) for role in CRITICS),
    parts.MajorityVote(),
    parts.Consensus(),
    *(step for role in GENERATORS for step in trained(role, "questions")),
    *(step for role in CRITICS for step in trained(role, "debate")),
)
METRICS = (parts.HeldOutAccuracy(), parts.DistinctN())
named = {"name": "multiagent_finetuning", "title": "Multiagent Finetuning", "paper": "2501.05707"}
register(Recipe(**named, steps=STEPS, product=GENERATORS[0], metrics=METRICS))
