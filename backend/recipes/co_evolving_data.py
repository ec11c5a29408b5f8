"""C2-Evo, its text half: harder problems of the model's own, SFT and RL on those it half knows. Chen et al. 2025.

**C2-Evo: Co-Evolving Multimodal Data and Model for Self-Improving Reasoning.** Chen, Hu, Li, Zhou, Chen, Cao, Zeng,
Zhang, Yuan, Han, Xu, Liang. 2025. arXiv 2507.16518.

*The paper.* Data and model evolve together. One loop makes problems more complex, text and diagram at the same time.
Another selects the generated problems by how the present model performs on them, and trains by supervised fine-tuning
and reinforcement learning in turn.

*Different here.*
- The text half alone: there are no diagrams, and nothing of the loop across modalities.
- The policy writes a harder variant of each prompt, of the sets and of what earlier rounds adopted; rules for prompts
  and ROUGE-L below 0.7 to all of them keep new ones. The paper's problems are written with other models~.
- Nobody knows the answers: the majority of 8 samples is taken as right. A problem is trained on where 30 to 80 % of
  them agree with it; the limits are ours.
- Both trainings are in one round, SFT on a text of each majority, then GRPO from it on the same problems, rewarded for
  the majority of its own group.
- Training settings are ours.

*Quoted.* None: the abstract claims considerable gains on mathematical benchmarks without figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

NEW = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7)))
VOTE = parts.MajorityVote(accept_at=0.0)
ABLE = parts.DifficultyBand(low=0.3, high=0.8)  # of the answers to a problem as many agree with the majority
RL = parts.GRPO(start="taught", reference="taught", reward=VOTE, reward_from="verdict")

register(
    Recipe(
        name="co_evolving_data",
        title="C2-Evo: Co-Evolving Multimodal Data and Model for Self-Improving Reasoning",
        paper="2507.16518",
        steps=(
            parts.EvolvePrompts(direction="harder", take_own=True),
            Step(parts.Sample(n=1, temperature=1.0, max_tokens=256), name="problems"),
            NEW,
            parts.Adopt(),
            Step(parts.Sample(n=8, temperature=1.0), name="answers"),
            VOTE,
            parts.AboveThreshold(keep="accepted", max_per_prompt=1),
            ABLE,
            Step(parts.SFT(), name="taught"),
            Step(parts.AllPrompts(), of="answers"),
            Step(ABLE, of="answers"),
            RL,
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
