"""Programs that deploy functions and APIs by themselves, against a running Cardea: AWS Chalice and Claudia.js, as they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

import clients
from functions import ROLE, Functions
from outside import Outside
from program import ACCOUNT, REGION, Cardea

DEPLOY_SECONDS = 120

CHALICE = """
from chalice import Chalice, NotFoundError, Response

app = Chalice(app_name="petshop")
PETS = {"rex": {"kind": "dog"}}


@app.route("/")
def index():
    return {"hello": "from chalice"}


@app.route("/pets/{name}", methods=["GET", "PUT"])
def pet(name):
    if app.current_request.method == "PUT":
        PETS[name] = app.current_request.json_body
        return Response(body=PETS[name], status_code=201, headers={"X-Made": name})
    if name not in PETS:
        raise NotFoundError(f"no {name}")
    return PETS[name]


@app.lambda_function(name="count")
def count(event, context):
    return len(event)
"""

CLAUDIA = """
exports.handler = async (event) => ({
  statusCode: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ hello: "from claudia", path: event.path, verb: event.httpMethod }),
});
"""
# Its SDK is of before there was AWS_ENDPOINT_URL, so that it is told once more; and it asks STS who it is, which Cardea has not got yet.
ENDPOINTS = "require({sdk}).config.update({{ endpoint: process.env.AWS_ENDPOINT_URL, sts: {{ endpoint: process.env.STS_URL }} }});\n"
IDENTITY = (
    "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
    f"<Arn>arn:aws:iam::{ACCOUNT}:root</Arn><UserId>u</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def environment(cardea: Cardea, home: Path) -> dict[str, str]:
    """What AWS clients look at: the program's keys, its region, its address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CARDEA_"))}
    keys = {"AWS_ACCESS_KEY_ID": cardea.credentials["AWS_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": cardea.credentials["AWS_SECRET_ACCESS_KEY"]}
    place = {"AWS_ENDPOINT_URL": cardea.control_url, "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "HOME": str(home)}
    return {**kept, **keys, **place, "PATH": clients.path()}


def done(command: list[str], cwd: Path, env: dict[str, str]) -> str:
    told = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=DEPLOY_SECONDS, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


@pytest.fixture
def fn(start: Callable[..., Cardea]) -> Functions:
    """A program of the test's own: Node functions are run by it, too."""
    return Functions(start(**clients.settings()))


@pytest.fixture
def cardea(fn: Functions) -> Cardea:
    return fn.cardea


def test_chalice_deploys_changes_and_deletes(fn: Functions, cardea: Cardea, tmp_path: Path) -> None:
    app = tmp_path / "petshop"
    (app / ".chalice").mkdir(parents=True)
    (app / "app.py").write_text(CHALICE)
    (app / "requirements.txt").write_text("")
    config = {"version": "2.0", "app_name": "petshop", "manage_iam_role": False, "iam_role_arn": ROLE, "stages": {"dev": {"api_gateway_stage": "api"}}}
    (app / ".chalice" / "config.json").write_text(json.dumps(config))
    env = environment(cardea, tmp_path)
    chalice = str(Path(sys.executable).with_name("chalice"))
    told = done([chalice, "deploy"], app, env)
    assert "Creating lambda function: petshop-dev\n" in told and "Creating Rest API\n" in told
    deployed = json.loads((app / ".chalice" / "deployed" / "dev.json").read_text())["resources"]
    api = next(one["rest_api_id"] for one in deployed if one["name"] == "rest_api")

    def call(path: str, method: str = "GET", **how: Any) -> Any:
        return cardea.call(api, f"/api{path}", method, **how)

    assert call("/").json() == {"hello": "from chalice"}
    assert call("/pets/rex").json() == {"kind": "dog"}
    made = call("/pets/tom", "PUT", headers={"Content-Type": "application/json"}, body=b'{"kind": "cat"}')
    assert (made.status, made.header("X-Made"), made.json()) == (201, "tom", {"kind": "cat"})
    missing = call("/pets/nobody")
    assert (missing.status, missing.json()["Code"]) == (404, "NotFoundError")
    assert call("/nowhere").status == 403
    assert fn.invoke("petshop-dev-count", [1, 2]) == 2

    (app / "app.py").write_text(CHALICE.replace('"from chalice"', '"once more"'))
    assert "Updating lambda function: petshop-dev\n" in done([chalice, "deploy"], app, env)
    assert call("/").json() == {"hello": "once more"}
    assert done([chalice, "invoke", "--name", "count"], app, env).strip() == "0"

    told = done([chalice, "delete"], app, env)
    assert "Deleting Rest API" in told and "Deleting function" in told
    assert call("/").status == 403
    assert not [one for one in fn.api.list_functions()["Functions"] if one["FunctionName"].startswith("petshop")]


def test_claudia_deploys_changes_and_deletes(fn: Functions, cardea: Cardea, tmp_path: Path) -> None:
    app = tmp_path / "greeter"
    app.mkdir()
    (app / "package.json").write_text(json.dumps({"name": "greeter", "version": "1.0.0", "files": ["lambda.js"]}))
    (app / "lambda.js").write_text(CLAUDIA)
    modules = clients.CLIENTS / "node_modules"
    (tmp_path / "endpoints.cjs").write_text(ENDPOINTS.format(sdk=json.dumps(str(modules / "aws-sdk"))))
    claudia = [str(modules / ".bin" / "claudia")]
    with Outside(lambda seen, authority: (200, [("Content-Type", "text/xml")], IDENTITY.encode())) as sts:
        env = {**environment(cardea, tmp_path), "NODE_OPTIONS": f"--require {tmp_path / 'endpoints.cjs'}", "STS_URL": sts.url}
        create = ["create", "--region", REGION, "--handler", "lambda.handler", "--deploy-proxy-api", "--role", ROLE, "--runtime", "nodejs22.x"]
        done([*claudia, *create, "--no-optional-dependencies"], app, env)
        api = json.loads((app / "claudia.json").read_text())["api"]["id"]
        told = cardea.call(api, "/latest/a/b", "POST", body=b"x")
        assert (told.status, told.json()) == (200, {"hello": "from claudia", "path": "/a/b", "verb": "POST"})
        (app / "lambda.js").write_text(CLAUDIA.replace("from claudia", "once more"))
        done([*claudia, "update", "--no-optional-dependencies"], app, env)
        assert cardea.call(api, "/latest/").json()["hello"] == "once more"
        done([*claudia, "destroy"], app, env)
    assert cardea.call(api, "/latest/").status == 403
    assert not [one for one in fn.api.list_functions()["Functions"] if one["FunctionName"] == "greeter"]
