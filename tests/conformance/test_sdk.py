"""SdkType: which SDKs there are. Sdk: the one for JavaScript, run by Node."""

from __future__ import annotations

import datetime
import io
import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import clients
from backend import Backend
from bench import Api, members, refusal

RUN_SECONDS = 30


def test_there_are_six_types(gw: Any) -> None:
    found = {one["id"]: one for one in gw.get_sdk_types()["items"]}
    assert sorted(found) == ["android", "java", "javascript", "objectivec", "ruby", "swift"]
    for name, one in found.items():
        assert members(gw.get_sdk_type(id=name)) == one
    wanted = [one["name"] for one in found["java"]["configurationProperties"] if one["required"]]
    assert wanted == ["serviceName", "javaPackageName"]


def test_another_type_is_not_found(gw: Any) -> None:
    assert refusal(gw.get_sdk_type, id="cobol")[:2] == (404, "NotFoundException")


@pytest.fixture
def sdk(api: Api, gw: Any, backend: Backend) -> Api:
    """An API whose methods all lead to the back end, which tells what it got."""
    api.proxy("/", f"{backend.url}/root", verb="GET")
    asked = {"requestParameters": {"method.request.querystring.kind": False, "method.request.header.X-Page": False}}
    api.proxy("/pets/{petId}", f"{backend.url}/pets/{{petId}}", verb="POST", method=asked)
    api.proxy("/files/{proxy+}", f"{backend.url}/files/{{proxy}}", verb="GET")
    api.proxy("/fails", f"{backend.url}/status/418", verb="GET")
    api.proxy("/any", f"{backend.url}/any", verb="ANY")
    api.deploy("dev")
    return api


def unpacked(gw: Any, api: Api, into: Path) -> Path:
    answer = gw.get_sdk(restApiId=api.id, stageName="dev", sdkType="javascript")
    assert answer["contentType"] == "application/octet-stream"
    assert re.fullmatch(r'attachment; filename="javascript_[\dT:Z-]+\.zip"', answer["contentDisposition"])
    with zipfile.ZipFile(io.BytesIO(answer["body"].read())) as archive:
        assert archive.testzip() is None
        archive.extractall(into)
    return into / "apiGateway-js-sdk" / "apigClient.js"


def node(script: str) -> Any:
    """What a script for Node prints as JSON."""
    done = subprocess.run([clients.node(), "-e", script], capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_an_archive_with_a_page(sdk: Api, gw: Any, tmp_path: Path) -> None:
    client = unpacked(gw, sdk, tmp_path)
    page = client.with_name("README.md").read_text()
    assert "| `petsPetIdPost` | POST | `/pets/{petId}` |" in page and "anyAny" not in page


def test_node_calls_the_api_with_it(sdk: Api, gw: Any, tmp_path: Path, backend: Backend) -> None:
    client = unpacked(gw, sdk, tmp_path)
    told = node(
        f"""
        const client = require({json.dumps(str(client))}).newClient({{ apiKey: 'key' }});
        (async () => {{
          const made = await client.petsPetIdPost({{ petId: 'a b/ü', kind: 'x&y', 'X-Page': 2 }}, {{ n: 1 }}, {{ queryParams: {{ m: ['1', '2'] }}, headers: {{ 'X-More': 'm' }} }});
          const file = await client.filesProxyGet({{ proxy: 'a/b c' }});
          const fault = await client.failsGet().catch((error) => error.response);
          const missing = await client.petsPetIdPost({{}}).catch((error) => error.message);
          console.log(JSON.stringify({{ names: Object.keys(client).sort(), made, file: file.data, fault, missing }}));
        }})();
        """
    )
    assert told["names"] == ["failsGet", "filesProxyGet", "petsPetIdPost", "rootGet"]
    seen = told["made"]["data"]
    assert (told["made"]["status"], seen["method"], seen["body"]) == (200, "POST", '{"n":1}')
    assert seen["target"] == "/pets/a%20b%2F%C3%BC?kind=x%26y&m=1&m=2"
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert (headers["x-page"], headers["x-more"], headers["x-api-key"], headers["content-type"]) == ("2", "m", "key", "application/json")
    assert told["file"]["target"] == "/files/a/b%20c"
    assert told["fault"]["status"] == 418 and told["missing"] == "The parameter petId is missing."


@pytest.mark.parametrize("token", [None, "token/+="])
def test_it_signs_as_botocore_does(api: Api, gw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: Any) -> None:
    api.mock("/pets/{petId}", "POST", authorizationType="AWS_IAM").mock("/open", "GET").deploy("dev")
    client = unpacked(gw, api, tmp_path)
    told = node(
        f"""
        const asked = [];
        globalThis.fetch = async (url, how) => {{
          asked.push({{ url, headers: how.headers }});
          return new Response('{{}}', {{ headers: {{ 'content-type': 'application/json' }} }});
        }};
        const client = require({json.dumps(str(client))}).newClient({{
          accessKey: 'AKIDEXAMPLE', secretKey: 'secret', sessionToken: {json.dumps(token)} || undefined, region: 'eu-west-1',
          now: () => new Date('2026-11-22T12:00:00Z'),
        }});
        (async () => {{
          await client.petsPetIdPost({{ petId: 'a b' }}, 'bödy', {{ queryParams: {{ z: '1 2', a: "(x)*", A: '' }}, headers: {{ 'X-Two': ' a   b ' }} }});
          await client.openGet();
          console.log(JSON.stringify(asked));
        }})();
        """
    )
    signed, plain = told
    assert "Authorization" not in plain["headers"]
    ours = {name: value for name, value in signed["headers"].items() if name.lower() not in ("authorization", "x-amz-date", "x-amz-security-token")}
    request = AWSRequest("POST", signed["url"], headers=ours, data="bödy".encode())
    fixed = datetime.datetime(2026, 11, 22, 12, 0, 0, tzinfo=datetime.timezone.utc)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: fixed)
    SigV4Auth(Credentials("AKIDEXAMPLE", "secret", token), "execute-api", "eu-west-1").add_auth(request)
    assert signed["headers"]["Authorization"] == request.headers["Authorization"]


@pytest.mark.parametrize("kind", ["java", "swift", "cobol"])
def test_other_languages_are_refused(sdk: Api, gw: Any, kind: str) -> None:
    assert refusal(gw.get_sdk, restApiId=sdk.id, stageName="dev", sdkType=kind)[:2] == (400, "BadRequestException")
    assert refusal(gw.get_sdk, restApiId=sdk.id, stageName="nosuch", sdkType="javascript")[:2] == (404, "NotFoundException")
