"""Our own runtime clients, for machines without the official ones: they must say what those say."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest

import clients
from functions import Functions, archive
from program import Cardea

PYTHON = """
import os, sys
print("imported")
class Odd:
    pass
def handler(event, context):
    print("called")
    if event == "context":
        return [context.function_name, context.function_version, context.memory_limit_in_mb, context.log_group_name, context.invoked_function_arn,
                context.identity and context.identity.cognito_identity_id, context.client_context, 0 < context.get_remaining_time_in_millis() <= 20000,
                len(context.aws_request_id), os.environ.get("_X_AMZN_TRACE_ID")]
    if event == "raise":
        raise ValueError("no good")
    if event == "odd":
        return Odd()
    if event == "exit":
        sys.exit(3)
    return {"event": event, "é": "ü"}
"""
NODE = """
import os from "node:os";
export const handler = async (event, context) => {
  if (event === "context") return [context.functionName, context.functionVersion, context.memoryLimitInMB, context.logGroupName, context.invokedFunctionArn,
                                   context.getRemainingTimeInMillis() > 0, context.awsRequestId.length];
  if (event === "raise") throw new TypeError("no good");
  if (event === "nothing") return undefined;
  if (event === "exit") process.exit(3);
  return { event, "é": "ü" };
};
export const plain = (event) => ({ plain: event });
export const back = (event, context, callback) => callback(null, { back: event });
export const nested = { deep: async () => "deep" };
"""
COMMON = 'exports.handler = async (event) => ({ common: event });\nexports.fails = async () => { throw "text"; };\n'

CASES = [
    ("python3.12", {"index.py": PYTHON}, "index.handler", [{"a": [1, None, "x"]}, "context", "raise", "odd", "exit", None]),
    ("python3.12", {"deep/in/here.py": "def f(e, c):\n    return 'deep'\n"}, "deep/in/here.f", [1]),
    ("python3.12", {"index.py": "import nothing_like_it\n"}, "index.handler", [1]),
    ("python3.12", {"index.py": "x = (\n"}, "index.handler", [1]),
    ("python3.12", {"index.py": "x = 1\n"}, "index.missing", [1]),
    ("python3.12", {"index.py": "x = 1\n"}, "index", [1]),
    ("nodejs22.x", {"index.mjs": NODE}, "index.handler", [{"a": [1, None, "x"]}, "context", "raise", "nothing", "exit"]),
    ("nodejs22.x", {"index.mjs": NODE}, "index.nested.deep", [1]),
    ("nodejs22.x", {"index.js": COMMON}, "index.handler", [{"a": 1}]),
    ("nodejs22.x", {"index.js": COMMON}, "index.fails", [1]),
    ("nodejs22.x", {"deep/index.cjs": COMMON}, "deep/index.handler", [1]),
    ("nodejs22.x", {"index.mjs": "import 'nothing-like-it';\n"}, "index.handler", [1]),
    ("nodejs22.x", {"index.mjs": "let x = ;\n"}, "index.handler", [1]),
    ("nodejs22.x", {"index.mjs": "export const a = 1;\n"}, "index.handler", [1]),
    ("nodejs22.x", {"index.mjs": "export const a = 1;\n"}, "index", [1]),
]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    with Cardea(tmp_path_factory.mktemp("official"), **clients.settings()) as cardea:
        yield Functions(cardea)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    with Cardea(tmp_path_factory.mktemp("ours"), **clients.settings_without_official_ones()) as cardea:
        yield Functions(cardea)


def answers(fn: Functions, runtime: str, files: dict[str, str], handler: str, events: list[Any]) -> list[Any]:
    name = fn.make(Code={"ZipFile": archive(files)}, Runtime=runtime, Handler=handler, name=f"f{abs(hash((handler, str(files))))}")
    told = []
    for event in events:
        answer = fn.api.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            # Where it was raised is told by each in its own way, and what an interpreter says of its own modules may name them.
            payload = {"errorType": payload["errorType"], "errorMessage": payload["errorMessage"].split("Error: ")[-1].split(" imported from ")[0].split("\n")[0]}
        told.append((answer.get("FunctionError"), payload))
    return told


@pytest.mark.parametrize("runtime, files, handler, events", CASES, ids=[f"{case[0][:6]}-{n}" for n, case in enumerate(CASES)])
def test_our_clients_say_what_the_official_ones_say(official: Functions, ours: Functions, runtime: str, files: dict[str, str], handler: str, events: list[Any]) -> None:
    assert answers(ours, runtime, files, handler, events) == answers(official, runtime, files, handler, events)


def test_other_ways_to_answer_that_older_handlers_know(ours: Functions) -> None:
    """Newer official clients refuse callbacks; functions that are run here may be older."""
    for handler, wanted in [("index.back", {"back": 1}), ("index.plain", {"plain": 1})]:
        name = ours.make(Code={"ZipFile": archive({"index.mjs": NODE})}, Runtime="nodejs20.x", Handler=handler)
        assert ours.invoke(name, 1) == wanted


def test_they_are_really_ours(ours: Functions) -> None:
    name = ours.make("import importlib.util, sys\ndef handler(e, c):\n    return [importlib.util.find_spec('awslambdaric') is None, sys.argv[0]]\n")
    missing, program = ours.invoke(name)
    assert missing and program.endswith("/clients/python.py")
    name = ours.make(Code={"ZipFile": archive({"index.mjs": "export const handler = async () => process.argv[1];\n"})}, Runtime="nodejs22.x")
    assert ours.invoke(name).endswith("/clients/node.mjs")


def test_lines_are_in_the_log(ours: Functions) -> None:
    name = ours.make(PYTHON)
    ours.invoke(name)
    assert "imported" in ours.log(name) and "called" in ours.log(name)
    assert ours.error(name, "raise")["stackTrace"] and "[ERROR] ValueError: no good" in ours.log(name)
