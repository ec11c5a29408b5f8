import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import backend
from backend import registry
from backend.errors import UnknownPart
from backend.judges import Judge
from backend.judges.exact_match import ExactMatch
from backend.metrics import Metric
from backend.metrics.judge_quality import JudgeQuality
from backend.registry import Part, snake_case

registry.import_all()
KINDS = [package for package in registry.PART_PACKAGES if package != "recipes"]
FILES = [
    (package, path.stem)
    for package in KINDS
    for path in sorted((Path(backend.__file__).parent / package).glob("[!_]*.py"))
]


def kind_of(package: str) -> type[Part]:
    module = importlib.import_module(f"backend.{package}")
    return next(
        c
        for c in vars(module).values()
        if isinstance(c, type) and c.__module__ == module.__name__ and Part in c.__bases__
    )


def part_of(package: str, name: str) -> type[Part]:
    return kind_of(package).registry[name]


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("BestVersusWorst", "best_versus_worst"),
        ("DPO", "dpo"),
        ("PassAtK", "pass_at_k"),
        ("OpenAI", "openai"),
        ("DistinctN", "distinct_n"),
    ],
)
def test_class_names_become_registered_names(class_name, name):
    assert snake_case(class_name) == name


@pytest.mark.parametrize(("package", "name"), FILES)
def test_every_part_file_holds_the_part_of_its_name(package, name):
    part = part_of(package, name)
    assert part.__module__ == f"backend.{package}.{name}"
    assert part.__doc__


@pytest.mark.parametrize(("package", "name"), FILES)
def test_every_knob_is_described(package, name):
    missing = [knob for knob, field in part_of(package, name).model_fields.items() if not field.description]
    assert missing == []


@pytest.mark.parametrize(("package", "name"), FILES)
def test_every_part_survives_json(package, name):
    part_class = part_of(package, name)
    if any(field.is_required() for field in part_class.model_fields.values()):
        pytest.skip("has knobs without a default")
    part = part_class()
    assert kind_of(package).load(json.loads(json.dumps(part.dump()))) == part


def test_nested_parts_survive_json():
    metric = JudgeQuality(verifier=ExactMatch(pattern=r"= (\d+)"))
    assert metric.dump()["verifier"]["name"] == "exact_match"
    assert Metric.load(json.loads(json.dumps(metric.dump()))) == metric
    assert Metric.load(JudgeQuality().dump()) == JudgeQuality()


def test_unknown_part_names_the_known_ones():
    with pytest.raises(UnknownPart, match=r"no judge named 'oracle'. Known: additive_rubric, .*written_verdict"):
        Judge.load({"name": "oracle"})


def test_parts_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        ExactMatch().numbers = False


def test_kinds_do_not_share_a_registry():
    assert "exact_match" in Judge.registry
    assert "exact_match" not in Metric.registry


def test_each_part_of_our_own_lies_in_the_file_of_its_name() -> None:
    """A process finds the parts that it needs by their files alone."""
    kinds = [cls for cls in registry.Part.__subclasses__() if cls.__module__.startswith("backend.")]
    assert len(kinds) > 8
    for kind in kinds:
        for name, part in kind.registry.items():
            if part.__module__.startswith("backend."):
                assert part.__module__ == f"{kind.package}.{name}"


def test_one_part_is_loaded_without_the_others() -> None:
    script = (
        "import sys; from backend.trainers import Trainer; "
        "part = Trainer.load({'name': 'grpo', 'reward': {'name': 'countdown'}}); "
        "assert part.name == 'grpo' and part.reward.name == 'countdown'; "
        "assert 'backend.judges.majority_vote' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
