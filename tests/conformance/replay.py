#!/usr/bin/env python3
"""Plays what was recorded on AWS against a running Cardea and compares the answers.

The recordings lie in $CARDEA_CORPORA/observed and are never copied here; their README says what a case is. Each case gets a Cardea
of its own. A step that needs what Cardea does not have yet makes its answers wait and does not stop the case.

    replay.py                     all topics, differences and what waits
    replay.py --topic rest-apis   one topic
    replay.py --case lifecycle    the cases whose name contains that
    replay.py --check             fails when a topic has fewer equal answers than replay_floor.json says
    replay.py --raise             writes the floor anew, upwards only
    replay.py --json FILE         everything as JSON
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Iterator, Optional
from urllib.parse import quote, urlencode

import botocore.exceptions
import botocore.parsers
import xmltodict

import restored
import wire
from backend import Backend
from compare import Bindings, Difference, compare, only_tokens
from functions import SETTINGS, recorded
from outside import function_url, http_server
from program import ACCOUNT, REGION, Cardea, NotStarted
from services import Services

FLOOR = Path(__file__).with_name("replay_floor.json")
RECORDED_ACCOUNT = "111111111111"
KEY = {
    "CARDEA_ROOT_ACCESS_KEY_ID": "AKIAREPLAYREPLAYREPL",
    "CARDEA_ROOT_SECRET_ACCESS_KEY": "replay-replay-replay-replay-replay-replay",
    # Exported definitions name AWS's hosts, as the recorded ones do.
    "CARDEA_PUBLIC_URL": "aws",
    **SETTINGS,
}
# What a client raises when the other side speaks no AWS.
NO_ANSWER = (botocore.exceptions.BotoCoreError, botocore.parsers.ResponseParserError, ValueError, AttributeError)
UNKNOWN = {"UnknownOperationException", "UnknownOperation", "NotImplemented", "NotImplementedException"}

# One harmless call for each service, to see whether Cardea serves it.
PROBES = {
    "lambda": "list_functions",
    "iam": "list_roles",
    "logs": "describe_log_groups",
    "cloudformation": "list_stacks",
}
# What integrations reach beside that: moto's.
BEHIND = {"s3", "dynamodb", "kinesis", "stepfunctions", "events"}
# What S3 says of an object by itself, and moto does not.
OF_S3 = {"ChecksumCRC64NVME", "ChecksumCRC32", "ChecksumType", "ServerSideEncryption"}
# Where code lies is the host's business; on AWS it is always in one place.
CODE_FOLDER = re.compile(rb"/tmp/cardea-functions-\w+/code/\w+/")
# Set-up whose outcome only names something: an ARN that looks right serves as well.
NAMES_ONLY = {"iam", "logs"}
# Members that AWS's answers had from a day on; older recordings lack them.
SINCE = [(re.compile(r"endpointConfiguration/ipAddressType$"), (2025, 4, 1))]
# Headers of AWS's front that are none of API Gateway's.
FRONT = {"via", "x-cache", "x-amz-cf-id", "x-amz-cf-pop"}
ENVELOPE = {"status_code", "statusCode", "status", "body", "content", "headers", "response-headers", "errorType", "error_type", "etag"}


class Waits(Exception):
    """A step needs something that is not there (yet)."""


class MadeUp(dict[str, Any]):
    """What stands in for the answer of a service that is not there."""

    def __init__(self, service: str):
        super().__init__()
        self.service = service


@dataclass
class Verdict:
    """What became of one recorded answer: `equal`, `different`, `waits`, or `names` where it says nothing to compare."""

    answer: str
    verdict: str
    why: str = ""
    differences: list[Difference] = field(default_factory=list)


@dataclass
class CaseReport:
    topic: str
    case: str
    answers: list[Verdict] = field(default_factory=list)
    checks: list[tuple[bool, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(one.verdict == verdict for one in self.answers)


def _day(recorded: Optional[str]) -> tuple[int, int, int]:
    if not recorded:
        return (9999, 1, 1)
    day, month, year = recorded.split(",")[0].split("-")
    return int(year), int(month), int(day)


def _later_member(one: Difference, day: tuple[int, int, int]) -> bool:
    return one.kind == "extra" and any(pattern.search(one.path) and day < since for pattern, since in SINCE)


def _pick(value: Any, path: str) -> Any:
    """`items[path=/pets].id` of an answer."""
    for part in re.findall(r"[^.\[\]]+(?:\[[^\]]*\])?", path):
        name, _, choice = part.rstrip("]").partition("[")
        value = value[name]
        if choice.isdigit():
            value = value[int(choice)]
        elif choice:
            key, _, wanted = choice.partition("=")
            value = next(one for one in value if str(one[key]) == wanted)
    return value


class Player:
    """Plays one case."""

    def __init__(self, topic: str, name: str, case: dict[str, Any], cardea: Cardea, server: Backend, served: set[str], services: Any = None):
        self.case, self.cardea, self.server, self.served, self.services = case, cardea, server, served, services
        self.report = CaseReport(topic, name)
        self.day = _day(case.get("recorded"))
        self.bindings = Bindings({"<region>": REGION, "<partition>": "aws", "<http-server>": server.url, "<endpoint>": cardea.control_url})
        self.lost: dict[str, str] = {}
        self.group: list[Any] = []  # The results since the last answer.
        self.answered = False
        self.functions: dict[str, dict[str, Any]] = {}
        self.servers: list[Backend] = []
        text = json.dumps(case)
        self.behind_url = {step["params"]["FunctionName"] for step in case["steps"] if step.get("call") == "lambda.CreateFunctionUrlConfig"}
        self.needs = self._needs(text)
        for token in sorted(set(re.findall(r"<host:1>", text))):
            self.bindings.bind(token, server.authority)
        # What a mapping sets `Via` to was masked as if AWS's front had said it: any text is as good.
        for token in set(re.findall(r"<via:\d+>", json.dumps([step.get("params") for step in case["steps"]]))):
            self.bindings.bind(token, f"1.1 {token.strip('<>').replace(':', '-')}")
        for token, value in (case.get("inputs") or {}).items():
            self.bindings.bind(token, _recorded_account(self.bindings.fill(value), cardea.account))

    def _needs(self, text: str) -> set[str]:
        """Services behind this case's integrations that Cardea does not serve."""
        named = {found.split(".")[-1] for found in re.findall(r"apigateway:(?:<region>|[a-z0-9-]+):([\w.<>-]+?):(?:path|action)", text)}
        named |= {"lambda"} if "lambda:path" in text else set()
        return {{"states": "stepfunctions"}.get(name, name) for name in named} - self.served - (BEHIND if self.services else set())

    def play(self) -> CaseReport:
        try:
            for step in self.case["steps"]:
                self._step(step)
        finally:
            for server in self.servers:
                server.close()
        return self.report

    def _step(self, step: dict[str, Any]) -> None:
        if "answer" in step:
            self._answer(step)
            self.answered = True
        elif "checked" in step:
            self.report.notes.append(step["checked"])
        elif "deployed" in step:
            self._begin(Waits("cloudformation"))
        else:
            self._begin(None)
            try:
                result = self._call(step) if "call" in step else self._http(step)
            except Waits as waits:
                result = waits
            self.group.append(result)
            self._given(step, result)
            self._check(step, result)

    def _begin(self, result: Optional[Waits]) -> None:
        if self.answered:
            self.group, self.answered = [], False
        if result is not None:
            self.group.append(result)

    # ── calls ──

    def _call(self, step: dict[str, Any]) -> dict[str, Any]:
        service, operation = step["call"].split(".")
        if service == "apigateway":
            params = self._params(step)
            answer: dict[str, Any] = {}
            for _ in range(step.get("times", 1)):
                answer = self._send(service, operation, params, step.get("region", REGION))
            return answer
        if service == "lambda" and step["params"].get("FunctionName") in self.behind_url:
            return self._behind_url(operation, step["params"])
        if service in BEHIND and self.services:
            answer = self._send(service, operation, self._params(step), step.get("region", REGION), self.services.client(service))
            if operation == "GetShardIterator":
                self.bindings.bind("<shard-iterator>", answer["ShardIterator"])
            return answer
        if service in self.served:
            params = self._params(step)
            if step["call"] == "lambda.CreateFunction":
                made = recorded(params)
                if made is None:
                    return self._made_up(service, operation, step["params"])
                params = made
            return self._send(service, operation, params, step.get("region", REGION))
        return self._made_up(service, operation, step["params"])

    def _params(self, step: dict[str, Any]) -> dict[str, Any]:
        self._need(step["params"])
        params = self.bindings.fill(step["params"])
        body = params.get("body")
        if isinstance(body, dict):
            if body.get("left_out"):
                body = {"json": self._restored(body["document"].split(",")[0])}
            text = json.dumps(body["json"]) if "json" in body else body["text"]
            params["body"] = text.replace(RECORDED_ACCOUNT, ACCOUNT).encode()
        return _own_account(params)

    def _restored(self, name: str) -> Any:
        """A document of the API that came of the one which the recordings leave out."""
        made = restored.document(self.case)
        if made is None:
            raise Waits(f"the document {name}, which the recordings leave out")
        for token, value in restored.tokens(self.case, REGION, ACCOUNT).items():
            self.bindings.bind(token, value)
        self._need(made)
        return self.bindings.fill(made)

    def _need(self, value: Any) -> None:
        for token in self.bindings.unbound(value):
            if token.startswith("<'"):
                continue
            raise Waits(self.lost.get(token, f"{token}, which nothing gave"))

    def _send(self, service: str, operation: str, params: dict[str, Any], region: str, client: Any = None) -> dict[str, Any]:
        client = client or self.cardea.client(service, region)
        method = getattr(client, re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower())
        try:
            answer = method(**params)
        except botocore.exceptions.ClientError as error:
            answer = error.response
            code, status = answer["Error"].get("Code"), answer["ResponseMetadata"]["HTTPStatusCode"]
            if code in UNKNOWN or status == 501:
                raise Waits(f"{service}.{operation}") from None
        except NO_ANSWER as error:
            answer = {"Error": {"Code": type(error).__name__, "Message": str(error)}, "ResponseMetadata": {"HTTPStatusCode": 0}}
        body = answer.get("body")
        if hasattr(body, "read"):
            answer["body"] = body.read().decode("utf-8", "replace")
        if hasattr(answer.get("Body"), "read"):
            answer["Body"] = answer["Body"].read()
        metadata = {"HTTPHeaders": {}, "HTTPStatusCode": answer["ResponseMetadata"]["HTTPStatusCode"]}
        return _recorded_account({**answer, "ResponseMetadata": metadata}, self.cardea.account)

    def _behind_url(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        name = params["FunctionName"]
        if operation == "CreateFunction":
            self.functions[name] = params
        if operation != "CreateFunctionUrlConfig":
            return {}
        made = self.functions.get(name, {})
        variables = made.get("Environment", {}).get("Variables", {})
        server = function_url(made.get("Code", {}).get("ZipFile", ""), variables)
        self.servers.append(server)
        if "<domain:1>" in json.dumps(self.case):
            self.bindings.bind("<domain:1>", server.authority)
        return {"FunctionUrl": f"{server.url}/"}

    def _made_up(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """What a call that only names something would have said."""
        if service in NAMES_ONLY or (service == "lambda" and operation in ("CreateFunction", "AddPermission")):
            return MadeUp(service)
        raise Waits(service)

    def _given(self, step: dict[str, Any], result: Any) -> None:
        for path, token in step.get("gives", {}).items():
            if not token.startswith(("<", "http")):
                continue
            try:
                if isinstance(result, Waits):
                    raise LookupError
                compare(token, str(_pick(result, path)), self.bindings)
            except (LookupError, TypeError, StopIteration):
                why = str(result) if isinstance(result, Waits) else f"{path} of {step.get('call')}, which did not give it"
                for lost in self.bindings.unbound(token):
                    self.lost[lost] = why

    # ── requests ──

    def _http(self, step: dict[str, Any]) -> wire.Answer:
        asked = step["http"]
        self._need(asked)
        asked = _own_account(self.bindings.fill(asked))
        target = f"/{asked['stage']}{quote(asked['path'], safe='!#$%&()*+,/:;=?@[]~' + chr(39))}"
        query = asked.get("query")
        if query:
            target += "?" + (urlencode(query, doseq=True) if isinstance(query, dict) else quote(query, safe="!#$%&()*+,/:;=?@[]~" + chr(39)))
        headers = list(asked.get("headers", {}).items())
        body = _body_of(asked)
        named = {name.lower() for name, _ in headers}
        for name, value in (("User-Agent", "python-requests/2.32"), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*"), ("Connection", "keep-alive")):
            if name.lower() not in named:
                headers.append((name, value))
        if "json" in asked and "content-type" not in named:
            headers.append(("Content-Type", "application/json"))
        if "transfer-encoding" in named:
            body = wire.chunks(body or b"", 65536)
        elif body is None and asked["method"] in ("POST", "PUT", "PATCH"):
            body = b""
        try:
            answer = self.cardea.call(asked["api"], target, asked["method"], headers, body)
            return replace(answer, body=CODE_FOLDER.sub(b"/var/task/", answer.body))
        except (OSError, wire.Broken) as error:
            return wire.Answer(0, type(error).__name__, [], str(error).encode())

    def _check(self, step: dict[str, Any], result: Any) -> None:
        if isinstance(result, Waits):
            return
        what = step.get("call") or f"{step['http']['method']} {step['http']['path']}"
        got = result.status if isinstance(result, wire.Answer) else result.get("ResponseMetadata", {}).get("HTTPStatusCode", 200)
        if isinstance(result, wire.Answer) and self.needs and result.status >= 500:
            return  # It waits for what is behind the integration, as its answer does.
        if "status" in step:
            self.report.checks.append((got == step["status"], f"{what}: status {got}, AWS {step['status']}"))
        elif "ok" in step:
            self.report.checks.append(((0 < got < 400) == step["ok"], f"{what}: status {got}, AWS {'below' if step['ok'] else 'not below'} 400"))
        elif "fails" in step:
            code = result.get("Error", {}).get("Code")
            self.report.checks.append((code == step["fails"], f"{what}: {code or 'succeeds'}, AWS {step['fails']}"))

    # ── answers ──

    def _answer(self, step: dict[str, Any]) -> None:
        aws, name = step["value"], step["answer"]
        waiting = [Waits(one.service) if isinstance(one, MadeUp) else one for one in self.group if isinstance(one, (Waits, MadeUp))]
        if waiting and isinstance(self.group[-1], Waits):
            self.report.answers.append(Verdict(name, "names" if only_tokens(aws) else "waits", str(waiting[-1])))
            return
        best: Optional[tuple[int, Bindings, list[Difference], Any]] = None
        for ours, from_http in self._views(aws):
            trial = self.bindings.copy()
            wanted = _recorded_account(aws, self.cardea.account)
            found = [one for one in compare(wanted, ours, trial) if not _later_member(one, self.day) and not _told_by_front(one) and not _of_s3(one)]
            if best is None or len(found) < best[0]:
                best = (len(found), trial, found, from_http)
            if not found:
                break
        if best is None:
            self.report.answers.append(Verdict(name, "waits", str(waiting[-1]) if waiting else "a step before it"))
            return
        self.bindings.adopt(best[1])
        if only_tokens(aws):
            self.report.answers.append(Verdict(name, "names"))
        elif not best[2]:
            self.report.answers.append(Verdict(name, "equal"))
        elif best[3] and self.needs:
            self.report.answers.append(Verdict(name, "waits", ", ".join(sorted(self.needs)), best[2]))
        else:
            self.report.answers.append(Verdict(name, "different", differences=best[2]))

    def _views(self, aws: Any) -> Iterator[tuple[Any, bool]]:
        """The ways in which the results since the last answer may have been written down, the likeliest first."""
        results = [result for result in self.group if not isinstance(result, (Waits, MadeUp))]
        requests = [result for result in results if isinstance(result, wire.Answer)]
        if isinstance(aws, dict) and len(requests) == len(aws) > 1 and not set(aws) & ENVELOPE:
            yield {key: _body_like(one, aws[key]) for key, one in zip(aws, requests)}, True
        for result in reversed(results):
            if isinstance(result, wire.Answer):
                yield from ((view, True) for view in _http_views(result, aws))
                continue
            yield _bytes_like(result, aws), False
            if isinstance(aws, dict) and set(aws) == {"fn_name", "fn_arn"}:
                yield {"fn_name": result.get("FunctionName"), "fn_arn": result.get("FunctionArn")}, False
            if not (isinstance(aws, dict) and "ResponseMetadata" in aws):
                yield {key: value for key, value in result.items() if key != "ResponseMetadata"}, False
                if not isinstance(aws, dict):
                    yield from ((value, False) for value in result.values() if type(value) is type(aws))


def _bytes_like(value: Any, aws: Any) -> Any:
    """Bytes as they were written down: as Python shows them, or as text."""
    if isinstance(value, bytes):
        return repr(value) if isinstance(aws, str) and aws.startswith("b'") else value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {key: _bytes_like(held, aws.get(key) if isinstance(aws, dict) else None) for key, held in value.items()}
    if isinstance(value, list):
        return [_bytes_like(held, aws[at] if isinstance(aws, list) and at < len(aws) else None) for at, held in enumerate(value)]
    return value


def _of_s3(one: Difference) -> bool:
    return one.kind == "missing" and one.path.lstrip("/") in OF_S3


def _told_by_front(one: Difference) -> bool:
    name = one.path.rpartition("/")[2].lower()
    return "headers" in one.path and one.kind == "missing" and name in FRONT


def _own_account(value: Any, account: str = ACCOUNT) -> Any:
    return json.loads(json.dumps(value, default=_keep).replace(RECORDED_ACCOUNT, account), object_hook=_unkeep)


def _keep(value: Any) -> dict[str, str]:
    return {"base64-bytes": base64.b64encode(value).decode()}


def _unkeep(value: dict[str, Any]) -> Any:
    if set(value) in ({"base64-bytes"}, {"base64"}):
        return base64.b64decode(next(iter(value.values())))
    return value


def _recorded_account(value: Any, account: str) -> Any:
    """The caller's account written as our own, wherever it stands inside a text."""
    if isinstance(value, str):
        return value.replace(RECORDED_ACCOUNT, account)
    if isinstance(value, dict):
        return {_recorded_account(key, account): _recorded_account(held, account) for key, held in value.items()}
    if isinstance(value, list):
        return [_recorded_account(held, account) for held in value]
    return value


def _body_of(asked: dict[str, Any]) -> Optional[bytes]:
    if "json" in asked:
        return json.dumps(asked["json"]).encode()
    body = asked.get("body")
    return body.encode() if isinstance(body, str) else body


def _parsed(text: str) -> Any:
    try:
        return xmltodict.parse(text) if text.startswith("<?xml") else json.loads(text)
    except (ValueError, xmltodict.expat.ExpatError):
        return text


def _body_like(answer: wire.Answer, aws: Any) -> Any:
    """The body in the form in which it was written down."""
    if isinstance(aws, str):
        return repr(answer.body) if aws.startswith("b'") else answer.text
    return _parsed(answer.text)


def _headers_like(answer: wire.Answer, aws: dict[str, str], echoed: bool) -> dict[str, str]:
    """Header lines as a map; the length of an echo depends on who echoes, so it counts as equal."""
    lower = all(name == name.lower() for name in aws)
    found: dict[str, str] = {}
    for name, value in answer.headers:
        key = name.lower() if lower else name
        found[key] = f"{found[key]}, {value}" if key in found else value
    return _lengths_like(found, aws) if echoed else found


def _lengths_like(found: dict[str, str], aws: dict[str, str]) -> dict[str, str]:
    for name, value in found.items():
        if name.lower().endswith("content-length") and value.isdigit() and str(aws.get(name, "")).isdigit() and aws[name] != "0" and value != "0":
            found[name] = aws[name]
    return found


def _http_views(answer: wire.Answer, aws: Any) -> Iterator[Any]:
    parsed = _parsed(answer.text)
    if isinstance(aws, dict) and aws and set(aws) <= ENVELOPE and set(aws) & {"body", "content", "status_code", "statusCode", "errorType"}:
        yield _envelope(answer, aws, parsed)
    if isinstance(aws, str) and isinstance(parsed, str):
        yield parsed  # Recorded after it was read as JSON.
    if isinstance(aws, dict) and isinstance(parsed, dict):
        yield {key: value for key, value in parsed.items() if key in aws}  # A part of the body may have been recorded.
    else:
        yield _body_like(answer, aws)


def _envelope(answer: wire.Answer, aws: dict[str, Any], parsed: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    echoed = parsed if "response-headers" in aws and "headers" in aws and isinstance(parsed, dict) else None
    for key, wanted in aws.items():
        if key in ("status_code", "statusCode", "status"):
            made[key] = answer.status
        elif key in ("errorType", "error_type"):
            made[key] = answer.error_type
        elif key == "etag":
            made[key] = answer.header("ETag")
        elif key == "response-headers" or (key == "headers" and echoed is None):
            made[key] = _headers_like(answer, wanted, echoed is not None)
        elif key == "headers" and echoed is not None:
            made[key] = _lengths_like(dict(echoed.get("headers", {})), wanted)
        elif echoed is not None:
            data = echoed.get("data", "")
            made[key] = data if isinstance(wanted, str) else _parsed(data)
        elif isinstance(wanted, dict) and "args" in wanted and isinstance(parsed, dict):
            made[key] = {**parsed, "data": _parsed(parsed.get("data", ""))}
        else:
            made[key] = _body_like(answer, wanted)
    return {key: value for key, value in made.items() if value is not None}


# ── the whole of it ──


def served_by(cardea: Cardea) -> set[str]:
    """The services next to API Gateway that this Cardea answers for."""
    found = set()
    for service, operation in PROBES.items():
        try:
            getattr(cardea.client(service), operation)()
            found.add(service)
        except (botocore.exceptions.ClientError, *NO_ANSWER):
            pass
    return found


def play_all(corpus: Path, topic: Optional[str], case: Optional[str], workers: int) -> list[CaseReport]:
    jobs = [
        (path.stem, name, held)
        for path in sorted(corpus.glob("*.json"))
        for name, held in json.loads(path.read_text()).items()
        if (topic is None or path.stem == topic) and (case is None or case in name)
    ]
    with tempfile.TemporaryDirectory(prefix="replay-") as scratch, http_server() as server, Services(Path(scratch) / "services") as services:
        with Cardea(Path(scratch) / "probe", **KEY) as cardea:
            served = served_by(cardea)

        def one(job: tuple[int, tuple[str, str, dict[str, Any]]]) -> CaseReport:
            number, (stem, name, held) = job
            cardea = Cardea(Path(scratch) / f"case-{number}", **KEY, **services.environment)
            try:
                return Player(stem, name, held, cardea, server, served, services).play()
            finally:
                cardea.kill()

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, enumerate(jobs)))


def _print_case(report: CaseReport, brief: bool) -> None:
    different = [one for one in report.answers if one.verdict == "different"]
    if brief:
        if different:
            print(f"  {report.case}: {len(different)} answers differ, first {different[0].answer} {different[0].differences[0]}"[:200])
        return
    if different or any(not good for good, _ in report.checks):
        print(f"  {report.case}")
    for one in different:
        for difference in one.differences:
            print(f"    {one.answer} {difference}")
    for good, what in report.checks:
        if not good:
            print(f"    {what}")


def show(reports: list[CaseReport], brief: bool, floor: dict[str, int]) -> None:
    topics = sorted({report.topic for report in reports})
    for topic in topics:
        own = [report for report in reports if report.topic == topic]
        equal, waits = sum(one.count("equal") for one in own), sum(one.count("waits") for one in own)
        total = equal + waits + sum(one.count("different") for one in own)
        checks = [good for one in own for good, _ in one.checks]
        print(f"{topic}: {equal}/{total} equal, {waits} waiting, floor {floor.get(topic, 0)}; other checks {sum(checks)}/{len(checks)}")
        for report in own:
            _print_case(report, brief)
    waiting: dict[str, list[str]] = {}
    for report in reports:
        for one in report.answers:
            if one.verdict == "waits":
                waiting.setdefault(one.why, []).append(f"{report.case.split('::')[-1]} {one.answer}")
    if waiting:
        print("waiting:")
        for why, answers in sorted(waiting.items()):
            cases = sorted({answer.rpartition(" ")[0] for answer in answers})
            print(f"  for {why}: {len(answers)} answers" + ("" if brief else f" in {', '.join(cases)}"))
    equal = sum(report.count("equal") for report in reports)
    total = equal + sum(report.count("waits") + report.count("different") for report in reports)
    print(f"all: {equal}/{total} answers equal")


def equal_by_topic(reports: list[CaseReport]) -> dict[str, int]:
    found: dict[str, int] = {}
    for report in reports:
        found[report.topic] = found.get(report.topic, 0) + report.count("equal")
    return dict(sorted(found.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", default=os.environ.get("CARDEA_CORPORA"), help="the folder that holds observed/ (default $CARDEA_CORPORA)")
    parser.add_argument("--topic")
    parser.add_argument("--case")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--raise", action="store_true", dest="raise_floor")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--tally", metavar="FILE", help="write 'topics-at-or-above-the-floor topics-below'")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    corpus = Path(asked.corpora or "") / "observed"
    if not asked.corpora or not corpus.is_dir():
        print(f"no recordings: set CARDEA_CORPORA to the folder that holds observed/ (now {asked.corpora!r})", file=sys.stderr)
        return 2
    floor: dict[str, int] = json.loads(FLOOR.read_text()) if FLOOR.exists() else {}
    began = time.monotonic()
    try:
        reports = play_all(corpus, asked.topic, asked.case, asked.workers)
    except NotStarted as error:
        print(f"the program does not start:\n{error}", file=sys.stderr)
        return 2
    show(reports, asked.brief, floor)
    print(f"{len(reports)} cases in {time.monotonic() - began:.0f} s")
    if asked.json:
        told = json.dumps([asdict(report) for report in reports], indent=1, default=str)
        sys.stdout.write(told + "\n") if asked.json == "-" else Path(asked.json).write_text(told + "\n")
    now = equal_by_topic(reports)
    low = {topic: (count, floor[topic]) for topic, count in now.items() if count < floor.get(topic, 0)}
    for topic, (count, wanted) in low.items():
        print(f"below the floor: {topic} has {count} equal answers, {wanted} before")
    if asked.tally:
        Path(asked.tally).write_text(f"{len(now) - len(low)} {len(low)}\n")
    if asked.raise_floor and not asked.case:
        raised = {topic: max(now.get(topic, 0), floor.get(topic, 0)) for topic in {*now, *floor}}
        FLOOR.write_text(json.dumps(dict(sorted(raised.items())), indent=2) + "\n")
    return 1 if asked.check and low else 0


if __name__ == "__main__":
    sys.exit(main())
