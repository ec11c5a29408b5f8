"""eva: Evolving Alignment via Asymmetric Self-Play. Ye et al. 2024. Prompts of the widest reward gap are evolved.

**Scalable Reinforcement Post-Training Beyond Static Human Prompts: Evolving Alignment via Asymmetric Self-Play.** Ye,
Agarwal, Liu, Joshi, Velury, Le, Tan, Liu. 2024. arXiv 2411.00062.

*The paper.* A game of two players: a creator samples and evolves informative prompts, a solver learns preferred
responses to them. How informative a prompt is follows from the rewards of its responses, the best less the worst one,
an estimate of regret. The most informative share (25 %~) is evolved, and the solver trains on the evolved prompts mixed
with originals~.

*Different here.*
- Six responses at a temperature of 0.7 make a prompt's value~. A quarter is kept by rank; the paper samples by value~.
- The policy writes four harder variants of each kept prompt; the paper evolves in depth and in breadth~.
- Variants have to keep the rules of self-instruct and to have a ROUGE-L below 0.9 with every prompt of the pool (ours).
- All originals of the round stay in the mix. Adopted variants are in the pool of later rounds.
- The reward model is the role `scorer`, bound at launch and fixed.
- DPO, with which the paper's first figure was reached; other trainers of pairs fit as well.
- People may decide on the responses before the prompts are chosen; the variants have the rules alone.

*Quoted.* gemma-2-9b-it on Arena-Hard: win rate from 51.6 % to 60.1 % with DPO, from 52.6 % to 62.4 % with RLOO
(abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SIX = parts.Sample(n=6, temperature=0.7)
RATED = Step(parts.RewardModelJudge(), by="scorer")
CREATE = parts.MostInformative(by="reward_gap", top_share=0.25), parts.EvolvePrompts(direction="harder", about="each")
RULES = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.9)))
NEW = Step(parts.Sample(n=4, temperature=1.0), name="evolved"), RULES, parts.Adopt()

register(
    Recipe(
        name="eva",
        title="Evolving Alignment via Asymmetric Self-Play (eva)",
        paper="2411.00062",
        steps=(
            parts.PromptSet(take_own=True),
            Step(SIX, name="answers"),
            RATED,
            *CREATE,
            *NEW,
            Step(SIX, name="new_answers"),
            RATED,
            parts.BestVersusWorst(),
            Step(parts.BestVersusWorst(), of="answers"),  # the originals stay in the mix
            parts.DPO(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
