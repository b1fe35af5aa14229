"""Who may speak to the control port, and how its answers look on the wire."""

from __future__ import annotations

import json
import datetime
import re
from typing import Any, Callable, Optional

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import wire
from bench import refusal, status
from program import REGION, Cardea, NotStarted, run

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def told(answer: wire.Answer) -> tuple[int, Optional[str]]:
    return answer.status, answer.error_type


def signed_at(cardea: Cardea, moment: datetime.datetime, path: str = "/account") -> wire.Answer:
    """A request signed as if `moment` were now."""
    request = AWSRequest("GET", f"{cardea.control_url}{path}")
    credentials = Credentials(cardea.credentials["AWS_ACCESS_KEY_ID"], cardea.credentials["AWS_SECRET_ACCESS_KEY"])
    signer = SigV4Auth(credentials, "apigateway", REGION)
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return wire.exchange(cardea.control, "GET", path, list(request.headers.items()))


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def test_a_signed_call_is_served(cardea: Cardea) -> None:
    answer = cardea.signed("GET", "/account", service="apigateway")
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    assert UUID.fullmatch(answer.header("x-amzn-RequestId") or "")


@pytest.mark.parametrize(("method", "path"), [("GET", "/restapis"), ("POST", "/restapis"), ("GET", "/account"), ("GET", "/_cardea/explain/x"), ("POST", "/")])
def test_an_unsigned_call_lacks_a_token(cardea: Cardea, method: str, path: str) -> None:
    answer = wire.exchange(cardea.control, method, path, body=b"{}" if method == "POST" else None)
    assert told(answer) == (403, "MissingAuthenticationTokenException")
    assert answer.message == "Missing Authentication Token"


def test_a_wrong_secret_is_an_invalid_signature(cardea: Cardea) -> None:
    answer = cardea.signed("GET", "/account", service="apigateway", secret="wrong" * 8)
    assert told(answer) == (403, "InvalidSignatureException")
    assert (answer.message or "").startswith("The request signature we calculated does not match the signature you provided.")


def test_an_unknown_key_is_an_unrecognized_client(cardea: Cardea) -> None:
    answer = cardea.signed("GET", "/account", service="apigateway", key="AKIAUNKNOWNUNKNOWN00")
    assert told(answer) == (403, "UnrecognizedClientException")
    assert answer.message == "The security token included in the request is invalid."


@pytest.mark.parametrize("part", ["body", "path", "query", "header"])
def test_what_was_signed_cannot_be_changed(cardea: Cardea, part: str) -> None:
    body = b'{"name":"signed"}'
    request = AWSRequest("POST", f"{cardea.control_url}/restapis", headers={"Content-Type": "application/json", "X-Amz-Extra": "1"}, data=body)
    credentials = Credentials(cardea.credentials["AWS_ACCESS_KEY_ID"], cardea.credentials["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "apigateway", REGION).add_auth(request)
    headers = dict(request.headers.items())
    assert wire.exchange(cardea.control, "POST", "/restapis", headers, body).status == 201
    path = {"path": "/apikeys", "query": "/restapis?x=1"}.get(part, "/restapis")
    if part == "header":
        headers["X-Amz-Extra"] = "2"
    answer = wire.exchange(cardea.control, "POST", path, headers, b'{"name":"forged"}' if part == "body" else body)
    assert told(answer) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_may_be_four_minutes_off(cardea: Cardea, minutes: int) -> None:
    assert signed_at(cardea, now() + datetime.timedelta(minutes=minutes)).status == 200


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24, 60 * 24 * 365])
def test_a_clock_may_not_be_six_minutes_off(cardea: Cardea, minutes: int) -> None:
    answer = signed_at(cardea, now() + datetime.timedelta(minutes=minutes))
    assert answer.status == 403 and answer.error_type in ("InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=x",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=zz",
        "AWS4-HMAC-SHA256 nonsense",
        "Basic abc",
        "Bearer abc",
        "AWS4-HMAC-SHA256 " + "Credential=" + "x" * 5000,
    ],
)
def test_a_signature_that_is_none_is_refused(cardea: Cardea, header: str) -> None:
    answer = wire.exchange(cardea.control, "GET", "/account", {"Authorization": header})
    assert answer.status in (400, 403)
    assert answer.error_type in (
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    )


def test_a_body_too_big_is_413_and_not_read_to_its_end(cardea: Cardea) -> None:
    with wire.Connection(cardea.control) as connection:
        size = 1 << 40
        connection.send(wire.head("POST", "/restapis", [("Host", "x"), ("Content-Length", str(size))]) + b"x" * 1000)
        answer = connection.read("POST")
        assert answer.status in (403, 413)


def test_a_signed_body_too_big_is_413(cardea: Cardea) -> None:
    answer = cardea.signed("POST", "/restapis", b"x" * (12 * 1024 * 1024), "apigateway")
    assert answer.status == 413 and answer.error_type == "RequestEntityTooLargeException"


def test_an_unknown_operation_is_told_so(cardea: Cardea) -> None:
    answer = cardea.signed("GET", "/restapis/a/nothing/like/this", service="apigateway")
    assert told(answer) == (404, "UnknownOperationException") or told(answer) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"nonsense", b'{"name":', b"\xff\xfe", b'{"name":"\\ud800"}'])
def test_a_body_that_is_no_object_is_refused(cardea: Cardea, body: bytes) -> None:
    answer = cardea.signed("POST", "/restapis", body, "apigateway", headers={"Content-Type": "application/json"})
    assert answer.status == 400 and answer.error_type in ("SerializationException", "BadRequestException", "ValidationException")


def test_a_body_nested_without_end_is_refused(cardea: Cardea) -> None:
    for depth in (1_000, 100_000):
        answer = cardea.signed("POST", "/restapis", b'{"name":"x","tags":' + b"[" * depth, "apigateway")
        assert 400 <= answer.status < 500
    assert cardea.signed("GET", "/account", service="apigateway").status == 200


@pytest.mark.parametrize(
    ("member", "value"),
    [("name", 1), ("name", {}), ("description", True), ("minimumCompressionSize", "x"), ("binaryMediaTypes", "x"), ("tags", []), ("tags", {"a": 1})],
)
def test_a_value_of_the_wrong_type_is_a_serialization_exception(cardea: Cardea, member: str, value: Any) -> None:
    # As bytes: no AWS client sends such a thing.
    answer = cardea.signed("POST", "/restapis", json.dumps({"name": "x", member: value}).encode(), "apigateway")
    assert (answer.status, answer.error_type) in [(400, "SerializationException"), (400, "BadRequestException")]


def test_an_unknown_member_does_no_harm(cardea: Cardea) -> None:
    assert cardea.signed("POST", "/restapis", b'{"name":"x","nothing":[1,{"a":null}]}', "apigateway").status == 201


@pytest.mark.parametrize("kind", ["application/json", "application/x-amz-json-1.1", "text/plain", ""])
def test_any_content_type_of_a_json_body_will_do(cardea: Cardea, kind: str) -> None:
    answer = cardea.signed("POST", "/restapis", b'{"name":"x"}', "apigateway", headers={"Content-Type": kind} if kind else {})
    assert answer.status == 201


@pytest.mark.parametrize("host", ["apigateway.us-east-1.amazonaws.com", "anything", "execute-api.example.com"])
def test_the_host_of_a_control_call_does_not_matter(cardea: Cardea, host: str) -> None:
    assert cardea.signed("GET", "/account", service="apigateway", headers={"Host": host}).status == 200


def test_a_region_has_its_own_apis_but_ids_are_unique(start: Callable[..., Cardea]) -> None:
    cardea = start()
    here, there = cardea.client(region="us-east-1"), cardea.client(region="eu-west-1")
    made = there.create_rest_api(name="there")["id"]
    assert [item["id"] for item in there.get_rest_apis()["items"]] == [made]
    assert here.get_rest_apis()["items"] == []
    assert refusal(here.get_rest_api, restApiId=made)[0] == 404


def test_percent_encoding_in_a_path_is_decoded_once(cardea: Cardea) -> None:
    answer = cardea.signed("GET", "/restapis/a%252Fb", service="apigateway")
    assert answer.status == 404 and (answer.message or "").endswith(":a%2Fb")


def test_null_members_are_absent_members(cardea: Cardea) -> None:
    answer = cardea.signed("POST", "/restapis", b'{"name":"x","description":null,"tags":null}', "apigateway")
    assert answer.status == 201 and "description" not in answer.json()


def test_errors_have_their_type_in_a_header_and_their_text_in_the_body(cardea: Cardea) -> None:
    answer = cardea.signed("GET", "/restapis/nosuchapi0", service="apigateway")
    assert (answer.status, answer.error_type) == (404, "NotFoundException")
    assert set(answer.json()) == {"message"} and answer.header("Content-Type") == "application/json"


def test_an_answer_without_content_has_no_body(cardea: Cardea) -> None:
    made = cardea.signed("POST", "/restapis", b'{"name":"x"}', "apigateway").json()["id"]
    answer = cardea.signed("DELETE", f"/restapis/{made}", service="apigateway")
    assert (answer.status, answer.body) == (202, b"")


# ── dev ──


def test_dev_takes_any_signature_or_none(start: Callable[..., Cardea]) -> None:
    cardea = start("--dev")
    assert wire.exchange(cardea.control, "POST", "/restapis", {"Content-Type": "application/json"}, b'{"name":"x"}').status == 201
    assert cardea.signed("GET", "/restapis", service="apigateway", key="anyone", secret="anything").status == 200
    assert wire.exchange(cardea.control, "GET", "/restapis", {"Authorization": "nonsense"}).status == 200
    client = cardea.client(aws_access_key_id="test", aws_secret_access_key="test")
    assert status(client.get_rest_apis()) == 200


@pytest.mark.parametrize("flag", ["--listen", "--control"])
def test_dev_stays_on_the_loopback(start: Callable[..., Cardea], tmp_path: Any, flag: str) -> None:
    other = "--control" if flag == "--listen" else "--listen"
    told = run("serve", "--dev", "--data-dir", str(tmp_path / "d"), flag, "0.0.0.0:0", other, "127.0.0.1:0", home=tmp_path)
    assert told.returncode != 0 and "loopback" in (told.stderr + told.stdout).lower()


def test_a_control_port_beyond_the_loopback_needs_tls(tmp_path: Any) -> None:
    told = run("serve", "--data-dir", str(tmp_path / "d"), "--listen", "127.0.0.1:0", "--control", "0.0.0.0:0", home=tmp_path)
    assert told.returncode != 0 and "tls" in (told.stderr + told.stdout).lower()


def test_the_root_key_can_be_given(start: Callable[..., Cardea]) -> None:
    cardea = start(CARDEA_ROOT_ACCESS_KEY_ID="AKIAMYOWNMYOWNMYOWN0", CARDEA_ROOT_SECRET_ACCESS_KEY="my-own-secret-my-own-secret-my-own-secret")
    assert status(cardea.client().get_account()) == 200


def test_half_a_root_key_is_refused(start: Callable[..., Cardea], tmp_path: Any) -> None:
    with pytest.raises((NotStarted, KeyError)):
        start(CARDEA_ROOT_ACCESS_KEY_ID="AKIAMYOWNMYOWNMYOWN0")
