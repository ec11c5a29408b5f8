"""The parts that recipe files are made of, by one import. Needed where a recipe is written, nowhere else."""

from backend.environments.calculator import Calculator
from backend.environments.document_search import DocumentSearch
from backend.generators.environment_rollout import EnvironmentRollout
from backend.generators.fixed_point import FixedPoint
from backend.generators.imported import Imported
from backend.generators.own_answers import OwnAnswers
from backend.generators.sample import Sample
from backend.generators.tree_search import TreeSearch
from backend.judges.additive_rubric import TEMPLATE as RUBRIC
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.agrees_with_label import AgreesWithLabel
from backend.judges.all_of import AllOf
from backend.judges.antiderivative import INTEGRAND, Antiderivative
from backend.judges.behavior_tags import BEHAVIORS, BehaviorTags
from backend.judges.best_on_top import BestOnTop
from backend.judges.brevity import Brevity
from backend.judges.by_construction import ByConstruction
from backend.judges.consensus import Consensus
from backend.judges.dropout_reward_model import DropoutRewardModel
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.instruction_difficulty import InstructionDifficulty
from backend.judges.learnability import Learnability
from backend.judges.majority_vote import MajorityVote
from backend.judges.monitor_flag import MonitorFlag
from backend.judges.noted import Noted
from backend.judges.novelty import Novelty
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.principled_reward import PrincipledReward
from backend.judges.prompt_rules import PromptRules
from backend.judges.reachable_answer import ReachableAnswer
from backend.judges.read_critique import TEMPLATE as CRITIQUE
from backend.judges.read_critique import ReadCritique
from backend.judges.read_score import ReadScore
from backend.judges.recalibrated import Recalibrated
from backend.judges.reference_length import ReferenceLength
from backend.judges.reference_likelihood import ReferenceLikelihood
from backend.judges.relative_length import RelativeLength
from backend.judges.reward_gap import RewardGap
from backend.judges.reward_model import RewardModel as RewardModelJudge
from backend.judges.round_trip import RoundTrip
from backend.judges.run_tests import RunTests
from backend.judges.self_certainty import SelfCertainty
from backend.judges.solves_task import SolvesTask
from backend.judges.stated_budget import StatedBudget
from backend.judges.step_value import StepValue
from backend.judges.sum_of_votes import SumOfVotes
from backend.judges.surface_rules import SurfaceRules
from backend.judges.text_similarity import TextSimilarity
from backend.judges.tree_rules import TreeRules
from backend.judges.valid_task import ValidTask
from backend.judges.weighted_sum import WeightedSum
from backend.judges.written_verdict import WrittenVerdict
from backend.judges.yes_no_check import YesNoCheck
from backend.metrics.accuracy_by_difficulty import AccuracyByDifficulty
from backend.metrics.balance_score import BalanceScore
from backend.metrics.correction_flips import CorrectionFlips
from backend.metrics.distinct_n import DistinctN
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.held_out_similarity import HeldOutSimilarity
from backend.metrics.held_out_tokens import HeldOutTokens
from backend.metrics.judge_quality import JudgeQuality
from backend.metrics.length import Length
from backend.metrics.override_rate import OverrideRate
from backend.metrics.pair_gap import PairGap
from backend.metrics.pass_at_k import PassAtK
from backend.metrics.score_ties import ScoreTies
from backend.metrics.self_knowledge import SelfKnowledge
from backend.metrics.two_sample_accuracy import TwoSampleAccuracy
from backend.mixers.boosting_weights import BoostingWeights
from backend.mixers.deduplicate import Deduplicate
from backend.mixers.difficulty_band import DifficultyBand
from backend.mixers.diverse_subset import DiverseSubset
from backend.mixers.earlier_rounds import EarlierRounds
from backend.mixers.informative_prompts import InformativePrompts
from backend.mixers.seed_share import SeedShare
from backend.mixers.steady_gap import SteadyGap
from backend.mixers.uncertainty_weights import UncertaintyWeights
from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.adopt_tasks import AdoptTasks
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.compare_all import CompareAll
from backend.prompt_sources.debate import Debate
from backend.prompt_sources.document_tasks import DocumentTasks
from backend.prompt_sources.episode_steps import EpisodeSteps
from backend.prompt_sources.evolve_prompts import EvolvePrompts
from backend.prompt_sources.exam_prompts import ExamPrompts
from backend.prompt_sources.few_shot_prompts import FewShotPrompts
from backend.prompt_sources.inverse_prompts import InversePrompts
from backend.prompt_sources.most_informative import MostInformative
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.prompts_by_difficulty import PromptsByDifficulty
from backend.prompt_sources.verified_tasks import VerifiedTasks
from backend.prompt_sources.widest import Widest
from backend.prompt_sources.with_passages import WithPassages
from backend.schedules.balance_probe import BalanceProbe
from backend.schedules.difficulty_ladder import DifficultyLadder
from backend.schedules.stop_on_warning import StopOnWarning
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.all_prompts import AllPrompts
from backend.selectors.anchored_pairs import AnchoredPairs
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.budget_examples import BudgetExamples
from backend.selectors.direct_answers import DirectAnswers
from backend.selectors.gap_pairs import GapPairs
from backend.selectors.improved_revisions import ImprovedRevisions
from backend.selectors.keep_all import KeepAll
from backend.selectors.plain_texts import PlainTexts
from backend.selectors.principle_pairs import PrinciplePairs
from backend.selectors.revision_pairs import RevisionPairs
from backend.selectors.right_and_wrong import RightAndWrong
from backend.selectors.signed_examples import SignedExamples
from backend.selectors.tree_traces import TreeTraces
from backend.selectors.unpaired import Unpaired
from backend.selectors.value_rows import ValueRows
from backend.selectors.vote_margin_pairs import VoteMarginPairs
from backend.selectors.worse_to_better import CORRECT, WorseToBetter
from backend.trainers.cpo import CPO
from backend.trainers.distill import Distill
from backend.trainers.distill_lesson import DistillLesson
from backend.trainers.dpo import DPO
from backend.trainers.grpo import GRPO
from backend.trainers.grpo_category_bandit import GRPOCategoryBandit
from backend.trainers.grpo_judge_mix import GRPOJudgeMix
from backend.trainers.grpo_prompt_value import GRPOPromptValue
from backend.trainers.grpo_self_score import GRPOSelfScore
from backend.trainers.guided_grpo import GuidedGRPO
from backend.trainers.hidden_state_sft import HiddenStateSFT
from backend.trainers.kto import KTO
from backend.trainers.multi_turn_grpo import AGAIN, MultiTurnGRPO
from backend.trainers.negative_aware_sft import NegativeAwareSFT
from backend.trainers.orpo import ORPO
from backend.trainers.reward_model import RewardModel
from backend.trainers.rloo import RLOO
from backend.trainers.self_refine import SelfRefine
from backend.trainers.sft import SFT
from backend.trainers.soft_target_sft import SoftTargetSFT
from backend.trainers.step_scorer import StepScorer
from backend.trainers.teacher_remark_grpo import TeacherRemarkGRPO

__all__ = [
    "AGAIN",
    "BEHAVIORS",
    "CORRECT",
    "CPO",
    "CRITIQUE",
    "DPO",
    "GRPO",
    "INTEGRAND",
    "KTO",
    "ORPO",
    "RLOO",
    "RUBRIC",
    "SFT",
    "AboveThreshold",
    "AccuracyByDifficulty",
    "AdditiveRubric",
    "Adopt",
    "AdoptTasks",
    "AgreesWithLabel",
    "AllOf",
    "AllPrompts",
    "AnchoredPairs",
    "Antiderivative",
    "Ask",
    "BalanceProbe",
    "BalanceScore",
    "BehaviorTags",
    "BestOnTop",
    "BestVersusWorst",
    "BoostingWeights",
    "Brevity",
    "BudgetExamples",
    "ByConstruction",
    "Calculator",
    "CompareAll",
    "Consensus",
    "CorrectionFlips",
    "Debate",
    "Deduplicate",
    "DifficultyBand",
    "DifficultyLadder",
    "DirectAnswers",
    "Distill",
    "DistillLesson",
    "DistinctN",
    "DiverseSubset",
    "DocumentSearch",
    "DocumentTasks",
    "DropoutRewardModel",
    "EarlierRounds",
    "EnvironmentRollout",
    "EpisodeSteps",
    "EvolvePrompts",
    "ExactMatch",
    "ExamPrompts",
    "FewShotPrompts",
    "FixedPoint",
    "FromChildren",
    "GRPOCategoryBandit",
    "GRPOJudgeMix",
    "GRPOPromptValue",
    "GRPOSelfScore",
    "GapPairs",
    "GuidedGRPO",
    "HeldOutAccuracy",
    "HeldOutSimilarity",
    "HeldOutTokens",
    "HiddenStateSFT",
    "Imported",
    "ImprovedRevisions",
    "InformativePrompts",
    "InstructionDifficulty",
    "InversePrompts",
    "JudgeQuality",
    "KeepAll",
    "Learnability",
    "Length",
    "MajorityVote",
    "MonitorFlag",
    "MostInformative",
    "MultiTurnGRPO",
    "NegativeAwareSFT",
    "Noted",
    "Novelty",
    "OverrideRate",
    "OwnAnswers",
    "PairGap",
    "PairwiseSwapped",
    "PassAtK",
    "PlainTexts",
    "PrinciplePairs",
    "PrincipledReward",
    "PromptRules",
    "PromptSet",
    "PromptsByDifficulty",
    "ReachableAnswer",
    "ReadCritique",
    "ReadScore",
    "Recalibrated",
    "ReferenceLength",
    "ReferenceLikelihood",
    "RelativeLength",
    "RevisionPairs",
    "RewardGap",
    "RewardModel",
    "RewardModelJudge",
    "RightAndWrong",
    "RoundTrip",
    "RunTests",
    "Sample",
    "ScoreTies",
    "SeedShare",
    "SelfCertainty",
    "SelfKnowledge",
    "SelfRefine",
    "SignedExamples",
    "SoftTargetSFT",
    "SolvesTask",
    "StatedBudget",
    "SteadyGap",
    "StepScorer",
    "StepValue",
    "StopOnWarning",
    "SumOfVotes",
    "SurfaceRules",
    "TeacherRemarkGRPO",
    "TextSimilarity",
    "TreeRules",
    "TreeSearch",
    "TreeTraces",
    "TwoSampleAccuracy",
    "UncertaintyWeights",
    "Unpaired",
    "ValidTask",
    "ValueRows",
    "VerifiedTasks",
    "VoteMarginPairs",
    "WeightedSum",
    "Widest",
    "WithPassages",
    "WorseToBetter",
    "WrittenVerdict",
    "YesNoCheck",
]
