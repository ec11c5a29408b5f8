"""Recursive Introspection: Teaching Language Model Agents How to Self-Improve (RISE). Qu et al. 2024.

**Recursive Introspection: Teaching Language Model Agents How to Self-Improve (RISE).** Qu, Zhang, Garg, Kumar. 2024.
arXiv 2407.18219.

*The paper.* One prompt becomes a chat of several turns: the model answers, and after a failed answer is asked to try
again with its failed answers in view. What it learns for the next turn is a better answer, by a stronger model or the
best of several samples of its own (self-distillation), and rows are weighed by exp(reward / temperature), with 0.4 for
the temperature in the released code. The new model makes the chats of the next iteration.

*Different here.*
- Self-distillation alone, with five samples in each of two further turns; the example of the released code draws 16 in
  one further turn.
- The reward is 1 or 0 by the known answer, and only right targets are kept, at most one for each state. All of them
  have the same reward, so all weights are equal. The released code by default keeps wrong targets, too, where all
  samples are wrong, with less than a tenth of the weight.
- The third turn begins with the first wrong sample of the second, even where another one of the five was right; the
  released code ends the chat there.
- First turns are not trained on, only seen; the released code by default trains on them. To hold on to single-turn
  answers add `above_threshold` after the first judge.
- The request is ours. At test time the paper votes over turns; measuring here is of the first turn.
- Training settings are ours.

*Quoted.* None: the abstract gives no figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

AGAIN = "The answer is wrong. Find what went wrong in it, and answer the question once more."


def turn(name: str) -> tuple[object, ...]:
    """One more try after a failed one, which the chat still shows: the best of five is what the next turn learns."""
    asked = parts.Ask(template=AGAIN, about="rejected", most=1, follow=True)
    best = parts.ImprovedRevisions(require="right_after_wrong", max_per_question=1)
    return asked, Step(parts.Sample(n=5, temperature=1.0), name=name), parts.ExactMatch(), best


FIRST = parts.PromptSet(), Step(parts.Sample(n=1, temperature=1.0), name="first"), parts.ExactMatch()
STEPS = (*FIRST, *turn("second"), *turn("third"), parts.SFT())
METRICS = (parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="second"))
TITLE = "Recursive Introspection (RISE)"
register(Recipe(name="rise", title=TITLE, paper="2407.18219", steps=STEPS, metrics=METRICS))
