"""Tasks of a taskset of verifiers as prompts: drawn by the seed, each once, each found again by what is noted."""

import pytest

from backend import verifiers_tasks
from backend.errors import InvalidInput
from backend.prompt_sources.verifiers_tasks import VerifiersTasks
from backend.values import Group
from tests.verifiers.sums import Install


def asked(taskset: str, *, seed: int = 1, limit: int = 4, **knobs: object) -> list[Group]:
    return VerifiersTasks(taskset=taskset, **knobs).ask([], [], limit=limit, seed=seed)


def test_tasks_have_answers_and_are_found_again_by_what_is_noted(install: Install) -> None:
    taskset = install()
    groups = asked(taskset)
    assert len({str(group.prompt.messages) for group in groups}) == 4
    for group in groups:
        system, user = group.prompt.messages
        assert (system, user["role"]) == ({"role": "system", "content": "Be brief."}, "user")
        assert group.prompt.answer == str(int(user["content"].split()[0]) + 2)
        place = verifiers_tasks.TaskPlace.of(group.prompt.metadata)
        assert place is not None
        assert verifiers_tasks.messages_of(verifiers_tasks.task_at(place)) == group.prompt.messages


def test_which_tasks_follows_from_the_seed_and_none_is_asked_twice(install: Install) -> None:
    taskset = install()
    assert asked(taskset, seed=1) == asked(taskset, seed=1) != asked(taskset, seed=2)
    assert len(asked(taskset, limit=100)) == 9
    assert len(asked(taskset, limit=100, config={"most": 3})) == 3
    assert len(asked(install(changes={'f"{left} + 2 ="': '"1 + 2 ="'}), limit=100)) == 1
    assert {group.prompt.answer for group in asked(taskset, answer_field="")} == {None}
    assert {group.prompt.answer for group in asked(taskset, answer_field="solution")} == {None}


def test_a_number_is_a_known_answer_too(install: Install) -> None:
    numbers = {"answer: str": "answer: int", "answer=str(left + 2)": "answer=left + 2"}
    assert {group.prompt.answer for group in asked(install(changes=numbers), config={"most": 2})} == {"2", "3"}


def test_of_an_endless_taskset_the_first_tasks_are_drawn_from(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifiers_tasks, "MOST_TASKS", 20)
    endless = {"range(self.config.most)": "itertools.count()", "import asyncio": "import asyncio\nimport itertools"}
    groups = asked(install(changes=endless), limit=100)
    assert {int(group.prompt.answer or "") for group in groups} == set(range(2, 22))


def test_tasks_that_hold_more_than_texts_are_passed_over(install: Install) -> None:
    picture = '[vf.UserMessage(content=[vf.ImageUrlContentPart(image_url=vf.ImageUrlSource(url="data:"))])]'
    text = '[vf.UserMessage(content="1 + 1 ="), vf.AssistantMessage(content="2"), vf.UserMessage(content="And + 1?")]'
    prompts = f"prompt=[None, {picture}, {text}][left]"
    (only,) = asked(install(changes={'prompt=f"{left} + 2 ="': prompts}), config={"most": 3})
    assert [message["content"] for message in only.prompt.messages] == ["Be brief.", "1 + 1 =", "2", "And + 1?"]
    nothing = install(changes={'prompt=f"{left} + 2 ="': "prompt=None"})
    with pytest.raises(InvalidInput, match="has no task that asks a text"):
        asked(nothing)


def test_a_name_and_settings_that_are_unfit_are_told_before_the_launch(install: Install) -> None:
    taskset = install()
    VerifiersTasks(taskset=taskset, config={"most": 2}).check_ready()
    for name, config, reply in (
        ("no_such_package", {}, "There is no installed package 'no_such_package' that needs verifiers"),
        ("pip", {}, "There is no installed package 'pip' that needs verifiers"),
        (install(needs="verifiers-of-others"), {}, "that needs verifiers"),
        (install(changes={'["Sums"]': "[]"}), {}, "gives no taskset: .* exports no Taskset"),
        (
            install(changes={"import asyncio": 'import asyncio\n\nopen("/nowhere/x")'}),
            {},
            "gives no taskset: .*/nowhere/x",
        ),
        (install(changes={"import asyncio": "import asyncio\n\n1 / 0"}), {}, "gives no taskset: division by zero"),
        (taskset, {"least": 1}, "does not take the settings .*least: Extra inputs"),
        (taskset, {"most": "many"}, "does not take the settings .*most: Input should be a valid integer"),
        (taskset, {"id": "other"}, "The setting 'id' of the taskset"),
        (taskset, {"system_prompt": "/etc/passwd"}, "The setting 'system_prompt' of the taskset"),
        (taskset, {"task": {"rewards": {"run": {"fn": "os.system"}}}}, "The setting 'rewards' of the taskset"),
        (taskset, {"task": {"judges": [{"id": "reference"}]}}, "The setting 'judges' of the taskset"),
    ):
        with pytest.raises(InvalidInput, match=reply):
            VerifiersTasks(taskset=name, config=config).check_ready()


UNFIT = [
    (
        {
            "class Sum(": "class Sums_Env(vf.SingleAgentEnv):\n    pass\n\n\nclass Sum(",
            '["Sums"]': '["Sums", "Sums_Env"]',
        },
        "brings an environment",
    ),
    ({"@vf.reward\n": "NEEDS_CONTAINER = True\n\n    @vf.reward\n"}, "prepares a sandbox"),
    (
        {"@vf.reward\n": "async def setup(self, trace, runtime):\n        pass\n\n    @vf.reward\n"},
        "prepares a sandbox",
    ),
    ({"@vf.reward\n": "@classmethod\n    def toolsets(cls, config):\n        return [1]\n\n    @vf.reward\n"}, "tools"),
    ({"import asyncio": "import asyncio\n\nfrom verifiers.v1 import Judge"}, "ask a model"),
    ({"import asyncio": "import asyncio\nimport openai"}, "ask a model"),
    ({"trace.last_reply.split()[-1]": "str(eval(trace.last_reply))"}, "run answers as programs"),
    (
        {"trace.last_reply.split()[-1]": "asyncio.subprocess.os.popen(trace.last_reply).read()"},
        "run answers as programs",
    ),
    ({"    @vf.reward\n": "", "    @vf.reward(weight=0.5)\n": ""}, "has no reward"),
    ({"is_right(self, trace)": "is_right(self, trace, runtime)"}, "look into a sandbox"),
]


@pytest.mark.parametrize(("changes", "text"), UNFIT)
def test_what_needs_more_than_one_text_and_its_rewards_is_refused(
    install: Install, changes: dict[str, str], text: str
) -> None:
    with pytest.raises(InvalidInput, match=text):
        VerifiersTasks(taskset=install(changes=changes)).check_ready()


def test_a_taskset_whose_data_is_missing_says_so(install: Install) -> None:
    broken = install(changes={"for left in": 'open("/nowhere/sums.jsonl")\n        for left in'})
    with pytest.raises(InvalidInput, match=r"cannot be read: .*/nowhere/sums.jsonl"):
        asked(broken)
