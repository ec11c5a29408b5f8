"""Metacognitive Reuse: recurring reasoning becomes a handbook of behaviors. Didolkar et al. 2025.

**Metacognitive Reuse: Turning Recurring LLM Reasoning Into Concise Behaviors.** Didolkar, Ballas, Arora, Goyal. 2025.
arXiv 2509.13237.

*The paper.* A model solves problems, reflects on each of its traces, and writes the steps that recur as behaviors: a
name and a short instruction. They are collected in a handbook. The handbook, or the behaviors of it that fit, is given
in the context of new problems; or a model is fine-tuned on traces that were written with behaviors in the context,
without these.

*Different here.*
- The first round makes the handbook: a checkpoint with the weights of its start and the lessons before the question
  (the engine `library`). It is measured beside the plain checkpoint, by accuracy and by the tokens of an answer. Each
  lesson cites the traces that it was learned from. Prompts and parsing are ours: a lesson is a line `behavior_NAME:
  INSTRUCTION`.
- Lessons of the same name, or of nearly the same words (ROUGE-L from 0.8 up), are merged; one is at most 400 characters
  long, and of more than 200 those stay that the most traces led to. Of more than 40 lessons~ those go before a question
  that share most words with it; the paper picks by topic or by embeddings~.
- Later rounds sample 4 answers by the handbook, keep the right ones~ and fine-tune the weights inside on them. Rows
  hold the prompts without the handbook. The paper's SFT trains other models on the traces of a stronger one~.
- Run two rounds. What the second makes answers by itself. A new line that begins with the handbook's checkpoint
  enlarges the handbook.
- People may reject texts with lessons before these are collected, and answers before they are trained on.
- Sampling and training settings are ours.

*Quoted.* Up to 46 % fewer reasoning tokens at the same or better accuracy with behaviors in the context; up to 10 %
higher accuracy than critique and revise when the model uses behaviors of its own attempts (abstract).
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

REFLECT = (
    "Go through your solution once more: is it right, which steps were long although they are common, and which short "
    "rules would have made it shorter or safer? Rules that serve many problems are wanted, not this one's answer."
)
COLLECT = "Now write each rule on a line of its own, a name and an instruction:\n\nbehavior_NAME: INSTRUCTION"
ONE = parts.Sample(n=1, temperature=0.6, max_tokens=2048)
TRACES = parts.PromptSet(), Step(ONE, name="traces")
THOUGHTS = parts.Ask(template=REFLECT, follow=True), Step(ONE, name="reflections")
BEHAVIORS = parts.Ask(template=COLLECT, follow=True), Step(ONE, name="behaviors"), parts.KeepAll()
HANDBOOK = Phase(*TRACES, *THOUGHTS, *BEHAVIORS, parts.DistillLesson())
# The policy answers with its handbook by now, and rows hold the prompts alone.
GUIDED = parts.PromptSet(), Step(parts.Sample(n=4, temperature=0.6, max_tokens=2048), name="guided")
FILTERED = parts.ExactMatch(), parts.AboveThreshold(threshold=1.0)
LEARN = Phase(*GUIDED, *FILTERED, parts.SFT(max_length=4096))
METRICS = (parts.HeldOutAccuracy(), parts.HeldOutTokens())
TITLE = "Metacognitive Reuse: a Handbook of Behaviors"
register(Recipe(name="behavior_handbook", title=TITLE, paper="2509.13237", phases=(HANDBOOK, LEARN), metrics=METRICS))
