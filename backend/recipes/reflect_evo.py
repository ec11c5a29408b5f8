"""ReflectEvo: Improving Meta Introspection of Small LLMs by Learning Self-Reflection. Li et al. 2025.

**ReflectEvo: Improving Meta Introspection of Small LLMs by Learning Self-Reflection.** Li, Dong, Liu, Yang, Wang, Wang,
Zhu, Jia, Zheng. 2025. arXiv 2505.16475.

*The paper.* Questions answered wrongly are followed by a reflection, asked for in many ways, and by a second answer
that sees it. A reflection after which the second answer is right is a good one. The model learns from its own texts
alone, by SFT on good ones and by DPO of good above bad ones.

*Different here.*
- One order of the two: SFT first, then DPO from what it made, which is its reference. The paper compares four settings.
- Three ways to ask, ours, one of them at random for each answer; the paper has more~.
- Four reflections of each wrong answer, one second answer after each. A second answer that cannot be read leaves its
  reflection without a verdict.
- With SFT the paper also trains the second answers, at once with the reflections or after them; here they only judge.
- One pair of reflections for each wrong answer; a round in which no wrong answer has a good and a bad one ends before
  DPO, with that reason. Training settings are ours.

*Quoted.* Llama-3 goes from 52.4 to 71.2 % and Mistral from 44.4 to 71.1 % on BIG-bench (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

ASKED = "{prompt}\n\nThis answer is wrong:\n\n{response}\n\n{principle} Do not write a new answer yet."
WAYS = (
    "Go through the answer step by step, and say at which step it goes wrong and why.",
    "Say what kind of mistake was made, where it stands, and what to watch for to avoid it.",
    "Say what the question asks, where the answer departs from it, and how you would go about it now.",
)
RETRY = "Now answer the question once more, with what you found in mind."
ONE, FOUR = parts.Sample(n=1, temperature=0.7), parts.Sample(n=4, temperature=1.0)
FIRST = parts.PromptSet(), Step(ONE, name="first"), parts.ExactMatch()
REFLECTIONS = parts.Ask(template=ASKED, about="rejected", principles=WAYS), Step(FOUR, name="reflections")
RETRIES = parts.Ask(template=RETRY, follow=True), Step(ONE, name="retries"), parts.ExactMatch()
GOOD = parts.FromChildren(by="rate", accept_at=1.0)  # a reflection is as good as what comes of it
LEARN = Step(parts.AboveThreshold(keep="accepted"), of="reflections"), Step(parts.SFT(), name="reflector")
PREFER = Step(parts.RightAndWrong(), of="reflections"), parts.DPO(start="reflector", reference="reflector")
STEPS = (*FIRST, *REFLECTIONS, *RETRIES, GOOD, *LEARN, *PREFER)
METRICS = (parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="retries"))
TITLE = "ReflectEvo: Learning Self-Reflection"
register(Recipe(name="reflect_evo", title=TITLE, paper="2505.16475", steps=STEPS, metrics=METRICS))
