"""Multiagent finetuning: agents of one base, each trained on its own texts. Subramaniam et al. 2025.

**Multiagent Finetuning: Self Improvement with Diverse Reasoning Chains.** Subramaniam, Du, Tenenbaum, Torralba, Li,
Mordatch. 2025. arXiv 2501.05707.

*The paper.* Several agents, all from one base, debate: each generator answers, then each critic sees the answers and
gives one of its own. The majority of the last answers is taken for right~. Each generator is fine-tuned on its own
first answers that agree with it, each critic on its own last answers that do. So the agents come to differ, and go on
improving for more rounds than one model that is trained on all of it.

*Different here.*
- Three generators, three critics and one turn of debate~. Bind all six roles at the first launch, to the base; later
  rounds go on with what the round before made of each. Each agent is a training of its own.
- A critic sees the answers as they are, without a summary~. Its rows count alike; the paper weighs those that correct a
  wrong first answer against those that keep a right one~.
- Where two answers share the top, nothing of the question is kept. An agent of whose texts none agrees ends the round:
  take more prompts.
- The first generator is what is measured and what the next round calls its policy; the paper measures the answer that
  all agents agree on~.
- Sampling and training settings are ours.
"""

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
