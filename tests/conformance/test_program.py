"""The program as a command: its verbs, its settings, the ports it opens, and the aws CLI in front of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

import wire
from backend import Backend
from bench import Api, status
from program import Cardea, NotStarted, clean_env, run

AWS = str(Path(sys.executable).with_name("aws"))


def aws(cardea: Cardea, *arguments: str) -> Any:
    """The aws CLI with what `cardea env` exports and nothing else."""
    done = subprocess.run([AWS, *arguments], env=clean_env(cardea.home, **cardea.exports()), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_seven_commands_make_an_api_that_answers(cardea: Cardea, backend: Backend) -> None:
    api = aws(cardea, "apigateway", "create-rest-api", "--name", "pets")["id"]
    root = aws(cardea, "apigateway", "get-resources", "--rest-api-id", api)["items"][0]["id"]
    at = ["--rest-api-id", api]
    pets = aws(cardea, "apigateway", "create-resource", *at, "--parent-id", root, "--path-part", "pets")["id"]
    at += ["--resource-id", pets, "--http-method", "GET"]
    assert aws(cardea, "apigateway", "put-method", *at, "--authorization-type", "NONE")["httpMethod"] == "GET"
    put = ["--type", "HTTP_PROXY", "--integration-http-method", "GET", "--uri", f"{backend.url}/bytes/5"]
    assert aws(cardea, "apigateway", "put-integration", *at, *put)["type"] == "HTTP_PROXY"
    assert aws(cardea, "apigateway", "create-deployment", "--rest-api-id", api, "--stage-name", "dev")["id"]
    answer = wire.exchange(cardea.data, "GET", f"/restapis/{api}/dev/_user_request_/pets")
    assert answer.status == 200 and len(answer.body) == 5


def test_the_aws_cli_tells_errors_as_aws_words_them(cardea: Cardea) -> None:
    done = subprocess.run(
        [AWS, "apigateway", "get-rest-api", "--rest-api-id", "nosuchapi0"],
        env=clean_env(cardea.home, **cardea.exports()),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "An error occurred (NotFoundException) when calling the GetRestApi operation: Invalid API identifier specified" in done.stderr


def test_env_exports_what_aws_clients_need(cardea: Cardea) -> None:
    told = cardea.exports()
    assert told["AWS_ENDPOINT_URL"] == cardea.control_url
    assert told["AWS_ACCESS_KEY_ID"] and told["AWS_SECRET_ACCESS_KEY"]
    assert told.get("AWS_REGION", told.get("AWS_DEFAULT_REGION")) == "us-east-1"
    raw = run("env", home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir)).stdout
    assert all(line.startswith(("export ", "#")) or not line.strip() for line in raw.splitlines())


def test_the_ports_are_told_in_a_file_too(cardea: Cardea) -> None:
    text = json.dumps(cardea.run_json())
    assert str(cardea.data[1]) in text and str(cardea.control[1]) in text


def test_the_first_line_tells_the_ports(start: Callable[..., Cardea]) -> None:
    cardea = start()
    first = [line for line in cardea.log().splitlines() if not line.startswith("──")][0]
    assert re.match(r"^listening data=http://127\.0\.0\.1:\d+ control=http://127\.0\.0\.1:\d+$", first)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_is_told_to_anybody(cardea: Cardea, path: str) -> None:
    assert wire.exchange(cardea.control, "GET", path).status == 200


# ── settings ──


def test_config_tells_each_value_and_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "cardea.toml").write_text('region = "eu-west-1"\n')
    told = run("config", home=tmp_path, CARDEA_ACCOUNT_ID="123456789012")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.lower().splitlines()
    region = next(line for line in lines if "eu-west-1" in line)
    account = next(line for line in lines if "123456789012" in line)
    assert "region" in region and "cardea.toml" in region
    assert "account" in account and ("env" in account or "cardea_account_id" in account)
    assert any("default" in line for line in lines)


def test_config_does_not_tell_secrets(tmp_path: Path) -> None:
    secret = "a-very-secret-thing-that-nobody-should-read"
    told = run("config", home=tmp_path, CARDEA_ROOT_ACCESS_KEY_ID="AKIAMYOWNMYOWNMYOWN0", CARDEA_ROOT_SECRET_ACCESS_KEY=secret)
    assert told.returncode == 0 and secret not in told.stdout + told.stderr


def test_an_unknown_setting_in_the_environment_names_the_nearest(tmp_path: Path) -> None:
    told = run("serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", home=tmp_path, CARDEA_DATADIR="x")
    assert told.returncode != 0 and "CARDEA_DATADIR" in told.stderr and "CARDEA_DATA_DIR" in told.stderr


def test_an_unknown_setting_in_the_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "cardea.toml").write_text('acount_id = "1"\n')
    told = run("config", home=tmp_path)
    assert told.returncode != 0 and "acount_id" in told.stderr and "account_id" in told.stderr.replace("acount_id", "")


def test_an_unknown_flag_names_the_nearest(tmp_path: Path) -> None:
    told = run("serve", "--data-dri", "x", home=tmp_path)
    assert told.returncode != 0 and "--data-dir" in told.stderr


def test_a_flag_beats_the_environment_and_that_the_file(start: Callable[..., Cardea], tmp_path: Path) -> None:
    (tmp_path / "cardea.toml").write_text('region = "eu-west-1"\naccount_id = "222222222222"\n')
    told = run("config", home=tmp_path, CARDEA_REGION="eu-west-2").stdout
    assert "eu-west-2" in told and "222222222222" in told and "eu-west-1" not in told


@pytest.mark.parametrize(("flag", "value"), [("--store", "postgres://localhost/x"), ("--tally", "redis://localhost"), ("--store", "nonsense")])
def test_a_store_that_does_not_work_yet_is_refused(tmp_path: Path, flag: str, value: str) -> None:
    told = run("serve", "--data-dir", str(tmp_path / "d"), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", flag, value, home=tmp_path)
    assert told.returncode != 0 and ("sqlite" in told.stderr.lower() or "local" in told.stderr.lower())


def test_a_bad_address_is_refused_in_words(tmp_path: Path) -> None:
    told = run("serve", "--data-dir", str(tmp_path / "d"), "--listen", "nonsense", home=tmp_path)
    assert told.returncode != 0 and "nonsense" in told.stderr and "panicked" not in told.stderr


def test_a_data_directory_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    told = run("serve", "--data-dir", str(tmp_path / "file"), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", home=tmp_path)
    assert told.returncode != 0 and "file" in told.stderr and "panicked" not in told.stderr


def test_the_region_and_the_account_are_settings(start: Callable[..., Cardea]) -> None:
    cardea = start(account="111111111111", CARDEA_REGION="eu-central-1")
    assert cardea.exports().get("AWS_REGION", cardea.exports().get("AWS_DEFAULT_REGION")) == "eu-central-1"


# ── verbs ──


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(tmp_path: Path, shell: str) -> None:
    told = run("completion", shell, home=tmp_path)
    assert told.returncode == 0 and "cardea" in told.stdout and "serve" in told.stdout
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=told.stdout, text=True, check=False).returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["--version"]])
def test_help_is_told(tmp_path: Path, arguments: list[str]) -> None:
    told = run(*arguments, home=tmp_path)
    assert told.returncode == 0 and "cardea" in told.stdout


def test_an_unknown_verb_is_refused(tmp_path: Path) -> None:
    assert run("serv", home=tmp_path).returncode != 0


def test_import_makes_an_api_from_a_file(cardea: Cardea, tmp_path: Path) -> None:
    mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}
    paths = {"/pets": {"get": {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": mock}}}
    document = tmp_path / "pets.json"
    document.write_text(json.dumps({"openapi": "3.0.1", "info": {"title": "from-file", "version": "1"}, "paths": paths}))
    told = run("import", str(document), home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir))
    assert told.returncode == 0, told.stderr
    pages = cardea.client().get_paginator("get_rest_apis").paginate()
    found = [item["id"] for page in pages for item in page["items"] if item["name"] == "from-file"]
    assert len(found) == 1 and found[0] in told.stdout


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_a_file_that_cannot_be_imported_is_told(cardea: Cardea, tmp_path: Path, content: Any) -> None:
    document = tmp_path / "bad.json"
    if content is not None:
        document.write_text(content)
    told = run("import", str(document), home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir))
    assert told.returncode != 0 and told.stderr and "panicked" not in told.stderr


def test_a_verb_that_needs_a_running_cardea_says_so(tmp_path: Path) -> None:
    told = run("explain", "5b9f6a1e-9d6f-4d8e-8f9a-0d2b6d1f7a11", home=tmp_path, CARDEA_DATA_DIR=str(tmp_path / "none"))
    assert told.returncode != 0 and told.stderr and "panicked" not in told.stderr


# ── serve --proxy ──


def test_a_proxy_answers_every_host_without_a_stage(start: Callable[..., Cardea], backend: Backend) -> None:
    cardea = start("--proxy", f"/={backend.url}")
    for host in ("localhost", "example.com:8080", "127.0.0.1"):
        answer = wire.exchange(cardea.data, "GET", "/a/b?c=d", {"Host": host})
        assert answer.status == 200 and backend.last.target == "/a/b?c=d"
    body = wire.exchange(cardea.data, "POST", "/mirror", {"Content-Type": "text/plain"}, "hello")
    assert body.text == "hello"
    assert wire.exchange(cardea.data, "GET", "/").status == 200


def test_a_proxy_is_no_api_of_anybody(start: Callable[..., Cardea], backend: Backend) -> None:
    cardea = start("--proxy", f"/={backend.url}")
    assert cardea.client().get_rest_apis()["items"] == []
    api = Api(cardea).mock("/pets", body='"stored"')
    api.deploy()
    assert api.call("/pets").text == '"stored"'
    assert cardea.call(api.id, "/nosuch/pets").status == 403


def test_the_longest_prefix_of_proxies_wins(start: Callable[..., Cardea], backend: Backend) -> None:
    with Backend() as other:
        cardea = start("--proxy", f"/={backend.url}", "--proxy", f"/v2={other.url}")
        assert wire.exchange(cardea.data, "GET", "/v2/x").status == 200
        assert wire.exchange(cardea.data, "GET", "/v1/x").status == 200
        assert len(other.seen) == 1 and backend.last.target == "/v1/x"


@pytest.mark.parametrize("proxy", ["nonsense", "/=ftp://x", "/=", "=http://127.0.0.1:1", "/a b=http://127.0.0.1:1"])
def test_a_proxy_that_is_none_is_refused(start: Callable[..., Cardea], proxy: str) -> None:
    with pytest.raises(NotStarted):
        start("--proxy", proxy)


def test_aws_clients_find_it_through_the_environment_alone(start: Callable[..., Cardea]) -> None:
    cardea = start()
    script = "import boto3; print(boto3.client('apigateway').get_rest_apis()['items'])"
    done = subprocess.run(
        [sys.executable, "-c", script], env=clean_env(cardea.home, **cardea.exports()), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and done.stdout.strip() == "[]", done.stderr


def test_the_client_side_checks_of_boto3_find_nothing_to_say(cardea: Cardea) -> None:
    gw = cardea.client(check=True)
    api = gw.create_rest_api(name="checked")["id"]
    assert status(gw.delete_rest_api(restApiId=api)) == 202
