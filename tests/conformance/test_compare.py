"""The comparer of the replayer: what counts as equal, and what must not."""

from __future__ import annotations

import datetime

import pytest

from compare import Bindings, compare, only_tokens

NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)


def differences(aws: object, ours: object, bindings: "Bindings | None" = None) -> list[str]:
    return [f"{one.path} {one.kind}" for one in compare(aws, ours, bindings if bindings is not None else Bindings())]


def test_the_same_token_is_the_same_value() -> None:
    assert differences({"id": "<id:1>", "parent": "<id:1>"}, {"id": "a", "parent": "a"}) == []
    assert differences({"id": "<id:1>", "parent": "<id:1>"}, {"id": "a", "parent": "b"}) == ["/parent value"]


def test_another_number_is_another_value() -> None:
    assert differences({"a": "<id:1>", "b": "<id:2>"}, {"a": "x", "b": "y"}) == []
    assert differences({"a": "<id:1>", "b": "<id:2>"}, {"a": "x", "b": "x"}) == ["/b value"]


def test_two_words_may_stand_for_one_value() -> None:
    assert differences({"a": "<cache-namespace:1>", "b": "<resource-id>"}, {"a": "x", "b": "x"}) == []


def test_a_binding_lasts_for_the_whole_case() -> None:
    bindings = Bindings()
    assert differences({"id": "<id:1>"}, {"id": "x"}, bindings) == []
    assert differences({"id": "<id:1>"}, {"id": "y"}, bindings) == ["/id value"]
    assert bindings.fill({"restApiId": "<id:1>", "path": ["/a/<id:1>"]}) == {"restApiId": "x", "path": ["/a/x"]}


def test_a_token_inside_a_text_is_found_and_bound() -> None:
    bindings = Bindings()
    assert differences("AmazonAPIGateway_<apigw-id:1> <apigw-id:1>", "AmazonAPIGateway_abc abc", bindings) == []
    assert bindings.values == {"<apigw-id:1>": "abc"}
    assert differences("Invalid API identifier specified <x:1>:<apigw-id:1>", "Invalid API identifier specified 1:abd", bindings) == ["/ value"]


def test_markup_is_no_token() -> None:
    assert differences("<message>completed</message>", "<message>completed</message>") == []
    assert differences("<message>completed</message>", "<massage>completed</massage>") == ["/ value"]


@pytest.mark.parametrize("value", [NOW, "2026-01-02T00:00:00Z", 1767312000])
def test_a_datetime_is_any_date_and_time(value: object) -> None:
    assert differences({"createdDate": "datetime"}, {"createdDate": value}) == []


def test_a_kind_still_has_to_be_there_and_of_its_kind() -> None:
    assert differences({"createdDate": "datetime"}, {}) == ["/createdDate missing"]
    assert differences({"createdDate": "datetime"}, {"createdDate": None}) == ["/createdDate value"]
    assert differences({"latency": "<latency>"}, {"latency": 3}) == []
    assert differences({"latency": "<latency>"}, {"latency": "soon"}) == ["/latency value"]
    assert differences({"content-length": "content-length"}, {"content-length": "x"}) == ["/content-length value"]


def test_json_in_a_string_was_parsed_one_level() -> None:
    assert differences({"schema": {"type": "object"}}, {"schema": '{"type":"object"}'}) == []
    assert differences({"schema": {"type": "object"}}, {"schema": '{"type":"array"}'}) == ["/schema/type value"]
    assert differences({"schema": {"type": "object"}}, {"schema": "no json"}) == ["/schema type"]


def test_members_too_many_and_too_few_are_told() -> None:
    assert differences({"a": 1, "b": 2}, {"b": 2, "c": 3}) == ["/a missing", "/c extra"]


def test_lists_may_have_been_sorted_but_not_shortened() -> None:
    assert differences([{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 1}]) == []
    assert differences(["a", "b"], ["a"]) == ["/1 missing"]
    assert differences(["a"], ["a", "b"]) == ["/- extra"]


def test_a_bag_binds_each_token_once() -> None:
    bindings = Bindings({"<id:1>": "x"})
    assert differences([{"id": "<id:2>"}, {"id": "<id:1>"}], [{"id": "x"}, {"id": "y"}], bindings) == []
    assert bindings.values["<id:2>"] == "y"


def test_numbers_and_truth_values_are_not_mixed_up() -> None:
    assert differences(2.0, 2) == []
    assert differences(True, 1) == ["/ type"]
    assert differences("200", 200) == ["/ type"]
    assert differences(None, "") == ["/ type"]


def test_a_log_date_is_any_log_date() -> None:
    line = "DDD MMM dd hh:mm:ss UTC yyyy : Method completed with status: 200"
    assert differences(line, "Mon Sep 29 19:28:50 UTC 2025 : Method completed with status: 200") == []
    assert differences(line, "2025-09-29 : Method completed with status: 200") == ["/ value"]


def test_a_log_is_compared_line_by_line() -> None:
    aws = {"line00": "a <x:1>", "line01": ""}
    assert compare(aws, "a b\n", Bindings()) == []
    assert [one.path for one in compare(aws, "a b\nc\n", Bindings())] == ["/line01", "/line02"]


def test_a_long_string_is_written_out() -> None:
    assert Bindings().fill("<'a' 5 times>") == "aaaaa"
    assert differences("<'a' 3 times>", "aaa") == []


def test_an_answer_of_names_says_nothing() -> None:
    assert only_tokens("<id:6>") and only_tokens({"api": "<id:6>"})
    assert not only_tokens({"api": "<id:6>", "n": 1}) and not only_tokens({}) and not only_tokens("x <id:6>")


def test_keys_may_hold_tokens() -> None:
    assert differences({"values": {"<id:1>": 1}}, {"values": {"k": 1}}, Bindings({"<id:1>": "k"})) == []
