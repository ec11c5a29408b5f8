"""The parts that recipe files are made of, by one import. Needed where a recipe is written, nowhere else."""

from backend.generators.imported import Imported
from backend.generators.own_answers import OwnAnswers
from backend.generators.sample import Sample
from backend.judges.additive_rubric import TEMPLATE as RUBRIC
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.agrees_with_label import AgreesWithLabel
from backend.judges.all_of import AllOf
from backend.judges.brevity import Brevity
from backend.judges.by_construction import ByConstruction
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.learnability import Learnability
from backend.judges.majority_vote import MajorityVote
from backend.judges.noted import Noted
from backend.judges.novelty import Novelty
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.prompt_rules import PromptRules
from backend.judges.read_critique import TEMPLATE as CRITIQUE
from backend.judges.read_critique import ReadCritique
from backend.judges.read_score import ReadScore
from backend.judges.reference_likelihood import ReferenceLikelihood
from backend.judges.reward_model import RewardModel as RewardModelJudge
from backend.judges.run_tests import RunTests
from backend.judges.self_certainty import SelfCertainty
from backend.judges.solves_task import SolvesTask
from backend.judges.surface_rules import SurfaceRules
from backend.judges.text_similarity import TextSimilarity
from backend.judges.valid_task import ValidTask
from backend.judges.weighted_sum import WeightedSum
from backend.judges.written_verdict import WrittenVerdict
from backend.judges.yes_no_check import YesNoCheck
from backend.metrics.balance_score import BalanceScore
from backend.metrics.correction_flips import CorrectionFlips
from backend.metrics.distinct_n import DistinctN
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.metrics.length import Length
from backend.metrics.override_rate import OverrideRate
from backend.metrics.pass_at_k import PassAtK
from backend.metrics.score_ties import ScoreTies
from backend.mixers.deduplicate import Deduplicate
from backend.mixers.diverse_subset import DiverseSubset
from backend.mixers.earlier_rounds import EarlierRounds
from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.adopt_tasks import AdoptTasks
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.document_tasks import DocumentTasks
from backend.prompt_sources.evolve_prompts import EvolvePrompts
from backend.prompt_sources.few_shot_prompts import FewShotPrompts
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.verified_tasks import VerifiedTasks
from backend.prompt_sources.widest import Widest
from backend.schedules.balance_probe import BalanceProbe
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.all_prompts import AllPrompts
from backend.selectors.anchored_pairs import AnchoredPairs
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.improved_revisions import ImprovedRevisions
from backend.selectors.keep_all import KeepAll
from backend.selectors.revision_pairs import RevisionPairs
from backend.selectors.right_and_wrong import RightAndWrong
from backend.selectors.signed_examples import SignedExamples
from backend.selectors.unpaired import Unpaired
from backend.selectors.vote_margin_pairs import VoteMarginPairs
from backend.selectors.worse_to_better import CORRECT, WorseToBetter
from backend.trainers.cpo import CPO
from backend.trainers.distill import Distill
from backend.trainers.dpo import DPO
from backend.trainers.grpo import GRPO
from backend.trainers.kto import KTO
from backend.trainers.negative_aware_sft import NegativeAwareSFT
from backend.trainers.orpo import ORPO
from backend.trainers.reward_model import RewardModel
from backend.trainers.rloo import RLOO
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT

__all__ = [
    "CORRECT", "CPO", "CRITIQUE", "DPO", "GRPO", "KTO", "ORPO", "RLOO", "RUBRIC", "SFT", "AboveThreshold",
    "AdditiveRubric", "Adopt", "AdoptTasks", "AgreesWithLabel", "AllOf", "AllPrompts", "AnchoredPairs", "Ask",
    "BalanceProbe", "BalanceScore", "BestVersusWorst", "Brevity", "ByConstruction", "CorrectionFlips", "Deduplicate",
    "Distill", "DistinctN", "DiverseSubset", "DocumentTasks", "EarlierRounds", "EvolvePrompts", "ExactMatch",
    "FewShotPrompts", "FromChildren", "HeldOutAccuracy", "Imported", "ImprovedRevisions", "JudgeQuality", "KeepAll",
    "Learnability", "Length", "MajorityVote", "NegativeAwareSFT", "Noted", "Novelty", "OverrideRate", "OwnAnswers",
    "PairwiseSwapped", "PassAtK", "PromptRules", "PromptSet", "ReadCritique", "ReadScore", "ReferenceLikelihood",
    "RevisionPairs", "RewardModel", "RewardModelJudge", "RightAndWrong", "RunTests", "Sample", "ScoreTies",
    "SelfCertainty", "SignedExamples", "SoftTargetSFT", "SolvesTask", "SurfaceRules", "TextSimilarity", "Unpaired",
    "ValidTask", "VerifiedTasks", "VoteMarginPairs", "WeightedSum", "Widest", "WorseToBetter", "WrittenVerdict",
    "YesNoCheck",
]  # fmt: skip
