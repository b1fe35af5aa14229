"""The replayer against a gateway that is AWS to the letter: it must find no difference, and every token must have come from somewhere."""

from __future__ import annotations

import datetime
import itertools
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import wire
from compare import KINDS, MARKUP, TOKEN
from replay import ACCOUNT, Player, Waits, _pick, _recorded_account

OBSERVED = Path(os.environ.get("CARDEA_CORPORA") or "/nonexistent") / "observed"
TOPICS = sorted(path.stem for path in OBSERVED.glob("*.json"))


class Perfect(Player):
    """Answers each call with what was recorded for it; requests to the data port are left out."""

    def __init__(self, topic: str, name: str, case: dict[str, Any]):
        cardea = SimpleNamespace(control_url="http://127.0.0.1:1", account=ACCOUNT)
        server = SimpleNamespace(url="http://127.0.0.1:2", authority="127.0.0.1:2")
        super().__init__(topic, name, case, cardea, server, set())  # type: ignore[arg-type]
        self.numbers = itertools.count(1)
        self.truth: dict[str, str] = {}
        self.at = -1

    def _step(self, step: dict[str, Any]) -> None:
        self.at += 1
        super()._step(step)

    def _true(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._true(key): self._true(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self._true(held) for held in value]
        if value in ("datetime", "timestamp"):
            return datetime.datetime(2026, 1, 2)
        if value == "<latency>":
            return 3
        if not isinstance(value, str):
            return value
        text = value.replace("DDD MMM dd hh:mm:ss UTC yyyy", "Mon Sep 29 19:28:50 UTC 2025")
        return TOKEN.sub(self._truth, text)

    def _truth(self, found: "re.Match[str]") -> str:
        token, word = found[0], found["word"]
        if word in MARKUP:
            return token
        if not found["number"] and word.lower() in KINDS:
            return "something"
        if token in self.bindings.values:
            return self.bindings.values[token]
        return self.truth.setdefault(token, f"v{next(self.numbers)}")

    def _send(self, service: str, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        steps = self.case["steps"]
        call = steps[self.at]
        made: dict[str, Any] = {}
        for step in steps[self.at + 1 :]:
            if "answer" not in step:
                if made or "http" in step or ".Get" not in step.get("call", ""):
                    break
                continue
            if isinstance(step["value"], dict) and "ResponseMetadata" in step["value"]:
                candidate = self._true(step["value"])
                if all(_has(candidate, path) and _pick(candidate, path) == self._true(token) for path, token in call.get("gives", {}).items()):
                    made = candidate
                    break
        for path, token in call.get("gives", {}).items():
            _put(made, path, self._true(token))
        return _recorded_account(made, ACCOUNT)

    def _http(self, step: dict[str, Any]) -> Any:
        raise Waits("requests")


def _has(value: Any, path: str) -> bool:
    try:
        return bool(_pick(value, path))
    except (LookupError, StopIteration, TypeError):
        return False


def _put(made: dict[str, Any], path: str, value: str) -> None:
    if _has(made, path):
        return
    listed = re.match(r"items\[path=(.*)\]\.(\w+)$", path)
    if not listed:
        *parents, last = path.split(".")
        for parent in parents:
            made = made.setdefault(parent, {})
        made[last] = value
        return
    items = made.setdefault("items", [])
    item = next((one for one in items if one["path"] == listed[1]), None)
    if item is None:
        item = {"path": listed[1]}
        items.append(item)
    item[listed[2]] = value


@pytest.mark.skipif(not TOPICS, reason="no recordings here (CARDEA_CORPORA is not set)")
@pytest.mark.parametrize("topic", TOPICS)
def test_aws_itself_replays_without_a_difference(topic: str) -> None:
    wrong = []
    for name, case in json.loads((OBSERVED / f"{topic}.json").read_text()).items():
        report = Perfect(topic, name, case).play()
        for one in report.answers:
            wrong += [f"{name} {one.answer} {difference}" for difference in one.differences]
            if one.verdict == "waits" and not re.match(r"requests|lambda|s3|dynamodb|kinesis|stepfunctions|cloudformation|the document", one.why):
                wrong.append(f"{name} {one.answer} waits for {one.why}")
    assert wrong == []


@pytest.mark.skipif(not TOPICS, reason="no recordings here (CARDEA_CORPORA is not set)")
def test_each_answer_is_looked_at() -> None:
    for topic in TOPICS:
        for name, case in json.loads((OBSERVED / f"{topic}.json").read_text()).items():
            report = Perfect(topic, name, case).play()
            assert len(report.answers) == sum("answer" in step for step in case["steps"]), name


# ── requests ──


def _player(*results: Any) -> Player:
    player = Perfect("t", "c", {"steps": []})
    player.group = list(results)
    return player


def _verdict(aws: Any, *results: Any) -> "tuple[str, list[str]]":
    player = _player(*results)
    player._answer({"answer": "a", "value": aws})
    one = player.report.answers[0]
    return one.verdict, [f"{difference.path} {difference.kind}" for difference in one.differences]


def _answer(status: int, body: str, **headers: str) -> wire.Answer:
    return wire.Answer(status, "", [(name.replace("_", "-"), value) for name, value in headers.items()], body.encode())


def test_a_body_may_be_recorded_whole_or_in_part() -> None:
    answer = _answer(200, '{"message": "exists", "statusCode": 200, "more": 1}')
    assert _verdict({"message": "exists", "statusCode": 200}, answer) == ("equal", [])
    assert _verdict({"message": "other", "statusCode": 200}, answer) == ("different", ["/message value"])
    assert _verdict("{foo=bar}", _answer(200, "{foo=bar}")) == ("equal", [])
    assert _verdict("{foo=bar}", _answer(200, "{foo=baz}"))[0] == "different"


def test_an_answer_may_be_recorded_with_its_status_and_type() -> None:
    answer = _answer(444, '{"message":"no"}', x_amzn_ErrorType="NoException")
    assert _verdict({"body": {"message": "no"}, "status_code": 444}, answer) == ("equal", [])
    assert _verdict({"content": {"message": "no"}, "errorType": "NoException"}, answer) == ("equal", [])
    assert _verdict({"body": {"message": "no"}, "status_code": 400}, answer) == ("different", ["/status_code value"])
    assert _verdict({"content": {"message": "no"}, "errorType": "YesException"}, answer) == ("different", ["/errorType value"])
    assert _verdict({"body": "b''", "status_code": 204}, _answer(204, "")) == ("equal", [])


def test_several_requests_may_be_answered_by_name() -> None:
    aws = {"empty-body": "b'{}'", "json-body": "b'x'"}
    assert _verdict(aws, _answer(200, "{}"), _answer(200, "x")) == ("equal", [])
    assert _verdict(aws, _answer(200, "{}"), _answer(200, "y")) == ("different", ["/json-body value"])


def test_headers_are_compared_but_for_those_of_aws_front() -> None:
    aws = {"content": "", "headers": {"Content-Length": "17", "Date": "<date>", "Via": "<via:1>", "X-Cache": "<x:1>", "x-amzn-RequestId": "<uuid:1>"}}
    good = {"Content_Length": "17", "Date": "Mon", "x_amzn_RequestId": "u"}
    assert _verdict(aws, _answer(200, "", **good)) == ("equal", [])
    assert _verdict(aws, _answer(200, "", **{**good, "Content_Length": "18"})) == ("different", ["/headers/Content-Length value"])
    assert _verdict(aws, _answer(200, "", **good, Server="me")) == ("different", ["/headers/Server extra"])
    assert _verdict(aws, _answer(200, "", Content_Length="17", x_amzn_RequestId="u")) == ("different", ["/headers/Date missing"])


def test_an_echoed_request_is_compared_header_by_header() -> None:
    aws = {"body": "", "headers": {"Accept": "x", "Host": "<host:1>"}, "response-headers": {"Content-Length": "462"}}
    echoed = {"data": "", "headers": {"Accept": "x", "Host": "h"}}
    assert _verdict(aws, _answer(200, json.dumps(echoed), Content_Length="37")) == ("equal", [])
    echoed["headers"]["Leaked"] = "y"  # type: ignore[index]
    assert _verdict(aws, _answer(200, json.dumps(echoed), Content_Length="37")) == ("different", ["/headers/Leaked extra"])


def test_what_waits_is_not_different() -> None:
    assert _verdict({"x": 1}, Waits("apigateway.CreateThing"))[0] == "waits"
    assert _verdict("<id:1>", Waits("apigateway.CreateThing"))[0] == "names"
