"""The parts that recipe files are made of, by one import. Needed where a recipe is written, nowhere else."""

from backend.generators.imported import Imported
from backend.generators.own_answers import OwnAnswers
from backend.generators.sample import Sample
from backend.judges.additive_rubric import TEMPLATE as RUBRIC
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.agrees_with_label import AgreesWithLabel
from backend.judges.by_construction import ByConstruction
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.majority_vote import MajorityVote
from backend.judges.noted import Noted
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.read_critique import TEMPLATE as CRITIQUE
from backend.judges.read_critique import ReadCritique
from backend.judges.read_score import ReadScore
from backend.judges.text_similarity import TextSimilarity
from backend.judges.written_verdict import WrittenVerdict
from backend.metrics.correction_flips import CorrectionFlips
from backend.metrics.distinct_n import DistinctN
from backend.metrics.held_out_accuracy import HeldOutAccuracy
from backend.metrics.judge_quality import JudgeQuality
from backend.metrics.length import Length
from backend.metrics.override_rate import OverrideRate
from backend.metrics.pass_at_k import PassAtK
from backend.metrics.score_ties import ScoreTies
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.widest import Widest
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.anchored_pairs import AnchoredPairs
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.improved_revisions import ImprovedRevisions
from backend.selectors.revision_pairs import RevisionPairs
from backend.selectors.right_and_wrong import RightAndWrong
from backend.selectors.unpaired import Unpaired
from backend.selectors.vote_margin_pairs import VoteMarginPairs
from backend.selectors.worse_to_better import CORRECT, WorseToBetter
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.sft import SFT

__all__ = [
    "CORRECT", "CRITIQUE", "DPO", "KTO", "RUBRIC", "SFT", "AboveThreshold", "AdditiveRubric", "AgreesWithLabel",
    "AnchoredPairs", "Ask", "BestVersusWorst", "ByConstruction", "CorrectionFlips", "DistinctN", "ExactMatch",
    "FromChildren", "HeldOutAccuracy", "Imported", "ImprovedRevisions", "JudgeQuality", "Length", "MajorityVote",
    "Noted", "OverrideRate", "OwnAnswers", "PairwiseSwapped", "PassAtK", "PromptSet", "ReadCritique", "ReadScore",
    "RevisionPairs", "RightAndWrong", "Sample", "ScoreTies", "TextSimilarity", "Unpaired", "VoteMarginPairs", "Widest",
    "WorseToBetter", "WrittenVerdict",
]  # fmt: skip
