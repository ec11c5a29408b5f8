"""ReST meets ReAct: self-improvement of an agent that reasons in several steps. Aksitov et al. 2023.

**ReST meets ReAct: Self-Improvement for Multi-Step Reasoning LLM Agent.** Aksitov, Miryoosefi, Li, Li, Babayan,
Kopparapu, Fisher, Guo, Prakash, Srinivasan, Zaheer, Yu, Kumar~. 2023. arXiv 2312.10003.

*The paper.* An agent answers questions in several steps of thought and search (ReAct). Its trajectories are taken apart
into steps; of each step several texts are sampled, and a prompted model ranks them~. The model is fine-tuned on the
best text of each step, from the base~, plays again, and the trajectories of all rounds are trained on: a growing batch.
No person labels anything. The data of the large model also trains small ones.

*Different here.*
- The search is over documents of the project, by BM25: choose their set as seed data; they are prompts without a known
  answer. Where the policy calculates instead, take the environment `calculator`. The paper's agent searches the web,
  and has further steps that summarize and check itself~.
- An episode that the rubric rejects by its answer is left out; ranked are the steps of the others, four texts each~.
  The step that was taken in the episode is not among them. Every two texts of a step are compared in both orders.
- What the environment said is part of the question of a step, and in no loss. Where whole episodes are kept instead,
  `sft` learns the policy's turns alone.
- An episode that is not over after 6 texts has failed, and is listed on the round with the reason.
- Held-out prompts are played in the environment as well.
- To train a smaller model, launch with the smaller one's checkpoint as the base of a line, or name a role in `start`.
- Sampling and training settings are ours.

*Quoted.* After two rounds a small model is on par with the prompted large one, with two orders of magnitude fewer
parameters (abstract).
"""

from backend.environments import OBSERVATION
from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._next_steps import NEXT_STEP

SEARCH = parts.EnvironmentRollout(environment=parts.DocumentSearch(), n=2, temperature=0.5)
AGAIN = parts.Sample(n=4, temperature=1.0, max_tokens=256, stop=(f"\n{OBSERVATION}",), take_imported=False)

register(
    Recipe(
        name="rest_meets_react",
        title="ReST Meets ReAct",
        paper="2312.10003",
        steps=(
            parts.PromptSet(),
            Step(SEARCH, name="episodes"),
            parts.AdditiveRubric(),  # of the answers
            parts.EpisodeSteps(),
            Step(AGAIN, name="steps"),
            parts.PairwiseSwapped(template=NEXT_STEP),  # ranks what could be done in each step
            parts.AboveThreshold(threshold=0.0, max_per_prompt=1),
            parts.EarlierRounds(),  # the batch grows
            parts.SFT(start="base"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
