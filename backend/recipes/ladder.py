"""LADDER: easier variants of each problem, recursively, which the policy learns to solve. Simonds, Yoshiyama 2025."""

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
