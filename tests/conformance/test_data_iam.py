"""Methods with AWS_IAM, called by what signs in botocore."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from typing import Any, Optional
from unittest import mock

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import wire
from backend import Backend
from bench import Api
from program import ACCOUNT, REGION, Cardea
from test_data_cache import Cached
from test_data_policy import ALLOW, policy


class Caller:
    """Signs as botocore does, and sends the bytes itself."""

    def __init__(self, api: Api, secret: Optional[str] = None, key: Optional[str] = None, token: Optional[str] = None, **scope: str):
        known = api.cardea.credentials
        self.api = api
        self.credentials = Credentials(key or known["AWS_ACCESS_KEY_ID"], secret or known["AWS_SECRET_ACCESS_KEY"], token)
        self.scope = (scope.get("service", "execute-api"), scope.get("region", REGION))

    def call(self, path: str = "/pets", method: str = "GET", body: bytes = b"", headers: Any = None, presigned: int = 0, sent: Any = None, **how: Any) -> wire.Answer:
        """`sent` overrides parts of what was signed: path, method, body, headers."""
        host = self.api.cardea.host(self.api.id)
        request = AWSRequest(method, f"http://{host}/{self.api.stage}{path}", headers=dict(headers or {}), data=body)
        signer = SigV4QueryAuth(self.credentials, *self.scope, expires=presigned) if presigned else SigV4Auth(self.credentials, *self.scope)
        signer.add_auth(request)
        target = request.url.split(host, 1)[1]
        lines = {"Host": host, **dict(request.headers.items()), **(sent or {}).get("headers", {})}
        changed = {"method": method, "target": target, "body": body, **(sent or {})}
        return wire.exchange(self.api.cardea.data, changed["method"], changed["target"], lines, changed["body"] or None, **how)


@pytest.fixture
def signed(api: Api) -> Api:
    for verb in ("GET", "POST"):
        api.mock("/pets", verb, authorizationType="AWS_IAM")
    body = '{"account":"$context.identity.accountId","arn":"$context.identity.userArn","caller":"$context.identity.caller","key":"$context.identity.accessKey"}'
    api.mock("/who", body=body, authorizationType="AWS_IAM").mock("/pets/{id}", authorizationType="AWS_IAM")
    api.deploy()
    return api


def told(answer: wire.Answer) -> tuple[int, Optional[str], Optional[str]]:
    return answer.status, answer.error_type, answer.message


def at(seconds: float) -> Any:
    """botocore's clock, that far from ours."""
    then = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(seconds=seconds)
    return mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: then)


def test_a_signed_call_passes_and_tells_who_it_was(signed: Api) -> None:
    assert Caller(signed).call().status == 200
    who = Caller(signed).call("/who").json()
    key = signed.cardea.credentials["AWS_ACCESS_KEY_ID"]
    assert who == {"account": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "caller": ACCOUNT, "key": key}


@pytest.mark.parametrize("path", ["/pets?b=2&a=1&a=0", "/pets?q=a%20b%2Bc%2F~", "/pets/a%20b", "/pets/x%40y", "/pets/~a.b_c-d", "/pets?empty&x="])
def test_paths_and_queries_of_all_sorts(signed: Api, path: str) -> None:
    assert Caller(signed).call(path).status == 200
    assert Caller(signed).call(path, presigned=60).status == 200


def test_a_body_is_covered(signed: Api) -> None:
    body = json.dumps({"name": "x" * 200_000}).encode()
    assert Caller(signed).call(method="POST", body=body).status == 200
    assert Caller(signed).call(method="POST", body=body, chunk_bytes=10_000).status == 200
    answer = Caller(signed).call(method="POST", body=body, sent={"body": body.replace(b"xx", b"xy", 1)})
    assert (answer.status, answer.error_type) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("port", ["data", "control"])
def test_by_a_path_shape_a_signature_holds_too(signed: Api, port: str) -> None:
    """Some clients sign the length of the body."""
    cardea, body = signed.cardea, b"body"
    host, number = getattr(cardea, port)
    path = f"/restapis/{signed.id}/{signed.stage}/_user_request_/pets"
    request = AWSRequest("POST", f"http://{host}:{number}{path}", headers={"Content-Length": str(len(body))}, data=body)
    SigV4Auth(Caller(signed).credentials, "execute-api", REGION).add_auth(request)
    assert "content-length" in request.headers["Authorization"]
    lines = dict(request.headers.items())
    assert wire.exchange((host, number), "POST", path, lines, body).status == 200
    assert wire.exchange((host, number), "POST", path, lines, b"BODY").error_type == "InvalidSignatureException"


def test_a_hash_of_the_body_that_is_sent_must_be_true(signed: Api) -> None:
    honest = {"X-Amz-Content-SHA256": hashlib.sha256(b"body").hexdigest()}
    assert Caller(signed).call(method="POST", body=b"body", headers=honest).status == 200
    answer = Caller(signed).call(method="POST", body=b"body", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert (answer.status, answer.error_type) == (403, "InvalidSignatureException")


def test_no_signature(signed: Api) -> None:
    assert told(signed.call("/pets")) == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")


@pytest.mark.parametrize("header", ["Bearer abc", "Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256 nonsense"])
def test_a_header_that_is_no_signature(signed: Api, header: str) -> None:
    digest = base64.b64encode(hashlib.sha256(header.encode()).digest()).decode()
    answer = signed.call("/pets", headers={"Authorization": header})
    text = f"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '{digest}'."
    assert told(answer) == (403, "IncompleteSignatureException", text)


def test_a_header_that_lacks_parts(signed: Api) -> None:
    answer = signed.call("/pets", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"})
    assert (answer.status, answer.error_type) == (403, "IncompleteSignatureException")
    parts = "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
    assert (answer.message or "").startswith(parts + "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")


def test_an_unknown_key(signed: Api) -> None:
    answer = Caller(signed, key="AKIAIOSFODNN7EXAMPLE").call()
    assert told(answer) == (403, "UnrecognizedClientException", "The security token included in the request is invalid.")


def test_a_token_that_belongs_to_no_key(signed: Api) -> None:
    answer = Caller(signed, token="of-somebody").call()
    assert told(answer) == (403, "UnrecognizedClientException", "The security token included in the request is invalid.")


def test_a_wrong_secret_is_told_what_should_have_been_signed(signed: Api) -> None:
    answer = Caller(signed, secret="wrong").call("/pets?a=1")
    assert (answer.status, answer.error_type) == (403, "InvalidSignatureException")
    text = answer.message or ""
    assert text.startswith("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key")
    assert f"The Canonical String for this request should have been\n'GET\n/{signed.stage}/pets\na=1\nhost:" in text
    assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" in text
    assert signed.cardea.credentials["AWS_SECRET_ACCESS_KEY"] not in text


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ({"service": "lambda"}, "Credential should be scoped to correct service: 'execute-api'. "),
        ({"region": "eu-west-1"}, "Credential should be scoped to a valid region. "),
        ({"region": "eu-west-1", "service": "s3"}, "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'execute-api'. "),
    ],
)
def test_a_wrong_scope(signed: Api, scope: dict[str, str], text: str) -> None:
    assert told(Caller(signed, **scope).call()) == (403, "InvalidSignatureException", text)


@pytest.mark.parametrize(("seconds", "begin"), [(-330, "Signature expired: "), (330, "Signature not yet current: ")])
def test_a_clock_that_is_wrong(signed: Api, seconds: float, begin: str) -> None:
    with at(seconds):
        answer = Caller(signed).call()
    assert (answer.status, answer.error_type) == (403, "InvalidSignatureException")
    assert (answer.message or "").startswith(begin) and (answer.message or "").endswith(" 5 min.)")
    with at(seconds * 0.8):
        assert Caller(signed).call().status == 200


def test_a_presigned_call_has_its_time(signed: Api) -> None:
    with at(-120):
        assert Caller(signed).call(presigned=180).status == 200
        answer = Caller(signed).call(presigned=60)
    assert (answer.status, answer.error_type) == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    "sent",
    [
        {"method": "POST"},
        {"target": "/dev/who"},
        {"target": "/dev/pets?a=1"},
        {"headers": {"X-Amz-Date": "20260101T000000Z"}},
        {"headers": {"Host": "other.execute-api.us-east-1.amazonaws.com", "x-apigw-api-id": ""}},
        {"headers": {"X-Amz-Meta": "added"}},
    ],
)
def test_what_was_changed_on_the_way_does_not_pass(signed: Api, sent: dict[str, Any]) -> None:
    assert Caller(signed).call(sent=sent).status == 403


def test_a_signature_stays_here_and_the_body_goes_on(api: Api, backend: Backend) -> None:
    api.proxy("/pot", backend.url + "/pot", "POST", method={"authorizationType": "AWS_IAM"}).deploy()
    assert Caller(api).call("/pot", "POST", b'{"a":1}').status == 200
    seen = backend.seen[-1]
    assert "authorization" not in {name.lower() for name, _ in seen.headers}
    assert seen.body == b'{"a":1}'


def test_both_sides_decide_together(cardea: Cardea) -> None:
    """The root may do everything; a denial of the resource policy holds for it, too."""
    deny = {**ALLOW, "Effect": "Deny", "Resource": "execute-api:/*/GET/closed"}
    api = Api(cardea, policy=policy(deny)).mock("/pets", authorizationType="AWS_IAM").mock("/closed", authorizationType="AWS_IAM").mock("/open")
    api.deploy()
    assert Caller(api).call("/pets").status == 200
    answer = Caller(api).call("/closed")
    masked = "*" * (len(ACCOUNT) - 4) + ACCOUNT[-4:]
    arn = f"arn:aws:execute-api:{REGION}:{masked}:{api.id}/dev/GET/closed"
    text = f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: execute-api:Invoke on resource: {arn} with an explicit deny"
    assert (answer.status, answer.error_type, answer.json()) == (403, "AccessDeniedException", {"Message": text})
    assert api.call("/open").status == 403


def test_keys_of_the_caller(cardea: Cardea) -> None:
    wanted = {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:PrincipalType": "Account"}}
    api = Api(cardea, policy=policy({**ALLOW, "Effect": "Deny", "Condition": wanted})).mock("/pets", authorizationType="AWS_IAM")
    api.deploy()
    assert Caller(api).call().status == 200


def test_who_may_asks_the_cache_for_a_new_answer(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend)
    at = cached.api.at("/x")
    cached.api.gw.update_method(**at, patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}])
    cached.api.deploy()
    caller = Caller(cached.api)
    assert (caller.call("/x").status, caller.call("/x").status, cached.asked()) == (200, 200, 1)
    renewed = caller.call("/x", headers={"Cache-Control": "max-age=0"})
    assert (renewed.status, renewed.header("Warning"), cached.asked()) == (200, None, 2)


def test_a_policy_can_keep_the_cache_from_its_callers(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend)
    at = cached.api.at("/x")
    cached.api.gw.update_method(**at, patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}])
    deny = policy({**ALLOW, "Effect": "Deny", "Action": "execute-api:InvalidateCache"})
    cached.api.gw.update_rest_api(restApiId=cached.api.id, patchOperations=[{"op": "replace", "path": "/policy", "value": deny}])
    cached.api.deploy()
    caller = Caller(cached.api)
    assert caller.call("/x").status == 200
    renewed = caller.call("/x", headers={"Cache-Control": "max-age=0"})
    assert (renewed.status, cached.asked()) == (200, 1)
    assert renewed.header("Warning") == "199 Cache-control headers were ignored because the caller was unauthorized"
