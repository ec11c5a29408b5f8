"""All tables, one file per aggregate."""

from backend.db.base import Base
from backend.db.tables.arena import Arena, ArenaMatch, ArenaVote
from backend.db.tables.checkpoint import Checkpoint
from backend.db.tables.comment import Comment
from backend.db.tables.dataset import Dataset, Example
from backend.db.tables.decision import Decision
from backend.db.tables.endpoint import EndpointUse
from backend.db.tables.external_id import ExternalId
from backend.db.tables.failure import LeftOut
from backend.db.tables.job import Batch, Executor, Helper, Job, JobPoint
from backend.db.tables.judge_bench import BenchJudge, BenchJudgment, BenchSample, JudgeBench
from backend.db.tables.judgment import Judgment, Label, Template
from backend.db.tables.metric import Metric
from backend.db.tables.near_duplicate import ClusteredSample, NearDuplicate
from backend.db.tables.notice import Notice
from backend.db.tables.preview import Preview
from backend.db.tables.project import FormerSlug, Membership, Project
from backend.db.tables.prompt import PROBES, ImportedCompletion, Prompt, PromptSet
from backend.db.tables.question import Answer, JudgeAnswer, Question
from backend.db.tables.recipe import SavedRecipe
from backend.db.tables.review import Assignment, Event, GoldItem, Informativeness, Lease, Presence, RoundReviewer, Tally
from backend.db.tables.rewrite import TemplateRewrite
from backend.db.tables.round import Group, Round, RoundPromptSet, RoundRole
from backend.db.tables.sample import JUDGED, Sample
from backend.db.tables.sample_tag import SampleTag
from backend.db.tables.scan import FineFinding, Scan, ScanFinding
from backend.db.tables.user import LoginLink, LoginSession, Token, User
from backend.db.tables.view import SampleView
from backend.db.tables.warning import RoundWarning
from backend.db.tables.webhook import Delivery, Webhook

__all__ = [
    "JUDGED",
    "PROBES",
    "Answer",
    "Arena",
    "ArenaMatch",
    "ArenaVote",
    "Assignment",
    "Base",
    "Batch",
    "BenchJudge",
    "BenchJudgment",
    "BenchSample",
    "Checkpoint",
    "ClusteredSample",
    "Comment",
    "Dataset",
    "Decision",
    "Delivery",
    "EndpointUse",
    "Event",
    "Example",
    "Executor",
    "ExternalId",
    "FineFinding",
    "FormerSlug",
    "GoldItem",
    "Group",
    "Helper",
    "ImportedCompletion",
    "Informativeness",
    "Job",
    "JobPoint",
    "JudgeAnswer",
    "JudgeBench",
    "Judgment",
    "Label",
    "Lease",
    "LeftOut",
    "LoginLink",
    "LoginSession",
    "Membership",
    "Metric",
    "NearDuplicate",
    "Notice",
    "Presence",
    "Preview",
    "Project",
    "Prompt",
    "PromptSet",
    "Question",
    "Round",
    "RoundPromptSet",
    "RoundReviewer",
    "RoundRole",
    "RoundWarning",
    "Sample",
    "SampleTag",
    "SampleView",
    "SavedRecipe",
    "Scan",
    "ScanFinding",
    "Tally",
    "Template",
    "TemplateRewrite",
    "Token",
    "User",
    "Webhook",
]

# Threads that work this out at once can leave it half done (db/aliases.py); here there are none yet.
for _table in Base.metadata.tables.values():
    _table.corresponding_column(next(iter(_table.c)))
