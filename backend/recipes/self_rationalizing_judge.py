"""Self-rationalization improves LLM as a fine-grained judge. Trivedi et al. 2024. The policy is the judge.

**Self-rationalization improves LLM as a fine-grained judge.** Trivedi, Gulati, Molenschot, Rajeev, Ramamurthy, Stevens,
Chaudhery, Jambholkar, Zou, Rajani. 2024. arXiv 2410.05495.

*The paper.* A judge writes several judgments, each a rationale and a score, of the same item under a scoring criterion.
Pairs of them are preferences: chosen is one whose score is the known one~; majority and a meta-judge are compared as
other ways to choose~. DPO on the pairs gives the next judge, twice.

*Different here.*
- The judge is this round's policy: launch it from the checkpoint that judges. Whoever wrote the items is not trained.
- Items are imported completions, with their known scores in a column `score`. A file that has no scores can do with
  `majority_vote` in place of `agrees_with_label`, its `pattern` reading the score; people's scores of items count, too.
- The rubric is the additive one, 0 to 5, in our own words. Put criterion and scale of your items into the template of
  `ask` and into `reader` of `agrees_with_label`.
- Ten judgments at temperature 1~ and one pair for each item. The judge that the paper starts from is fine-tuned to
  judge~.
- `held_out_accuracy` needs held-out prompts that ask for a judgment, with the score as their answer.
- beta = 0.1~ and the training settings are ours.

*Quoted.* After two iterations its rationales win 62 % against those of a judge trained by SFT; in scoring it is 3 to 9
% above larger judges trained by SFT, self-consistency and best-of-N on BigGen Bench and RewardBench (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="self_rationalizing_judge",
        title="Self-Rationalization for a Fine-Grained Judge",
        paper="2410.05495",
        steps=(
            parts.PromptSet(),
            Step(parts.Imported(), name="items", by="data"),  # what is judged, with the score that is known of it
            parts.Noted(key="score"),
            parts.Ask(template=parts.RUBRIC),
            Step(parts.Sample(n=10, temperature=1.0), name="judgments"),
            parts.AgreesWithLabel(),
            parts.RightAndWrong(pairs_per_prompt=1),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
