"""STaR: Bootstrapping Reasoning With Reasoning. Zelikman et al. 2022.

**STaR: Bootstrapping Reasoning With Reasoning.** Zelikman, Wu, Mu, Goodman. 2022. arXiv 2203.14465.

*The paper.* The model writes a rationale and an answer for each question. Where the answer is wrong it tries once more
with the right answer as a hint (rationalization). Rationales whose answer is right are kept, of the second try without
the hint. Each iteration fine-tunes the original model~, not the last one, on the newest rationales.

*Different here.*
- Both tries are greedy~; the paper's prompts begin with a few worked examples, which here are part of the imported
  prompts or left out.
- The hint is one sentence of our own. Its text is a knob of `ask`; the paper marks the right choice inside the prompt.
- A prompt of which the first try gave no readable answer counts as failed and gets the second try.
- The paper's number of training steps grows by 20 % with each iteration~; here it is the trainer's, as in every round.
- People may decide on the first tries, before hints are given: what they accept is trained on and gets no hint.

*Quoted.* The abstract says that STaR performs comparably to a model 30 times larger on CommonsenseQA.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import SFT, AboveThreshold, Ask, ExactMatch, HeldOutAccuracy, PromptSet, Sample

HINT = "{prompt}\n\nThe right answer is {answer}. Write out the steps that lead to it, then the answer."

register(
    Recipe(
        name="star",
        title="STaR: Bootstrapping Reasoning With Reasoning",
        paper="2203.14465",
        steps=(
            PromptSet(),
            Step(Sample(n=1, temperature=0.0), name="first"),
            ExactMatch(),
            AboveThreshold(threshold=1.0),
            Ask(template=HINT, about="failed", strip=True),  # the answer is a hint, which training does not see
            Step(Sample(n=1, temperature=0.0), name="hinted"),
            ExactMatch(),
            AboveThreshold(threshold=1.0),
            SFT(start="base"),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
