"""Files as people have them: each kind that failed once, with relatives, becomes the right rows or says why not."""

import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.errors import InvalidInput
from backend.services.prompts.file_preview import FilePreview, Finished, preview
from backend.services.prompts.files import open_file


def packed(content: bytes) -> bytes:
    """The bytes without a time in them: every process names the cases alike."""
    return gzip.compress(content, mtime=0)


FOUND = Path(__file__).parents[2] / "data" / "found"
RIVER = "user: Name a river"


def look(path: Path) -> FilePreview:
    return preview(open_file(path))


def short(row: Finished) -> Any:
    """What a row became: the turns, with an answer and completions where there are some; or the reason."""
    if row.reason:
        return "! " + row.reason
    parts: list[Any] = [row.text] + ([row.answer] if row.answer is not None else [])
    for completion in row.completions:
        noted = {name: value for name, value in completion.extra.items() if name in ("chosen", "label", "score")}
        parts.append((completion.text, *noted.values()))
    return parts[0] if len(parts) == 1 else tuple(parts)


def rows(*values: object) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def arrow(as_file: bool, **columns: Any) -> bytes:
    out, table = io.BytesIO(), pa.table(columns)
    with (pa.ipc.new_file if as_file else pa.ipc.new_stream)(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def chat(*turns: str, roles: tuple[str, ...] = ("user", "assistant"), **more: object) -> dict[str, Any]:
    return {"messages": [{"role": roles[i % 2], "content": turn} for i, turn in enumerate(turns)], **more}


FILES: dict[str, list[Any]] = {
    "alpaca.jsonl": [
        ("user: Translate to French\n\nriver", "rivière"),
        ("user: Translate to French\n\nsea", "mer"),
        ("user: Translate to French\n\nhill", "colline"),
    ],
    "alpaca_min.csv": [("user: Translate to French\n\nriver", "rivière"), ("user: Translate to French\n\nsea", "mer")],
    "mcq.jsonl": [
        ("user: Which is a river?\n\nA. Elbe\nB. Alps", "A"),
        ("user: Which is a river?\n\nA. Alps\nB. Po", "B"),
    ],
    "array_concatenated.json": [RIVER, "user: Name a sea", "user: Name a lake"],
    "array_nan.json": [RIVER, "user: Name a sea"],
    "chat_openai_log.jsonl": [(RIVER, "Elbe"), ("user: Name a sea", "Baltic")],
    "chat_parts_text.jsonl": [RIVER],
    "chat_sharegpt.jsonl": [(RIVER, "Elbe")],
    "csv_cr_only.csv": [(RIVER, "Elbe"), ("user: Name a sea", "Baltic")],
    "csv_messages_json.csv": [(RIVER, "Elbe")],
    "csv_messages_repr.csv": [(RIVER, "Elbe")],
    "csv_nan_answer.csv": [RIVER, "user: Name a sea", "user: Name a lake", "user: Name a hill"],
    "csv_sep_line.csv": [(RIVER, "Elbe")],
    "csv_trailing_columns.csv": [(RIVER, "Elbe")],
    "json_wrapped_oneline.json": [RIVER, "user: Name a sea"],
    "jsonl_big_numbers.jsonl": [
        ("user: a1", "1.50"),
        ("user: a2", "100000000000000000000000.0"),
        ("user: a3", "0.1234567890123456789"),
        ("user: a4", "1e400"),
        ("user: a5", "9007199254740993"),
        ("user: a6", "1E3"),
        ("user: a7", "true"),
        ("user: a8", "-0.0"),
    ],
    "pq_binary_answer.parquet": [(RIVER, "Elbe")],
    "pq_decimal_answer.parquet": [("user: Half of 2.5?", "1.25")],
    "pq_messages_union.parquet": [RIVER, "user: Name a sea"],
    "pq_nan_answer.parquet": [RIVER, ("user: 2+2?", "4.0")],
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_failed_once_is_right(name: str) -> None:
    assert [short(row) for row in look(FOUND / name).prompts] == FILES[name]


HH = "\n\nHuman: Name a river\n\nAssistant: Which kind?\n\nHuman: A long one\n\nAssistant: "
USER, REPLY = {"role": "user", "content": "Name a river"}, {"role": "assistant", "content": "Elbe"}

# The kind, the file's name, its content, the words by which the format is recognised, what the rows become.
RELATIVES: list[tuple[str, str, str | bytes, str, list[Any] | str]] = [
    # Alpaca and its like
    (
        "context",
        "a.jsonl",
        rows({"instruction": "Sum up", "context": "A text.", "response": "Text."}),
        "Alpaca",
        [("user: Sum up\n\nA text.", "Text.")],
    ),
    (
        "context",
        "a.csv",
        "instruction,input,output,system\nSay hi,,hi,Be brief\n",
        "Alpaca",
        [("system: Be brief\n\nuser: Say hi", "hi")],
    ),
    (
        "context",
        "a.jsonl",
        rows({"instruction": "And now?", "input": "", "output": "c", "history": [["a", "b"]]}),
        "Alpaca",
        [("user: a\n\nassistant: b\n\nuser: And now?", "c")],
    ),
    (
        "context",
        "a.json",
        json.dumps([{"question": "Who?", "context": "Ann came.", "answers": {"text": ["Ann"], "answer_start": [0]}}]),
        "answers",
        [("user: Who?\n\nAnn came.", "Ann")],
    ),
    # multiple choice
    (
        "choices",
        "a.jsonl",
        rows({"question": "Q?", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"}),
        "multiple choice",
        [("user: Q?\n\n1. x\n2. y", "2")],
    ),
    ("choices", "a.csv", "question,A,B,answer\nQ?,x,y,b\n", "multiple choice", [("user: Q?\n\nA. x\nB. y", "B")]),
    (
        "choices",
        "a.jsonl",
        rows({"ctx": "He", "endings": ["ran", "sat"], "label": "1"}),
        "multiple choice",
        [("user: He\n\nA. ran\nB. sat", "B")],
    ),
    (
        "choices",
        "a.jsonl",
        rows({"question": "Q?", "options": ["x", "y"], "answer": 7}),
        "multiple choice",
        ["! the answer '7' is none of the choices A, B"],
    ),
    # arrays and wrappers
    ("arrays", "a.json", '[{"prompt":"a"}][{"prompt":"b"}]\n\n[]', "prompt-only", ["user: a", "user: b"]),
    ("arrays", "a.json", '{\n "prompt": "a"\n}\n{\n "prompt": "b"\n}\n', "prompt-only", ["user: a", "user: b"]),
    ("arrays", "a.json", '[{"prompt":"a"}] x', "the JSON array breaks", "refused"),
    (
        "arrays",
        "a.json",
        '[{"prompt":"a"},{"prompt":"a","prompt":"b"}]',
        "prompt-only",
        ["user: a", "! the key 'prompt' stands twice in one object; keep one of them"],
    ),
    ("wrapped", "a.json", '{"version": "1.1",\n "examples": [\n {"prompt": "a"}]}', "prompt-only", ["user: a"]),
    (
        "wrapped",
        "a.json",
        '{"features": [], "rows": [{"row_idx": 0, "row": {"prompt": "a"}}], "num": 1}',
        "prompt-only",
        ["user: a"],
    ),
    (
        "wrapped",
        "a.json",
        '{"prompt": ["a", "b"], "answer": ["1", "2"]}',
        "answers",
        [("user: a", "1"), ("user: b", "2")],
    ),
    ("wrapped", "a.json", '{"prompt": {"0": "a"}, "answer": {"0": 7}}', "answers", [("user: a", "7")]),
    (
        "wrapped",
        "a.json",
        '{"train": [{"prompt": "a"}], "test": [{"prompt": "b"}]}',
        "several lists of rows",
        "refused",
    ),
    ("wrapped", "a.jsonl", rows({"messages": [USER]}), "OpenAI", [RIVER]),
    # spreadsheets' and pandas' CSV
    ("csv", "a.csv", "\ufeffprompt\tanswer\r\na\t1\r\n", "answers", [("user: a", "1")]),
    ("csv", "a.csv", ",prompt,answer\n0,a,007\n", "answers", [("user: a", "007")]),
    ("csv", "a.csv", "sep=\t\nprompt\tanswer\na\t0.10\n", "answers", [("user: a", "0.10")]),
    (
        "csv",
        "a.csv",
        "prompt,answer,,\na,1,,\nb,2\nc,3,x,\n",
        "answers",
        [("user: a", "1"), ("user: b", "2"), ("user: c", "3")],
    ),
    ("csv", "a.csv", 'prompt,answer\r"a\rb",1\r', "answers", [("user: a\nb", "1")]),
    ("csv", "a.csv", "prompt;answer\nä;1\n".encode("utf-16"), "answers", [("user: ä", "1")]),
    ("csv", "a.csv", "prompt,answer\nä,1\n".encode("utf-16-le"), "answers", [("user: ä", "1")]),
    ("csv", "a.csv", "prompt,answer\nan even text,é\n".encode("utf-32"), "answers", [("user: an even text", "é")]),
    ("csv", "a.csv", "prompt,prompt\na,b\n", "each once", "refused"),
    # missing values
    (
        "missing",
        "a.csv",
        "prompt,answer\na,NA\nb,<NA>\nc,null\nd,#N/A\ne,no\n",
        "answers",
        ["user: a", "user: b", "user: c", "user: d", ("user: e", "no")],
    ),
    (
        "missing",
        "a.jsonl",
        rows(
            {"prompt": "Sodium?", "answer": "NA"}, {"prompt": "b", "answer": "None"}, {"prompt": "c", "answer": "nan"}
        ),
        "answers",
        [("user: Sodium?", "NA"), ("user: b", "None"), ("user: c", "nan")],
    ),
    (
        "missing",
        "a.jsonl",
        '{"prompt": "a", "answer": NaN}\n{"prompt": "b", "answer": 1}\n',
        "answers",
        ["user: a", ("user: b", "1")],
    ),
    (
        "missing",
        "a.parquet",
        parquet(prompt=["a", "b"], answer=[None, "nan"]),
        "answers",
        ["user: a", ("user: b", "nan")],
    ),
    # numbers as written
    (
        "numbers",
        "a.jsonl",
        '{"prompt": "a", "answer": 12345678901234567890}\n{"prompt": "b", "answer": 0.10}\n{"prompt": "c", "answer": -1E-400}\n',
        "answers",
        [("user: a", "12345678901234567890"), ("user: b", "0.10"), ("user: c", "-1E-400")],
    ),
    (
        "numbers",
        "a.jsonl",
        '{"prompt": "a", "answer": Infinity}\n{"prompt": "b", "answer": false}\n{"prompt": 5}\n',
        "answers",
        [
            ("user: a", "Infinity"),
            ("user: b", "false"),
            "! column 'prompt' is a number, not text or a list of messages",
        ],
    ),
    (
        "numbers",
        "a.jsonl",
        '{"prompt": "a", "answer": 007}\n{"prompt": "b", "answer": 7}\n',
        "answers",
        ["! broken JSON: Expecting ',' delimiter at column 28", ("user: b", "7")],
    ),
    (
        "numbers",
        "a.parquet",
        parquet(prompt=["a"], answer=pa.array([0.1], pa.float32())),
        "answers",
        [("user: a", "0.1")],
    ),
    ("numbers", "a.parquet", parquet(prompt=["a"], answer=[Decimal("0.10")]), "answers", [("user: a", "0.10")]),
    (
        "numbers",
        "a.parquet",
        parquet(prompt=["a", "b"], answer=[True, False]),
        "answers",
        [("user: a", "true"), ("user: b", "false")],
    ),
    # what tables hold
    ("tables", "a.parquet", parquet(prompt=["a"], answer=[date(2020, 2, 29)]), "answers", [("user: a", "2020-02-29")]),
    (
        "tables",
        "a.parquet",
        parquet(prompt=["a"], answer=pa.array([1_600_000_000_123_456_789], pa.timestamp("ns"))),
        "answers",
        [("user: a", "2020-09-13 12:26:40.123456789")],
    ),
    (
        "tables",
        "a.parquet",
        parquet(
            prompt=["a"],
            answer=pa.array([datetime.fromisoformat("2020-01-01")], pa.timestamp("us", tz="Europe/Berlin")),
        ),
        "answers",
        [("user: a", "2020-01-01 00:00:00.000000Z")],
    ),
    (
        "tables",
        "a.parquet",
        parquet(prompt=["a"], answer=[b"\xff\xfe"]),
        "answers",
        ["! column 'answer' is an object; an answer is text"],
    ),
    ("tables", "a.parquet", parquet(prompt=[b"a"], more=[[("k", "v")]]), "prompt-only", ["user: a"]),
    (
        "tables",
        "a.parquet",
        parquet(prompt=["a"], answer=["1"], image=[b"\x89PNG\xff"]),
        "answers",
        ["! column 'image' is not empty, and a prompt holds text only; drop the column or the row"],
    ),
    ("tables", "a.arrow", arrow(True, prompt=["a"], answer=["1"]), "answers", [("user: a", "1")]),
    ("tables", "a.arrow", arrow(False, prompt=["a"]), "prompt-only", ["user: a"]),
    ("tables", "a.arrow", arrow(False, prompt=["a"] * 400)[:300], "cannot be read as Arrow", "refused"),
    (
        "tables",
        "a.parquet",
        parquet(messages=[[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]]),
        "OpenAI",
        [("user: a", "b")],
    ),
    # chats written as text
    ("written", "a.csv", "messages\n\"[{'role': 'user', 'content': 'It''s'}]\"\n", "OpenAI", ["user: Its"]),
    (
        "written",
        "a.csv",
        "prompt\n\"[{'content': 'a', 'role': 'user'}\n {'content': 'b', 'role': 'assistant'}]\"\n",
        "prompt",
        [("user: a", "b")],
    ),
    (
        "written",
        "a.csv",
        "prompt\n\"array([{'content': 'a', 'role': 'user'}], dtype=object)\"\n",
        "prompt",
        ["user: a"],
    ),
    (
        "written",
        "a.jsonl",
        rows({"prompt": '[{"from": "human", "value": "a"}]'}, {"prompt": "[1, 2] is a list"}),
        "prompt",
        ["user: a", "user: [1, 2] is a list"],
    ),
    (
        "written",
        "a.csv",
        "prompt\n\"[{'role': broken\"\n",
        "prompt",
        ["! column 'prompt' begins like a list of messages, but is neither JSON nor a list as Python writes it"],
    ),
    # ShareGPT
    (
        "sharegpt",
        "a.json",
        json.dumps(
            [
                {
                    "id": "1",
                    "system": "Be brief",
                    "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}],
                }
            ]
        ),
        "ShareGPT",
        [("system: Be brief\n\nuser: a", "b")],
    ),
    (
        "sharegpt",
        "a.jsonl",
        rows(
            {
                "conversations": [
                    {"from": "system", "value": "s"},
                    {"from": "user", "value": "a"},
                    {"from": "bing", "value": "b"},
                    {"from": "human", "value": "c"},
                ]
            }
        ),
        "ShareGPT",
        ["system: s\n\nuser: a\n\nassistant: b\n\nuser: c"],
    ),
    (
        "sharegpt",
        "a.jsonl",
        rows({"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "f()"}]}),
        "ShareGPT",
        ["! message 2 is a tool's (role 'function_call'), which a prompt cannot hold; leave the row out"],
    ),
    (
        "sharegpt",
        "a.jsonl",
        rows({"conversations": [{"from": "gpt", "value": "a"}, {"from": "human", "value": "b"}]}),
        "ShareGPT",
        ["! message 1 has role 'assistant' where 'user' is due"],
    ),
    # OpenAI
    ("openai", "a.jsonl", rows(chat("Name a river", "Elbe", tools=[])), "OpenAI", [(RIVER, "Elbe")]),
    (
        "openai",
        "a.jsonl",
        rows(
            {
                "custom_id": "1",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"model": "m", "messages": [USER]},
            }
        ),
        "batch",
        [RIVER],
    ),
    (
        "openai",
        "a.jsonl",
        rows({"custom_id": "1", "response": {"body": {"choices": []}}}),
        "replies without what was asked",
        "refused",
    ),
    (
        "openai",
        "a.jsonl",
        rows(
            {
                "input": {"messages": [USER]},
                "preferred_output": [REPLY],
                "non_preferred_output": [REPLY | {"content": "Alps"}],
            }
        ),
        "preference fine-tuning",
        [(RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "openai",
        "a.jsonl",
        rows(
            {"messages": [{"role": "developer", "content": "Be brief."}, USER, REPLY | {"tool_calls": None, "id": "x"}]}
        ),
        "OpenAI",
        [("system: Be brief.\n\n" + RIVER, "Elbe")],
    ),
    (
        "openai",
        "a.jsonl",
        rows({"messages": [{"role": "system", "content": ""}, USER]}, {"messages": [{"role": "", "content": "x"}]}),
        "OpenAI",
        [RIVER, "! message 1 has no role"],
    ),
    (
        "openai",
        "a.jsonl",
        rows({"messages": [{"role": "user", "content": ["Name", {"type": "text", "text": "a river"}]}]}),
        "OpenAI",
        ["user: Name\na river"],
    ),
    (
        "openai",
        "a.jsonl",
        rows({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}),
        "OpenAI",
        ["! message 1 (user) holds a part of type 'image_url', which a prompt cannot hold"],
    ),
    (
        "openai",
        "a.jsonl",
        rows({"messages": [USER, REPLY | {"content": "", "tool_calls": [{"id": "1"}]}]}),
        "OpenAI",
        ["! message 2 (assistant) has tool_calls, which a prompt cannot hold; leave the row out"],
    ),
    (
        "openai",
        "a.jsonl",
        rows({"messages": [USER, USER]}),
        "OpenAI",
        ["! message 2 has role 'user' where 'assistant' is due"],
    ),
    # pairs
    (
        "pairs",
        "a.jsonl",
        rows({"prompt": "Name a river", "chosen": "Elbe", "rejected": "Alps"}),
        "TRL preference",
        [(RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"prompt": [USER], "chosen": [REPLY], "rejected": [REPLY | {"content": "Alps"}]}),
        "TRL preference",
        [(RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"chosen": [USER, REPLY], "rejected": [USER, REPLY | {"content": "Alps"}]}),
        "implicit prompt",
        [(RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"chosen": HH + "Elbe", "rejected": HH + "Alps"}),
        "HH-RLHF",
        [("user: Name a river\n\nassistant: Which kind?\n\nuser: A long one", ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl.gz",
        packed(rows({"chosen": HH + "Elbe", "rejected": HH.replace("long", "short") + "Alps"}).encode()),
        "HH-RLHF",
        ["! column 'chosen' goes on with other than one assistant turn after what both sides share"],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"chosen": "The sky is blue.", "rejected": "The sky is green."}),
        "implicit prompt",
        [
            "! column 'chosen' is plain text, and the file has no prompt; only chats and transcripts (\"\\n\\nHuman: ...\\n\\nAssistant: ...\") hold their prompt"
        ],
    ),
    (
        "pairs",
        "a.parquet",
        parquet(
            prompt=["Name a river"],
            chosen=[[USER, REPLY]],
            rejected=[[USER, REPLY | {"content": "Alps"}]],
            score_chosen=[9.0],
            score_rejected=[2.5],
        ),
        "UltraFeedback",
        [(RIVER, ("Elbe", True, 9.0), ("Alps", False, 2.5))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"system": "Be brief", "question": "Name a river", "chosen": "Elbe", "rejected": "Alps"}),
        "TRL preference",
        [("system: Be brief\n\n" + RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows(
            {"instruction": "Sum up.", "input": "Ann came.", "chosen": "c", "rejected": "r", "history": [["a", "b"]]},
            {"instruction": "Sum up.", "input": "Bob left.", "chosen": "c", "rejected": "r"},
        ),
        "LLaMA-Factory",
        [
            ("user: a\n\nassistant: b\n\nuser: Sum up.\n\nAnn came.", ("c", True), ("r", False)),
            ("user: Sum up.\n\nBob left.", ("c", True), ("r", False)),
        ],
    ),
    (
        "pairs",
        "a.csv",
        "input,chosen,rejected\nName a river,Elbe,Alps\n",
        "TRL preference",
        [(RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows(
            {
                "question": "Who?",
                "context": "Ann came.",
                "chosen": [{"role": "user", "content": "Who?"}, REPLY],
                "rejected": "r",
                "score_chosen": 2,
                "score_rejected": 1,
            }
        ),
        "UltraFeedback",
        [("user: Who?\n\nAnn came.", ("Elbe", True, 2.0), ("r", False, 1.0))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"question": "Who?", "context": "Ann came.", "chosen": [USER, REPLY], "rejected": "r"}),
        "TRL preference",
        ["! column 'chosen' is a chat that does not follow the prompt"],
    ),
    (
        "pairs",
        "a.json",
        json.dumps(
            [
                {
                    "conversations": [{"from": "human", "value": "Name a river"}],
                    "chosen": {"from": "gpt", "value": "Elbe"},
                    "rejected": {"from": "gpt", "value": "Alps"},
                }
            ]
        ),
        "next turn",
        [(RIVER, ("Elbe", True), ("Alps", False))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows(
            {"instruction": "Sum up.", "passage": "Ann came.", "completions": [{"text": "c", "score": 1}]},
            {"instruction": "Sum up.", "passage": "Bob left.", "completions": [{"text": "c", "score": 1}]},
        ),
        "UltraFeedback",
        [("user: Sum up.\n\nAnn came.", ("c", 1.0)), ("user: Sum up.\n\nBob left.", ("c", 1.0))],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"problem": "How many?", "context": "Two frogs.", "solution": "2"}),
        "MATH",
        [("user: How many?\n\nTwo frogs.", "2")],
    ),
    (
        "pairs",
        "a.jsonl",
        rows({"question": "How many?", "context": "Two frogs.", "answer": "#### 2"}),
        "GSM8K",
        [("user: How many?\n\nTwo frogs.", "#### 2")],
    ),
    # completions
    (
        "completions",
        "a.jsonl",
        rows({"prompt": "Name a river", "completion": "Elbe"}),
        "prompt-completion",
        [(RIVER, "Elbe", ("Elbe",))],
    ),
    (
        "completions",
        "a.jsonl",
        rows({"prompt": [USER], "completion": [REPLY], "label": True}),
        "unpaired",
        [(RIVER, ("Elbe", True))],
    ),
    (
        "completions",
        "a.csv",
        "prompt,completion,label\nName a river,Elbe,1\nName a river,Alps,False\nx,y,maybe\n",
        "unpaired",
        [
            (RIVER, ("Elbe", True)),
            (RIVER, ("Alps", False)),
            "! column 'label' is 'maybe'; a label is true or false (or 1 or 0)",
        ],
    ),
    (
        "completions",
        "a.jsonl",
        rows(
            {
                "instruction": "Name a river",
                "completions": [
                    {"model": "m", "response": "Elbe", "overall_score": 8.5},
                    {"response": "Alps", "overall_score": 1},
                ],
            }
        ),
        "UltraFeedback",
        [(RIVER, ("Elbe", 8.5), ("Alps", 1.0))],
    ),
    (
        "completions",
        "a.jsonl",
        rows({"prompt": "Name a river", "response": "Elbe", "helpfulness": 4, "verbosity": 1}),
        "with a score",
        [(RIVER, ("Elbe", 4.0))],
    ),
    (
        "completions",
        "a.jsonl",
        '{"prompt": "a", "completion": "b", "score": 1e400}\n',
        "with a score",
        ["! column 'score' is '1e400'; a score is a finite number"],
    ),
    # tasks
    (
        "tasks",
        "a.jsonl",
        rows({"question": "2+2?", "answer": "It is <<2+2=4>>4.\n#### 4"}),
        "GSM8K",
        [("user: 2+2?", "It is <<2+2=4>>4.\n#### 4")],
    ),
    (
        "tasks",
        "a.jsonl",
        rows({"problem": "2+2?", "level": "1", "type": "Algebra", "solution": "So \\boxed{4}."}),
        "MATH",
        [("user: 2+2?", "So \\boxed{4}.")],
    ),
    (
        "tasks",
        "a.jsonl",
        rows({"problem": "2+2?", "solution": "So \\boxed{4}.", "answer": "4"}),
        "MATH",
        [("user: 2+2?", "4")],
    ),
    # text and packed files
    ("text", "a.txt", "Name a river\n\n  Name a sea\r\n", "plain text", [RIVER, "user:   Name a sea"]),
    ("text", "a.txt.gz", packed(b"Name a river, please\n"), "plain text", ["user: Name a river, please"]),
    ("text", "a.csv.gz", packed(b"prompt,answer\na,1\n"), "answers", [("user: a", "1")]),
    ("text", "a.json.gz", packed(b'[{"prompt": "a"}]'), "prompt-only", ["user: a"]),
    ("text", "a.jsonl.gz", packed(b'{"prompt": "a"}\n' * 90)[:40], "cannot be unpacked", "refused"),
    ("text", "a.jsonl", rows({"text": "A whole text."}), "language modelling", ["user: A whole text."]),
    ("text", "a.jsonl", rows({"prompt": "\n\nHuman: Name a river\n\nAssistant:"}), "prompt-only", [RIVER]),
]


@pytest.mark.parametrize(("kind", "name", "content", "words", "expected"), RELATIVES)
def test_a_relative_is_right_or_refused_with_the_reason(
    tmp_path: Path, kind: str, name: str, content: str | bytes, words: str, expected: list[Any] | str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if expected == "refused":
        with pytest.raises(InvalidInput, match=words):
            look(path)
        return
    file_preview = look(path)
    assert [short(row) for row in file_preview.prompts] == expected
    assert words in f"{file_preview.kind} {file_preview.format}"
    assert {fate.column for fate in file_preview.becomes} == set(file_preview.columns)
    assert all(fate.role or "dropped" in fate.becomes for fate in file_preview.becomes)


def test_a_table_with_two_columns_of_one_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two columns named 'prompt'"):
        look(FOUND / "pq_dup_columns.parquet")


def test_folders_that_datasets_saves_are_read_shard_by_shard(tmp_path: Path) -> None:
    import datasets

    result = datasets.Dataset.from_list([{"prompt": f"p{i}", "answer": str(i)} for i in range(10)])
    result.save_to_disk(tmp_path / "plain", num_shards=3)
    assert [short(row) for row in look(tmp_path / "plain").prompts] == [(f"user: p{i}", str(i)) for i in range(10)]
    datasets.DatasetDict(train=result, test=result).save_to_disk(tmp_path / "both")
    with pytest.raises(InvalidInput, match="several splits: test, train"):
        look(tmp_path / "both")
    assert len(look(tmp_path / "both" / "train").prompts) == 10
    (tmp_path / "plain" / "state.json").write_text(
        '{"_data_files": [{"filename": "../both/train/data-00000-of-00001.arrow"}]}'
    )
    with pytest.raises(InvalidInput, match="not complete"):
        look(tmp_path / "plain")
    (tmp_path / "other").mkdir()
    with pytest.raises(InvalidInput, match="no folder that `save_to_disk` made"):
        look(tmp_path / "other")


def test_an_arrow_file_whose_offsets_lead_outside_is_refused(tmp_path: Path) -> None:
    whole = arrow(True, prompt=["Name a river", "Name a sea"])
    # The offsets 0, 12 and 22 of the two texts; 200 lies behind the end of them.
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 12, 22))
    assert whole.count(offsets) == 1
    path = tmp_path / "a.arrow"
    path.write_bytes(whole.replace(offsets, offsets[:8] + (200).to_bytes(4, "little")))
    with pytest.raises(InvalidInput, match="cannot be read as Arrow"):
        look(path)


def test_a_header_with_a_bare_line_end_in_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"prompt,an\rswer\na,b\n")
    with pytest.raises(InvalidInput, match="must name the columns"):
        look(path)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.services.prompts.files import opening

    monkeypatch.setattr(opening, "LEAST_UNPACKED", 1_000_000)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(packed(b'{"prompt": "a"}\n' + b" " * 50_000_000))
    with pytest.raises(InvalidInput, match="unpacks to more than"):
        list(open_file(path).rows())


def test_the_preview_says_what_becomes_of_every_column(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(rows({"prompt": "a", "note": "two words", "chosen": "b", "rejected": "c", "id": "x1"}))
    file_preview = look(path)
    assert {fate.column: fate.becomes for fate in file_preview.becomes} == {
        "prompt": "The prompt.",
        "note": "Metadata, kept beside the prompt; the model does not see it.",
        "chosen": "An imported completion, noted as chosen.",
        "rejected": "An imported completion, noted as rejected.",
        "id": "Metadata, kept beside the prompt.",
    }


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ({"question": "2+2?", "external_id": "a", "note": "easy"}, "prompts, without answers"),
        ({"query": "2+2?"}, "prompts, without answers"),
        ({"query": "2+2?", "answer": "4"}, "prompts and answers"),
    ],
)
def test_answers_are_named_where_a_column_has_them(tmp_path: Path, row: dict[str, str], title: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row) + "\n")
    shown = look(path)
    assert shown.format == title
    assert [become.answer for become in shown.prompts] == [row.get("answer")]
