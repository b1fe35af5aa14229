"""Functions behind an API: AWS_PROXY and AWS, hosted here and elsewhere."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from backend import Backend, Seen
from bench import Api, patch
from functions import CHOOSE, PROXY, SETTINGS, Functions
from outside import Outside
from program import ACCOUNT, REGION, Cardea, eventually
from wire import Answer


def behind(fn: Functions, text: str, path: str = "/{proxy+}", api: Any = None, **members: Any) -> Api:
    """An API whose every request goes to a function of this text."""
    api = api or Api(fn.cardea)
    name = fn.make(text)
    fn.permit(name, api.id)
    api.method(path, "ANY")
    api.gw.put_integration(**api.at(path, "ANY"), **{"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": fn.uri(name), **members})
    api.deploy()
    return api


# Seen: observed/lambda.json, the atlas.
def test_the_event_has_what_came(fn: Functions) -> None:
    api = behind(fn, PROXY)
    headers = [("tEsT-HEADeR", "aValUE"), ("X-Two", "1"), ("X-Two", "2"), ("User-Agent", "me")]
    answer = api.call("/a%2Bb/c/?q=1&q=x+y&e=", "POST", headers, b'{"n": "\xc3\xa9"}')
    assert answer.status == 200
    event = json.loads(answer.body)
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/{proxy+}", "/a%2Bb/c/", "POST")
    assert event["pathParameters"] == {"proxy": "a%2Bb/c"}
    assert event["queryStringParameters"] == {"q": "x y", "e": ""} and event["multiValueQueryStringParameters"] == {"q": ["1", "x y"], "e": [""]}
    assert (event["headers"]["tEsT-HEADeR"], event["headers"]["X-Two"], event["multiValueHeaders"]["X-Two"]) == ("aValUE", "2", ["1", "2"])
    assert (event["body"], event["isBase64Encoded"], event["stageVariables"]) == ('{"n": "é"}', False, None)
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["resourcePath"], context["path"]) == (api.id, "dev", "/{proxy+}", "/dev/a%2Bb/c/")
    assert (context["accountId"], context["protocol"], context["domainPrefix"]) == (ACCOUNT, "HTTP/1.1", api.id)
    assert context["requestId"] == answer.header("x-amzn-RequestId") and context["identity"]["sourceIp"] == "127.0.0.1"
    assert answer.header("X-Amzn-Trace-Id").startswith(event["headers"]["X-Amzn-Trace-Id"])
    assert answer.header("Content-Type") == "application/json"


# Seen: observed/lambda.json.
@pytest.mark.parametrize(
    "said, status",
    [
        ({}, 200),
        ({"statusCode": "201"}, 201),
        ({"statusCode": 200, "headers": None}, 200),
        ({"statusCode": 200, "wrongValue": "value"}, 502),
        ({"statusCode": "test"}, 502),
        ({"statusCode": 200, "body": {"a": 1}}, 502),
        ({"multiValueHeaders": {"a": "b"}}, 502),
        ("a string", 502),
        (None, 502),
        ([], 502),
    ],
)
def test_what_a_function_may_answer(fn: Functions, chooser: Api, said: Any, status: int) -> None:
    answer = chooser.call("/x", "POST", body=json.dumps(said).encode())
    assert answer.status == status
    if status == 502:
        assert (answer.json(), answer.error_type) == ({"message": "Internal server error"}, "InternalServerErrorException")


@pytest.fixture
def chooser(fn: Functions) -> Api:
    return behind(fn, CHOOSE)


def test_headers_cookies_and_bytes_are_the_functions(fn: Functions, chooser: Api) -> None:
    said = {"headers": {"content-type": "text/html", "Server": "x"}, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "X-Multi": ["1", "2"]}, "body": "dGVzdA==", "isBase64Encoded": True}
    answer = chooser.call("/x", "POST", body=json.dumps(said).encode())
    assert answer.body == b"dGVzdA=="
    values = lambda name: [value for key, value in answer.headers if key.lower() == name.lower()]
    assert (values("content-type"), values("set-cookie"), values("x-multi"), values("x-amzn-Remapped-Server")) == (["text/html"], ["a=1", "b=2"], ["1, 2"], ["x"])
    binary = Api(fn.cardea, binaryMediaTypes=["image/png"])
    answer = behind(fn, CHOOSE, api=binary).call("/x", "POST", {"Accept": "image/png, */*"}, json.dumps(said).encode())
    assert answer.body == b"test"
    binary = behind(fn, PROXY, api=Api(fn.cardea, binaryMediaTypes=["image/*"]))
    event = json.loads(binary.call("/x", "POST", {"Content-Type": "image/png"}, b"\x00\xff").body)
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)


def test_a_functions_own_failure_is_a_bad_gateway_and_the_operator_is_told(fn: Functions) -> None:
    api = behind(fn, "def handler(e, c):\n    raise ValueError('no good')\n")
    answer = api.call("/x")
    assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})
    story = json.loads(fn.cardea.signed("GET", f"/_cardea/explain/{answer.header('x-amzn-RequestId')}").body)
    assert (story["function"]["error"], story["function"]["hosted"]) == ("no good", True)
    assert story["refused"]["because"].startswith("Lambda execution failed with status 200 due to customer function error: no good.")


def test_without_permission_nothing_is_invoked(fn: Functions, start: Callable[..., Cardea]) -> None:
    name, api = fn.make(PROXY), Api(fn.cardea)
    api.method("/", "GET")
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=fn.uri(name))
    api.deploy()
    answer = api.call("/")
    assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})
    fn.permit(name, api.id, SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/*/POST/*", StatementId="post")
    assert api.call("/").status == 500
    fn.permit(name, api.id, SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/dev/GET/", StatementId="get")
    assert api.call("/").status == 200
    # A role of the gateway's own needs none, and dev asks nobody.
    fn.api.remove_permission(FunctionName=name, StatementId="get")
    assert api.call("/").status == 500
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=fn.uri(name), credentials=f"arn:aws:iam::{ACCOUNT}:role/r")
    api.deploy()
    assert api.call("/").status == 200
    dev = Functions(start("--dev", **SETTINGS))
    api, name = Api(dev.cardea), dev.make(PROXY)
    api.method("/", "GET")
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=dev.uri(name))
    api.deploy()
    assert api.call("/").status == 200


# Seen: observed/lambda.json.
def test_only_post_invokes(fn: Functions) -> None:
    api = behind(fn, PROXY, integrationHttpMethod="GET")
    assert (api.call("/x").status, api.call("/x").json()) == (500, {"message": "Internal server error"})


def test_a_stage_variable_chooses_the_function_and_its_alias(fn: Functions) -> None:
    api = Api(fn.cardea)
    one, two = (fn.make(f"def handler(e, c):\n    return {{'body': '{word} ' + c.invoked_function_arn.rpartition(':')[2]}}\n") for word in ("one", "two"))
    fn.api.publish_version(FunctionName=two)
    fn.api.create_alias(FunctionName=two, Name="live", FunctionVersion="1")
    fn.permit(one, api.id)
    fn.permit(two, api.id, Qualifier="live")
    api.method("/", "GET")
    uri = fn.uri(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:${{stageVariables.f}}")
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.deploy(variables={"f": one})
    assert api.call("/").text == f"one {one}"
    api.gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("replace", "/variables/f", f"{two}:live")))
    assert api.call("/").text == "two live"
    api.gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("remove", "/variables/f")))
    assert api.call("/").status == 500


def test_a_function_that_is_slower_than_its_integration_times_out(fn: Functions) -> None:
    api = behind(fn, "import time\ndef handler(e, c):\n    time.sleep(5)\n", timeoutInMillis=100)
    answer = api.call("/x")
    assert (answer.status, answer.json()) == (504, {"message": "Endpoint request timed out"})


def custom(fn: Functions, text: str, patterns: dict[str, Any], **members: Any) -> Api:
    api, name = Api(fn.cardea), fn.make(text)
    fn.permit(name, api.id)
    api.method("/", "ANY")
    api.gw.put_integration(**api.at("/", "ANY"), **{"type": "AWS", "integrationHttpMethod": "POST", "uri": fn.uri(name), **members})
    for status, pattern in patterns.items():
        api.gw.put_method_response(**api.at("/", "ANY"), statusCode=status)
        api.gw.put_integration_response(**api.at("/", "ANY"), statusCode=status, **({"selectionPattern": pattern} if pattern else {}))
    api.deploy()
    return api


# Seen: observed/lambda.json.
def test_the_message_of_an_error_chooses_the_answer(fn: Functions) -> None:
    text = "def handler(event, context):\n    if event == 200:\n        return 'Pass'\n    raise Exception('Error: four hundred' if event == 400 else 'other')\n"
    api = custom(fn, text, {"200": None, "405": ".*four hundred.*", "502": ".+"})
    told = {asked: api.call("/", "POST", body=str(asked).encode()) for asked in (200, 400, 500)}
    assert {asked: answer.status for asked, answer in told.items()} == {200: 200, 400: 405, 500: 502}
    assert (told[200].json(), told[400].json()["errorMessage"], told[400].json()["errorType"]) == ("Pass", "Error: four hundred", "Exception")
    assert told[400].header("Content-Type") == "application/json" and told[400].header("X-Amzn-Trace-Id")


def test_an_error_that_no_pattern_takes_is_a_200(fn: Functions) -> None:
    api = custom(fn, "def handler(e, c):\n    raise Exception('x')\n", {"200": None})
    answer = api.call("/", "POST", body=b"{}")
    assert (answer.status, answer.json()["errorMessage"]) == (200, "x")


def test_a_body_that_is_no_json_is_the_callers_fault_and_none_is_an_empty_object(fn: Functions) -> None:
    api = custom(fn, "def handler(event, context):\n    return [event]\n", {"200": None})
    assert api.call("/", "GET").json() == [{}]
    assert api.call("/", "POST", body=b'{"a": 1}').json() == [{"a": 1}]
    answer = api.call("/", "POST", body=b"{no json")
    assert answer.status == 400 and answer.json()["message"].startswith("Could not parse request body into json"), answer.body
    static = custom(fn, "def handler(event, context):\n    return [event]\n", {"200": None}, requestTemplates={"application/json": '{"always": "this"}'})
    assert static.call("/", "POST", body=b"x").json() == [{"always": "this"}]


def test_a_mapped_header_makes_it_asynchronous(fn: Functions, tmp_path: Path) -> None:
    text = f"import time\ndef handler(e, c):\n    time.sleep(0.2)\n    open({str(tmp_path / 'mark')!r}, 'w').write('done')\n"
    api = custom(fn, text, {"200": None}, requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"})
    answer = api.call("/", "POST", body=b"{}")
    assert (answer.status, answer.body) == (200, b"") and not (tmp_path / "mark").exists()
    assert eventually(lambda: (tmp_path / "mark").exists())


def test_a_trial_tells_the_invocation_line_by_line(fn: Functions) -> None:
    api = behind(fn, "def handler(e, c):\n    if e['queryStringParameters']:\n        return 1\n    return {'body': 'hi'}\n")
    at = api.at("/{proxy+}", "ANY")
    told = api.gw.test_invoke_method(**{**at, "httpMethod": "ANY"}, pathWithQueryString="/x")
    log = re.sub(r"(?m)^\w{3} \w{3} \d\d [\d:]{8} UTC \d{4} : ", "", told["log"])
    assert (told["status"], told["body"]) == (200, "hi")
    assert f"Sending request to https://lambda.{REGION}.amazonaws.com/2015-03-31/functions/arn:aws:lambda:{REGION}:{ACCOUNT}:function:" in log
    assert 'Endpoint request body after transformations: {"resource":"/{proxy+}","path":"/x"' in log
    assert 'Endpoint response body before transformations: {"body": "hi"}' in log and "Successfully completed execution" in log
    told = api.gw.test_invoke_method(**{**at, "httpMethod": "ANY"}, pathWithQueryString="/x?a=b")
    assert told["status"] == 502 and "Execution failed due to configuration error: Malformed Lambda proxy response" in told["log"]


def test_code_is_swapped_under_requests_and_none_fails(fn: Functions) -> None:
    name, api = fn.make("def handler(e, c):\n    return {'body': '0'}\n"), Api(fn.cardea)
    fn.permit(name, api.id)
    api.method("/", "GET")
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=fn.uri(name))
    api.deploy()
    done, wrong = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            answer = api.call("/")
            if answer.status != 200:
                wrong.append((answer.status, answer.body))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    try:
        for number in range(1, 4):
            fn.api.update_function_configuration(FunctionName=name, Environment={"Variables": {"NUMBER": str(number)}})
            assert api.call("/").status == 200
    finally:
        done.set()
        for thread in asking:
            thread.join(30)
    assert wrong == []


# ── elsewhere ──

KEY = ("AKIAELSEWHEREELSEWHE", "elsewhere-secret")


@pytest.fixture
def elsewhere() -> Iterator[tuple[Outside, list[Seen]]]:
    """A Lambda service that is not ours: it writes down what it is asked, and answers as the function's name says."""
    asked: list[Seen] = []

    def answer(seen: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        asked.append(seen)
        if "failing" in seen.target:
            return 200, [("X-Amz-Function-Error", "Unhandled")], b'{"errorMessage": "theirs", "errorType": "E"}'
        if "throttled" in seen.target:
            return 429, [("x-amzn-ErrorType", "TooManyRequestsException")], b'{"message": "Rate Exceeded."}'
        if "missing" in seen.target:
            return 404, [("x-amzn-ErrorType", "ResourceNotFoundException")], b'{"Message": "Function not found"}'
        return 200, [("X-Amz-Executed-Version", "3")], b'{"statusCode": 201, "body": "from elsewhere"}'

    with Outside(answer) as server:
        yield server, asked


def at_other(start: Callable[..., Cardea], url: str, name: str, **env: str) -> Api:
    keys = {"AWS_ACCESS_KEY_ID": KEY[0], "AWS_SECRET_ACCESS_KEY": KEY[1]}
    cardea = start(**{"AWS_ENDPOINT_URL_LAMBDA": url, **(env or keys), "AWS_EC2_METADATA_DISABLED": "true", "CARDEA_THREADS": "1"})
    api = Api(cardea)
    api.method("/", "GET")
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:{name}/invocations"
    api.gw.put_integration(**api.at(), type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.deploy()
    return api


def test_a_function_that_is_not_hosted_here_is_invoked_where_the_environment_says(start: Callable[..., Cardea], elsewhere: tuple[Outside, list[Seen]]) -> None:
    server, asked = elsewhere
    api = at_other(start, server.url, "theirs:live")
    answers = [api.call("/?a=b") for _ in range(3)]
    assert [(answer.status, answer.text) for answer in answers] == [(201, "from elsewhere")] * 3
    seen = asked[0]
    path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Atheirs%3Alive/invocations"
    assert (seen.method, seen.target, json.loads(seen.body)["queryStringParameters"]) == ("POST", path, {"a": "b"})
    assert len({one.connection for one in asked}) == 1, "connections are kept"
    # The signature is what an SDK would have made.
    signed = re.search(r"SignedHeaders=([^,]+)", seen.header("Authorization") or "")
    assert signed
    headers = {name: seen.header(name) or "" for name in signed[1].split(";")}
    again = AWSRequest("POST", f"{server.url}{path}", headers=headers, data=seen.body)
    auth = SigV4Auth(Credentials(*KEY), "lambda", "eu-west-1")
    again.context["timestamp"] = seen.header("X-Amz-Date")
    canonical = auth.canonical_request(again)
    assert f"Signature={auth.signature(auth.string_to_sign(again, canonical), again)}" in (seen.header("Authorization") or "")


@pytest.mark.parametrize("name, status", [("failing", 502), ("throttled", 502), ("missing", 500)])
def test_what_goes_wrong_elsewhere_is_told_alike(start: Callable[..., Cardea], elsewhere: tuple[Outside, list[Seen]], name: str, status: int) -> None:
    answer: Answer = at_other(start, elsewhere[0].url, name).call("/")
    assert (answer.status, answer.json()) == (status, {"message": "Internal server error"})


def test_keys_come_from_the_shared_file_too(start: Callable[..., Cardea], elsewhere: tuple[Outside, list[Seen]], tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[other]\naws_access_key_id = AKIAFROMTHEFILE\naws_secret_access_key = x\naws_session_token = t\n")
    api = at_other(start, elsewhere[0].url, "f", AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"), AWS_PROFILE="other")
    assert api.call("/").status == 201
    assert "Credential=AKIAFROMTHEFILE/" in (elsewhere[1][0].header("Authorization") or "")
    assert elsewhere[1][0].header("X-Amz-Security-Token") == "t"


def test_without_keys_nothing_leaves(start: Callable[..., Cardea], backend: Backend) -> None:
    api = at_other(start, backend.url, "f", AWS_PROFILE="")
    assert api.call("/").status == 500
    assert not backend.seen
