"""I-SHEEP: instructions and responses that a model writes and assesses itself. Liang et al. 2024.

**I-SHEEP: Self-Alignment of LLM from Scratch through an Iterative Self-Enhancement Paradigm.** Liang, Zhang, Qu, Zheng,
Guo, Du, Yang, Liu, Lin, Ma, Huang, Zhang. 2024. arXiv 2408.08072.

*The paper.* A base model writes new instructions after the example of a few seed instructions (those of Alpaca, 175~),
writes the responses, and assesses its own pairs of instruction and response; what reaches a threshold, after rules that
filter noise, is trained on. The next iteration does the same with the new model, and training starts from the base
model with the newest rows~.

*Different here.*
- An instruction and its input are one prompt.
- Of 8 examples 6 are prompts of the round's sets and 2 are ones that earlier rounds adopted, as in self-instruct~.
- New instructions have to keep the rules of self-instruct and to have a ROUGE-L below 0.7 with every prompt of the pool
  and every new one before; of nearly equal rows (ROUGE-L of 0.9 with the response) the first stays. The paper's rules
  are not checked.
- The assessment is the rubric of `self_rewarding`, 0 to 5, one reply, kept from 4 up. The paper's prompts and its
  threshold (8 of 10~) are not checked; template, scale and threshold are knobs.
- People may accept, edit or reject the proposed instructions before they become prompts; responses have the model's
  assessment alone.
- Adopted instructions stand in a prompt set of the round, without known answers. The metrics of a round's samples count
  the instructions, too.
- Sampling and training settings are ours.

*Quoted.* Qwen-1.5 72B improves over later iterations by up to 78.2 % relatively on AlpacaEval, 24.0 % on MT-Bench, and
by 8.88 points on IFEval (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="i_sheep",
        title="I-SHEEP: Self-Alignment from Scratch",
        paper="2408.08072",
        steps=(
            parts.FewShotPrompts(n_seed=6, n_own=2),
            Step(parts.Sample(n=1, temperature=0.7, top_p=0.9, max_tokens=256), name="instructions"),
            parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7))),
            parts.Adopt(),
            Step(parts.Sample(n=1, temperature=0.7, top_p=0.9), name="responses"),
            Step(parts.AdditiveRubric(votes=1, accept_at=4.0), name="assessment"),
            parts.AboveThreshold(threshold=4.0),
            parts.Deduplicate(alike=0.9),
            parts.SFT(start="base"),  # each round trains the base anew, on its own rows
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
