"""Process-based self-rewarding: the model compares its own next steps, and learns from pairs of them. 2025."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._next_steps import NEXT_STEP

# Imported solutions step by step, and imported judgments of steps, make the first model.
SEED = Phase(parts.PromptSet(), parts.OwnAnswers(), parts.KeepAll(), parts.SFT())

COMPARE = parts.PairwiseSwapped(template=NEXT_STEP, score="wins")
SEARCH = parts.TreeSearch(algorithm="beam", branch=6, budget=20, depth=20, judge=COMPARE)
VALUES = parts.Noted(key="value")  # what the comparisons said, which led the search
STEPS = Step(SEARCH, name="steps"), VALUES, parts.BestVersusWorst()

TITLE = "Process-based Self-Rewarding Language Models"
PHASES = (SEED, Phase(parts.PromptSet(), *STEPS, parts.DPO(beta=0.1)))
METRICS = (parts.HeldOutAccuracy(), parts.JudgeQuality(), parts.Length())
register(Recipe(name="process_self_rewarding", title=TITLE, paper="2503.03746", phases=PHASES, metrics=METRICS))
