"""The lines of a model check: templates of tests/data/found and their relatives, tokens, weights, architectures."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from backend import demo
from backend.engines import _model_check
from backend.engines._model_check import CheckLevel, Line
from backend.engines._model_lines import lines
from backend.engines._rendering import ChatTemplate, special_tokens, template_source

FOUND = Path(__file__).parents[2] / "data" / "found"
USER = "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}{% endif %}"
END = "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
REPLY = "{% if m.role == 'assistant' %}<|assistant|>{{ m.content }}<|eos|>{% endif %}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(demo.MODEL_FOLDER, tmp_path / "m")
    return tmp_path / "m"


def with_template(folder: Path, template: str) -> dict[str, Line]:
    text = (FOUND / template).read_text() if template.endswith(".jinja") else template
    (folder / "chat_template.jinja").write_text(text)
    return {line.name: line for line in lines(folder)}


def change(folder: Path, name: str, **values: Any) -> dict[str, Line]:
    file = folder / name
    data = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: value for key, value in data.items() if value != "gone"}))
    return {line.name: line for line in lines(folder)}


def bad(result: dict[str, Line]) -> dict[str, str]:
    return {name: str(line.outcome) for name, line in result.items() if line.outcome is not CheckLevel.passed}


def test_a_good_model_passes_every_line(folder: Path) -> None:
    result = _model_check.run(folder)
    assert [line.name for line in result] == [
        "architecture",
        "template",
        "system",
        "generation_prompt",
        "end",
        "thinking",
        "pad",
        "context",
        "tokenizer",
        "weights",
        "vocabulary",
    ]
    assert {line.outcome for line in result} == {CheckLevel.passed}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("template_broken.jinja", "line 1: expected token 'end of print statement', got '{'"),
        ("{% for m in messages %}{{ m.content }}", "Unexpected end of template"),
        ("{{ messages[0]['content'] | shout }}", "No filter named 'shout'"),
        ("{{ raise_exception('only tools') }}", "only tools"),
        ("{{ messages.__class__.__mro__ }}", "access to attribute '__class__'"),
        ("{{ messages[0]['content'] + 1 }}", "refuses a plain question"),
    ],
)
def test_a_broken_template_fails_with_what_jinja_says(folder: Path, template: str, text: str) -> None:
    line = with_template(folder, template)["template"]
    assert line.outcome is CheckLevel.fail
    assert text in line.text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("template_gemma.jinja", "refused (System role not supported)"),
        (
            USER + REPLY + "{% if m.role not in ('user', 'assistant') %}{{ raise_exception('no') }}{% endif %}" + END,
            "refused (no)",
        ),
        (
            "{% if messages[0]['role'] != 'user' %}{{ raise_exception('user first') }}{% endif %}" + USER + REPLY + END,
            "refused (user first)",
        ),
        (
            "{% set names = {'user': '<|user|>', 'assistant': '<|assistant|>'} %}{% for m in messages %}"
            "{{ names[m.role] + m.content }}{% if m.role == 'assistant' %}<|eos|>{% endif %}" + END,
            "refused (",
        ),
        ("template_dropsys.jinja", "dropped unsaid"),
        (USER + REPLY + END, "dropped unsaid"),
        ("{% for m in messages if m.role != 'system' %}<|user|>{{ m.content }}<|eos|>" + END, "dropped unsaid"),
        (
            "{% set loop_messages = messages[1:] if messages[0].role == 'system' else messages %}"
            + USER.replace("in messages", "in loop_messages")
            + REPLY
            + END,
            "dropped unsaid",
        ),
    ],
)
def test_system_turns_that_are_refused_or_dropped_are_said(folder: Path, template: str, text: str) -> None:
    line = with_template(folder, template)["system"]
    assert line.outcome is CheckLevel.warn
    assert text in line.text


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("template_r1.jinja", {"generation_prompt", "thinking"}),
        # thinking is cut by a split at the other end, or by a filter
        (USER + REPLY.replace("m.content", "m.content.split('</think>\\n\\n')[-1]") + END, {"system", "thinking"}),
        (
            USER + REPLY.replace("m.content", "(m.content | replace('<think>', '')).rpartition('</think>')[2]") + END,
            {"system", "thinking"},
        ),
        # an empty thought where an answer is due
        (
            USER + REPLY + END.replace("<|assistant|>", "<|assistant|><think>\n\n</think>\n\n"),
            {"system", "generation_prompt"},
        ),
        # nothing where an answer is due
        (USER + REPLY + "{% endfor %}", {"system", "generation_prompt"}),
        # no end token; another token than sampling stops at; a token before the end
        (USER + REPLY.replace("<|eos|>", "") + END, {"system", "end"}),
        (USER + REPLY.replace("<|eos|>", "\n") + END, {"system", "end"}),
        (USER + REPLY.replace("<|eos|>", "<|user|>") + END, {"system", "end"}),
        (USER + REPLY.replace("<|eos|>", "{% if not loop.last %}<|eos|>{% endif %}") + END, {"system", "end"}),
    ],
)
def test_what_training_rows_lose_is_said(folder: Path, template: str, names: set[str]) -> None:
    assert bad(with_template(folder, template)) == dict.fromkeys(names, "warn")


def test_a_template_without_answers_cannot_be_trained(folder: Path) -> None:
    assert bad(with_template(folder, USER + END))["answer"] == "fail"


def test_a_template_that_never_ends_fails_in_bounded_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_check, "SECONDS", 3)
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    (folder / "chat_template.jinja").write_text(loop)
    (line,) = _model_check.run(folder)
    assert (line.outcome, "did not end within 3 seconds" in line.text) == (CheckLevel.fail, True)


@pytest.mark.parametrize(
    ("file", "values", "name", "outcome", "text"),
    [
        (
            "tokenizer_config.json",
            {"pad_token": "gone"},
            "pad",
            "warn",
            "no pad token; the end token <|eos|> stands in",
        ),
        ("tokenizer_config.json", {"pad_token": "<|eos|>"}, "pad", "warn", "is an end token"),
        ("tokenizer_config.json", {"pad_token": {"content": "<|eos|>"}}, "pad", "warn", "is an end token"),
        ("config.json", {"vocab_size": 50}, "vocabulary", "pass", "102 rows"),
        (
            "config.json",
            {"model_type": "mamba", "architectures": ["MambaForCausalLM"]},
            "architecture",
            "fail",
            "keeps a state instead of keys and values",
        ),
        ("config.json", {"model_type": "falcon_mamba"}, "architecture", "fail", "register its endpoint"),
        ("config.json", {"model_type": "rwkv"}, "architecture", "fail", "register its endpoint"),
        ("config.json", {"is_encoder_decoder": True}, "architecture", "fail", "no chat model"),
        ("config.json", {"model_type": "jamba"}, "architecture", "warn", "was not tried"),
        ("config.json", {"architectures": ["LlamaForQuestionAnswering"]}, "architecture", "warn", "Try a prompt"),
        (
            "config.json",
            {"architectures": ["LlamaForSequenceClassification"]},
            "architecture",
            "fail",
            "gives 2 numbers, and a scorer gives one",
        ),
        (
            "config.json",
            {"architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "good"}},
            "architecture",
            "pass",
            "a scorer, whose head gives one number",
        ),
        ("config.json", {"output_router_logits": True}, "router", "warn", "It is switched off"),
        ("config.json", {"quantization_config": {"bits": 4}}, "quantization", "warn", "quantized"),
        ("config.json", {"num_local_experts": 4}, "architecture", "pass", "4 experts"),
    ],
)
def test_configs(folder: Path, file: str, values: dict[str, Any], name: str, outcome: str, text: str) -> None:
    line = change(folder, file, **values)[name]
    assert str(line.outcome) == outcome
    assert text in line.text


def test_an_unknown_context_is_said(folder: Path) -> None:
    change(folder, "tokenizer_config.json", model_max_length=10**30)
    assert bad(change(folder, "config.json", max_position_embeddings="gone")) == {"context": "warn"}


def test_a_tokenizer_with_more_tokens_than_the_embedding_has_rows_fails(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    added = tokenizer["added_tokens"][-1] | {"id": 500, "content": "<|more|>"}
    tokenizer["added_tokens"].append(added)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert bad({line.name: line for line in lines(folder)})["vocabulary"] == "fail"


def test_templates_render_as_transformers_renders_them(folder: Path) -> None:
    from transformers import AutoTokenizer

    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 1 ="},
        {"role": "assistant", "content": "2"},
    ]
    sources = [
        template_source(folder),
        (FOUND / "template_dropsys.jinja").read_text(),
        "{{ messages | tojson }}{{ eos_token }}",
        "{% for m in messages %}\n  {%- if loop.first %}{% continue %}{% endif %}\n{{ m.role }}\n{% endfor %}",
    ]
    for source in sources:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        tokenizer.chat_template = source
        for due in (False, True):
            expected = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=due)
            assert ChatTemplate(source, special_tokens(folder)).render(chat, add_generation_prompt=due) == expected


def test_where_a_template_may_stand(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    assert template_source(tmp_path) == "b"
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "c"}))
    assert template_source(tmp_path / "none", tmp_path) == "c"
    (tmp_path / "chat_template.jinja").write_text("d")
    assert template_source(tmp_path) == "d"


def test_a_folder_is_checked_again_only_when_a_file_in_it_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    begin = _model_check.subprocess.run
    monkeypatch.setattr(_model_check.subprocess, "run", lambda argv, **how: started.append(argv) or begin(argv, **how))
    first = _model_check.run(folder)
    assert _model_check.run(folder) == first
    assert len(started) == 1
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 7}))
    assert _model_check.run(folder) != first
    assert len(started) == 2


def test_a_check_that_ended_early_is_done_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_check.sys, "executable", "/bin/false")
    assert [line.name for line in _model_check.run(folder)] == ["check"]
    monkeypatch.undo()
    assert len(_model_check.run(folder)) > 1
