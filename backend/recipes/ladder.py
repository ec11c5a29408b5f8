"""LADDER: easier variants of each problem, recursively, which the policy learns to solve. Simonds, Yoshiyama 2025.

**LADDER: Self-Improving LLMs Through Recursive Problem Decomposition.** Simonds, Yoshiyama. 2025. arXiv 2503.00735.

*The paper.* For each problem that is too hard the model writes easier variants, for each variant easier ones again, up
to three levels deep: a tree in which each variant has one parent. About 500 variants of each of 10 integrals are
trained on by GRPO, not the integrals themselves. Variants are made ten at a time, with temperatures from 0.8 to 1.4,
with suggested transformations and in the manner of different mathematicians. Nobody knows their answers: an answer is
checked by numbers, at five points of [-10, 10] over intervals of length 0.1, within a relative difference of 1 %. The
reward adds one for the form, a tag around the answer; the KL coefficient is 0.001.

*Different here.*
- 10, 70 and 420 variants of a prompt on three levels, at temperatures of 0.8 and 1.4, in two manners; each is one
  completion, and no transformations are suggested. Variants that do not ask for an integral, and those that ask the
  same as another one, are dropped. All variants are called easier; the paper's second experiment asked for 30 % of the
  same difficulty.
- The integral is calculated by Simpson's rule, twice as fine where it is compared; a place where the two differ counts
  as near a singularity and is drawn anew, and so is one where the answer has no real value. Formulas are read in x
  alone, in sympy's notation, and are never run: what is no formula is wrong. An integrand that cannot be calculated
  gives no reward.
- The reward is 1 for a right answer plus 0.1 for the tag~.
- All variants of a round are trained on together, in random order, as in the paper's algorithm. Import prompts that
  read `Integrate x**2 + 1`; for other tasks exchange the judge `antiderivative` for one that needs no known answer.
- The test-time variant, in which a temporary model is trained for each problem, is not part of this recipe.
- People may accept, edit or reject the first variants before easier ones are made of them.

*Quoted.* Llama 3.2 3B from 1 % to 82 % on undergraduate integrals; 73 % of a 7B model on the MIT Integration Bee, 90 %
with training at test time (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

WAYS = {"series": "Think as Euler did: in series and patterns.", "bounds": "Think as Gauss did: from the known case."}
FORM = "{prompt}\n\nThink step by step. End with a formula in sympy's notation, without a constant, as <answer>formula"
FORM += "</answer>."
INTEGRALS = parts.AllOf(judges=(parts.PromptRules(min_words=2), parts.SurfaceRules(must_match=parts.INTEGRAND)))
TAGS = parts.SurfaceRules(must_match=r"(?s)\A(?>.*?<answer>).+</answer>\s*\Z")
REWARD = parts.WeightedSum(judges=(parts.Antiderivative(), TAGS), weights=(1.0, 0.1))


def level(number: int, n: int, more: int) -> tuple[object, ...]:
    """Variants of the prompts one level up: n for each way to think, and some more at a higher temperature."""
    easier = parts.EvolvePrompts(direction="easier", about="each" if number > 1 else "pool")
    variants = parts.Sample(n=n, conditions=WAYS, temperature=0.8, extra_n=more, extra_temperature=1.4, max_tokens=128)
    return easier, Step(variants, name=f"variants_{number}"), INTEGRALS, Step(parts.Adopt(), name=f"level_{number}")


TREE = (*level(1, 4, 2), *level(2, 3, 1), *level(3, 2, 2))  # 10, 70 and 420 variants of a prompt
ALL = (Step(parts.AllPrompts(template=FORM), of=f"level_{number}") for number in (3, 2, 1))
STEPS = (*TREE, *ALL, parts.GRPO(reward=REWARD, beta=0.001))
TITLE = "LADDER: Self-Improving LLMs Through Recursive Problem Decomposition"
register(Recipe(name="ladder", title=TITLE, paper="2503.00735", steps=STEPS, metrics=(parts.HeldOutAccuracy(),)))
