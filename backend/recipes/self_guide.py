"""SELF-GUIDE: a model writes inputs of one task, then their outputs, and is trained on both. Zhao et al. 2024.

**SELF-GUIDE: Better Task-Specific Instruction Following via Self-Synthetic Finetuning.** Zhao, Jia, Viswanathan, Wu,
Neubig. 2024. arXiv 2407.12874.

*The paper.* For one task, given as an instruction and a few examples, the student writes new inputs, then their
outputs. Rules filter noise (phrases that answer nothing) and lengths out of the usual range~, no judge is asked. The
student itself is fine-tuned on the pairs, once.

*Different here.*
- The prompt set of a round is the task: its prompts, each with the instruction, are the examples for new inputs (3 at a
  time~). Outputs are written without examples~; where the task needs them, put them into the prompts.
- Lengths are limited in words (1 to 300), not by the lengths of the examples~, and the phrases are three of ours: the
  knobs of both `prompt_rules` are to be set for the task.
- Inputs have to have a ROUGE-L below 0.7 with the examples and with those before. Short inputs may need a higher limit.
- The paper tunes the temperatures for each kind of task~; here inputs are sampled at 1 and outputs greedily.
- People may decide on the inputs before they are adopted. Training settings are ours.
- The paper does this once. Another round goes on from the new checkpoint.

*Quoted.* About 15 points on classification and 18 points on generation tasks of Natural Instructions V2 (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

NOISE = ("I am not sure", "as an AI", "I cannot")
RULES = parts.PromptRules(min_words=1, max_words=300, without=NOISE, plain_start=False)

register(
    Recipe(
        name="self_guide",
        title="SELF-GUIDE: Self-Synthetic Finetuning",
        paper="2407.12874",
        steps=(
            parts.FewShotPrompts(n_seed=3, n_own=0),
            Step(parts.Sample(n=1, temperature=1.0, max_tokens=256), name="inputs"),
            parts.AllOf(judges=(RULES, parts.Novelty(below=0.7))),
            parts.Adopt(),
            Step(parts.Sample(n=1, temperature=0.0), name="outputs"),
            RULES,
            parts.AboveThreshold(threshold=1.0),
            parts.Deduplicate(),
            parts.SFT(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
