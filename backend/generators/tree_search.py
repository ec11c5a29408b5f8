"""Search a tree of steps: complete a prompt step by step, and go on where it looks best."""

import random
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from backend.engines import Ability, Engine
from backend.generators import Generator
from backend.generators._tree import Node, Tree
from backend.judges import Judge
from backend.judges.reward_model import rated
from backend.values import Group, Prompt, Sample, Sampling


class TreeSearch(Generator):
    """Each node's question is how the text up to it goes on; its samples are the next steps, which are its children.

    A step is the first of a whole completion, up to the delimiter; the rest of the completion is noted on the sample
    (`rest`, with the number of its steps) and shows where the step led. Noted as well are `value`, `visits`, whether it
    `is_expanded`, whether the completion `is_whole` (not cut off), and whether the text `goes_on` after the step.

    `mcts` writes on from the open leaf with the highest bounds mean + c * sqrt(2 ln N / n) on the way down to it, n
    being the values counted below a node and N those of it and its siblings; the means are weighted by visits, as in
    ReST-MCTS* (Zhang et al. 2024, arXiv 2406.03816; the bound as in its released code). `beam` writes on from the best
    steps of each level: with one beam, step by step after the best (Zhang et al. 2025, arXiv 2503.03746).

    A step's value comes from the scorer `value_by`, which rates the text up to it, or from the judge, which compares
    the steps of one node as answers to its question. Without either mcts goes by visits alone, level by level. A tree
    ends with its budget, not with success, and nothing that was made is dropped. The trees of a batch grow together:
    each turn asks the model once for all of them.
    """

    algorithm: Literal["mcts", "beam"] = Field("mcts", description="how the node that is written on from is chosen")
    branch: int = Field(3, ge=1, le=64, description="next steps that are sampled of a node")
    budget: int = Field(16, ge=1, le=4096, description="nodes of each prompt that are written on from")
    depth: int = Field(16, ge=1, le=256, description="most steps of a path")
    beams: int = Field(1, ge=1, le=64, description="of beam: nodes of a level that are written on from")
    exploration: float = Field(0.7, ge=0, description="of mcts: weight of the bound against the mean value, c")
    delimiter: str = Field("\n", min_length=1, max_length=40, description="text that ends a step, and belongs to it")
    temperature: float = Field(0.7, ge=0, le=5, description="0 is greedy; higher is more varied")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    max_tokens: int = Field(512, ge=1, description="longest completion of a node in tokens")
    value_by: str = Field(
        "",
        max_length=40,
        description="role of the scorer that rates the text up to each step; where none is bound yet, as in a first "
        "round, the search goes by visits alone",
    )
    judge: Judge | None = Field(None, description="compares the next steps of a node; unset: nobody does")
    judge_by: str = Field("judge", max_length=40, description="role that the judge asks; an unset judge is the policy")

    @model_validator(mode="after")
    def _is_guided_by_one(self) -> Self:
        if self.judge is not None and self.value_by:
            raise ValueError("The search is guided by a judge or by value_by, not by both. Leave one of them out.")
        if self.algorithm == "beam" and self.judge is None and not self.value_by:
            raise ValueError("A beam goes on from the best steps, but nothing rates them. Set a judge or value_by.")
        if self.judge is not None and (self.judge.needs_answer or self.judge.looks_elsewhere):
            raise ValueError(
                f"The judge {self.judge.name} cannot compare next steps: it looks at known answers, or at more than "
                "the steps of one node. Choose one that judges these texts by themselves, such as pairwise_swapped."
            )
        return self

    @property
    def makes_groups(self) -> bool:
        return True

    @property
    def asked_roles(self) -> Mapping[str, Ability]:
        if self.value_by:
            return {self.value_by: Ability.rate}
        if self.judge is not None and self.judge.needs_engine:
            return {self.judge_by: self.judge.asks_for}
        return {}

    @property
    def optional_roles(self) -> frozenset[str]:
        return frozenset([self.value_by]) if self.value_by and self.algorithm == "mcts" else frozenset()

    @property
    def samples_per_prompt(self) -> int:
        return self.budget * self.branch

    @property
    def groups_per_prompt(self) -> int:
        return self.budget

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens

    @property
    def asks_per_prompt(self) -> tuple[int, int]:
        if self.value_by:
            return self.samples_per_prompt, 0
        if self.judge is None or not self.judge.needs_engine:
            return 0, 0
        return self.judge.calls_at_most(self.budget, self.samples_per_prompt), self.judge.max_tokens_per_call

    def grow(
        self, engine: Engine, prompts: Sequence[Prompt], *, seed: int, engines: Mapping[str, Engine]
    ) -> list[list[Group]]:
        trees = [Tree(prompt, self.budget) for prompt in prompts]
        turn = 0
        while todo := [(tree, node) for tree in trees for node in self._next(tree)]:
            chance = random.Random(f"{seed} {turn}")
            answered = engine.complete(
                [tree.asked(node) for tree, node in todo], self._sampling(chance.getrandbits(31))
            )
            for (tree, node), completions in zip(todo, answered, strict=True):
                tree.add(node, completions, self.delimiter, self.depth)
            self._rate(todo, engines, chance.getrandbits(31))
            for tree, node in todo:
                tree.count(node, above_too=self.algorithm == "mcts")
            for tree in dict.fromkeys(tree for tree, _ in todo):
                tree.advance(self.beams)
            turn += 1
        return [tree.groups() for tree in trees]

    def _next(self, tree: Tree) -> list[Node]:
        return tree.beam() if self.algorithm == "beam" else tree.best_first(self.exploration)

    def _sampling(self, seed: int) -> Sampling:
        return Sampling(
            temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, n=self.branch, seed=seed
        )

    def _rate(self, todo: Sequence[tuple[Tree, Node]], engines: Mapping[str, Engine], seed: int) -> None:
        """Set the values of the new steps; what could not be rated has none."""
        children = [(tree, child) for tree, node in todo for child in node.children]
        if self.value_by:
            if children and (scorer := engines.get(self.value_by)) is not None:
                scores = rated(
                    scorer, [tree.prompt.messages for tree, _ in children], [child.path for _, child in children]
                )
                for (_, child), score in zip(children, scores, strict=True):
                    child.value = score if isinstance(score, float) else None
        elif self.judge is not None and children:
            self._judge(self.judge, todo, engines, seed)

    def _judge(self, judge: Judge, todo: Sequence[tuple[Tree, Node]], engines: Mapping[str, Engine], seed: int) -> None:
        """Let the judge compare the new steps of each node."""
        whose: dict[int, Node] = {}
        groups = []
        for position, (tree, node) in enumerate(todo):
            members = []
            for place, child in enumerate(node.children):
                whose[len(whose) + 1] = child
                members.append(Sample(len(whose), tree.prompt.id, child.text, position=place))
            groups.append(Group(_asked(tree, node), tuple(members), position=position))
        judgments = judge.judge(engines.get(self.judge_by), groups, seed=seed)
        for number, child in whose.items():
            child.value, _ = judge.label([judgment for judgment in judgments if judgment.sample_id == number])


def _asked(tree: Tree, node: Node) -> Prompt:
    return Prompt(tree.prompt.id, tree.asked(node), tree.prompt.answer, tree.prompt.metadata)
