"""The Lambda API with boto3: functions, versions, aliases, permissions, invocation by real runtime clients."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any, Callable

import pytest

import clients
from bench import fresh, members, refusal, status
from functions import ECHO, ROLE, SETTINGS, Functions, archive
from program import Cardea, eventually, run


def test_a_function_is_made_looked_at_changed_and_deleted(fn: Functions) -> None:
    name, code = fresh("function"), archive({"index.py": ECHO})
    made = fn.api.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": code},
        Description="first",
        Environment={"Variables": {"ONE": "1"}},
        Tags={"team": "pets"},
    )
    assert status(made) == 201
    sha256 = base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert (made["FunctionArn"], made["CodeSha256"], made["CodeSize"]) == (fn.arn(name), sha256, len(code))
    assert (made["Timeout"], made["MemorySize"], made["Version"], made["State"]) == (3, 128, "$LATEST", "Active")
    assert (made["Environment"], made["EphemeralStorage"]) == ({"Variables": {"ONE": "1"}}, {"Size": 512})
    again = refusal(fn.api.create_function, FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="a.b", Code={"ZipFile": code})
    assert again == (409, "ResourceConflictException", f"Function already exist: {name}")
    got = fn.api.get_function(FunctionName=fn.arn(name))
    assert (got["Configuration"]["FunctionName"], got["Tags"], got["Code"]["RepositoryType"]) == (name, {"team": "pets"}, "S3")
    fn.api.get_waiter("function_active_v2").wait(FunctionName=name)
    changed = fn.api.update_function_configuration(FunctionName=name, Timeout=9, Environment={"Variables": {"TWO": "2"}})
    assert (changed["Timeout"], changed["Environment"], changed["Description"]) == (9, {"Variables": {"TWO": "2"}}, "first")
    assert changed["RevisionId"] != made["RevisionId"]
    fn.api.get_waiter("function_updated_v2").wait(FunctionName=name)
    stale = refusal(fn.api.update_function_configuration, FunctionName=name, Timeout=1, RevisionId=made["RevisionId"])
    assert stale[:2] == (412, "PreconditionFailedException")
    assert members(fn.api.get_function_configuration(FunctionName=name))["Timeout"] == 9
    listed = [one["FunctionName"] for page in fn.api.get_paginator("list_functions").paginate() for one in page["Functions"]]
    assert name in listed
    assert status(fn.api.delete_function(FunctionName=name)) == 204
    assert refusal(fn.api.get_function, FunctionName=name) == (404, "ResourceNotFoundException", f"Function not found: {fn.arn(name)}")


@pytest.mark.parametrize(
    "wrong, code, words",
    [
        ({"Handler": ""}, "InvalidParameterValueException", "Handler is mandatory"),
        ({"Runtime": "cobol"}, "InvalidParameterValueException", "enum value set"),
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"MemorySize": 1}, "ValidationException", "greater than or equal to 128"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "reserved keys"),
        ({"Environment": {"Variables": {"LONG": "x" * 5000}}}, "InvalidParameterValueException", "4KB limit"),
        ({"Environment": {"Variables": {"A": "too short a name"}}}, "ValidationException", "[a-zA-Z]([a-zA-Z0-9_])+"),
        ({"Code": {"ZipFile": b"no archive"}}, "InvalidParameterValueException", "Could not unzip uploaded file"),
        ({"Code": {"S3Bucket": "b", "S3Key": "k"}}, "InvalidParameterValueException", "S3"),
        ({"FunctionName": "no name"}, "ValidationException", "regular expression"),
        ({"PackageType": "Image"}, "InvalidParameterValueException", "images"),
    ],
)
def test_what_makes_no_function_is_refused(fn: Functions, wrong: dict[str, Any], code: str, words: str) -> None:
    right = {"FunctionName": fresh("function"), "Runtime": "python3.12", "Role": ROLE, "Handler": "a.b", "Code": {"ZipFile": archive({"a.py": ""})}}
    told = refusal(fn.api.create_function, **{**right, **wrong})
    assert told[:2] == (400, code) and words in told[2], told


def hostile(name: str, mode: int = 0o100644, text: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        about = zipfile.ZipInfo(name)
        about.external_attr = mode << 16
        made.writestr(about, text)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(4):
            made.writestr(f"{number}", bytes(80 * 1024 * 1024))
    return out.getvalue()


@pytest.mark.parametrize("code", [hostile("../evil"), hostile("/evil"), hostile("link", stat.S_IFLNK | 0o777, b"/etc/passwd"), bomb()], ids=["out", "absolute", "link", "bomb"])
def test_an_archive_that_means_harm_is_refused(fn: Functions, code: bytes) -> None:
    told = refusal(fn.api.create_function, FunctionName=fresh("function"), Runtime="python3.12", Role=ROLE, Handler="a.b", Code={"ZipFile": code})
    assert told[:2] == (400, "InvalidParameterValueException"), told


def test_a_large_archive_of_real_compression_is_taken_apart(fn: Functions) -> None:
    noise = os.urandom(6 * 1024 * 1024)
    files = {"index.py": "import hashlib\ndef handler(e, c):\n    return hashlib.sha256(open('data', 'rb').read()).hexdigest()\n"}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("index.py", files["index.py"])
        data = noise + bytes(9 * 1024 * 1024) + b"".join(str(n).encode() for n in range(500_000))
        made.writestr("data", data)
    name = fn.make(Code={"ZipFile": out.getvalue()})
    assert fn.invoke(name) == hashlib.sha256(data).hexdigest()


# The official Python client, awslambdaric.
def test_a_python_function_answers_and_its_context_is_whole(fn: Functions) -> None:
    name = fn.make(
        """
        import os
        print("imported")
        def handler(event, context):
            print("called with", event)
            return {
                "event": event, "name": context.function_name, "version": context.function_version, "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis(), "group": context.log_group_name,
                "custom": context.client_context and context.client_context.custom, "a": os.environ["ACCENT"], "region": os.environ["AWS_REGION"],
                "inherited": [name for name in os.environ if name.startswith("CARDEA_")],
            }
        """,
        Environment={"Variables": {"ACCENT": "é"}},
        Timeout=7,
    )
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    answer = fn.api.invoke(FunctionName=name, Payload=b'{"x": [1, null]}', LogType="Tail", ClientContext=context)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    told = json.loads(answer["Payload"].read())
    assert 0 < told.pop("left") <= 7000
    assert told == {
        "event": {"x": [1, None]},
        "name": name,
        "version": "$LATEST",
        "arn": fn.arn(name),
        "memory": "128",
        "group": f"/aws/lambda/{name}",
        "custom": {"k": "v"},
        "a": "é",
        "region": "us-east-1",
        "inherited": [],
    }
    log = base64.b64decode(answer["LogResult"]).decode()
    assert log.startswith("START RequestId: ") and "called with {'x': [1, None]}\n" in log and "\nREPORT RequestId: " in log
    assert "imported" in fn.log(name)


def test_what_goes_wrong_in_a_function_is_told_as_on_aws(fn: Functions) -> None:
    name = fn.make(
        """
        import os, time
        def handler(event, context):
            if event == "raise":
                raise ValueError("no good")
            if event == "exit":
                os._exit(3)
            if event == "sleep":
                time.sleep(60)
            if event == "large":
                return "x" * 6291600
            return os.getpid()
        """,
        Timeout=2,
    )
    pid = fn.invoke(name)
    told = fn.error(name, "raise")
    assert (told["errorType"], told["errorMessage"], len(told["requestId"])) == ("ValueError", "no good", 36)
    assert "index.py" in told["stackTrace"][0]
    assert fn.invoke(name) == pid, "an error of the function's own needs no new process"
    assert fn.error(name, "exit")["errorType"] == "Runtime.ExitError"
    told = fn.error(name, "sleep")
    assert told["errorType"] == "Sandbox.Timedout" and told["errorMessage"].endswith("Error: Task timed out after 2.00 seconds")
    assert fn.error(name, "large")["errorType"] == "Function.ResponseSizeTooLarge"
    assert fn.invoke(name) != pid


def test_a_function_that_cannot_be_imported_says_so(fn: Functions) -> None:
    assert fn.error(fn.make("import nothing_like_it\n"))["errorType"] == "Runtime.ImportModuleError"
    assert fn.error(fn.make("x = (\n"))["errorType"] == "Runtime.UserCodeSyntaxError"
    assert fn.error(fn.make(ECHO, Handler="index.missing"))["errorType"] == "Runtime.HandlerNotFound"
    assert fn.error(fn.make(Runtime="provided.al2023"))["errorType"] == "Runtime.InvalidEntrypoint"


def test_a_function_may_be_any_program(fn: Functions) -> None:
    """`provided`: here a shell that speaks the Runtime API by curl."""
    bootstrap = """#!/bin/sh
    api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
    while true; do
      event=$(curl -sS -D "$TMPDIR/head" "$api/next")
      id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^\\r]*\\).*/\\1/Ip' "$TMPDIR/head" | tr -d '\\r')
      curl -sS -X POST "$api/$id/response" -d "{\\"got\\": $event, \\"by\\": \\"$_HANDLER\\"}" >/dev/null
    done
    """
    name = fn.make(Code={"ZipFile": archive({"bootstrap": bootstrap})}, Runtime="provided.al2023", Handler="me")
    assert [fn.invoke(name, number) for number in (1, 2)] == [{"got": 1, "by": "me"}, {"got": 2, "by": "me"}]


def test_a_node_function_answers(start: Callable[..., Cardea]) -> None:
    """The official Node client, aws-lambda-ric."""
    fn = Functions(start(**clients.settings()))
    text = "exports.handler = async (event, context) => { if (event.fail) throw new TypeError('told'); return {event, name: context.functionName}; };"
    name = fn.make(Code={"ZipFile": archive({"index.js": text})}, Runtime="nodejs20.x")
    assert fn.invoke(name, {"a": 1}) == {"event": {"a": 1}, "name": name}
    told = fn.error(name, {"fail": True})
    assert (told["errorType"], told["errorMessage"]) == ("TypeError", "told")


def test_a_rust_function_answers(fn: Functions) -> None:
    """The official Rust client, lambda_runtime: tests/functions/rust."""
    name = fn.make(Code={"ZipFile": clients.rust()}, Runtime="provided.al2023")
    told = fn.invoke(name, {"a": 1})
    assert (told["event"], told["arn"]) == ({"a": 1}, fn.arn(name))
    assert fn.error(name, "fail")["errorMessage"] == "told"


def test_a_folder_of_this_machine_can_be_code(fn: Functions, tmp_path: Path, start: Callable[..., Cardea]) -> None:
    (tmp_path / "index.py").write_text(ECHO)
    name = fn.make(Code={"S3Bucket": "local-folder", "S3Key": str(tmp_path)})
    assert fn.invoke(name, "hi") == "hi"
    (tmp_path / "index.py").write_text("def handler(e, c):\n    return 'changed'\n")
    fn.api.update_function_code(FunctionName=name, S3Bucket="local-folder", S3Key=str(tmp_path))
    assert fn.invoke(name, "hi") == "changed"
    strict = Functions(start(CARDEA_PROFILE="aws-strict", **SETTINGS))
    code = {"S3Bucket": "local-folder", "S3Key": str(tmp_path)}
    assert refusal(strict.api.create_function, FunctionName="a", Runtime="python3.12", Role=ROLE, Handler="a.b", Code=code)[:2] == (400, "InvalidParameterValueException")


def test_new_code_and_new_variables_are_met_by_the_next_invocation(fn: Functions) -> None:
    name = fn.make("import os\ndef handler(e, c):\n    return ['one', os.environ.get('VALUE')]\n")
    assert fn.invoke(name) == ["one", None]
    fn.api.update_function_code(FunctionName=name, ZipFile=archive({"index.py": "import os\ndef handler(e, c):\n    return ['two', os.environ.get('VALUE')]\n"}))
    assert fn.invoke(name) == ["two", None]
    fn.api.update_function_configuration(FunctionName=name, Environment={"Variables": {"VALUE": "x"}})
    assert fn.invoke(name) == ["two", "x"]


def test_versions_stay_as_they_were_and_aliases_move(fn: Functions) -> None:
    def code(word: str) -> bytes:
        return archive({"index.py": f"def handler(e, c):\n    return ['{word}', c.function_version, c.invoked_function_arn.split(':')[-1]]\n"})

    name = fn.make(Code={"ZipFile": code("one")})
    first = fn.api.publish_version(FunctionName=name, Description="d")
    assert (status(first), first["Version"], first["FunctionArn"], first["Description"]) == (201, "1", f"{fn.arn(name)}:1", "d")
    assert fn.api.publish_version(FunctionName=name)["Version"] == "1", "nothing has changed"
    fn.api.update_function_code(FunctionName=name, ZipFile=code("two"), Publish=True)
    assert [one["Version"] for one in fn.api.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST", "1", "2"]
    alias = fn.api.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert (alias["AliasArn"], alias["FunctionVersion"], alias["Description"]) == (f"{fn.arn(name)}:live", "1", "")
    assert fn.invoke(name, Qualifier="1") == ["one", "1", "1"]
    assert fn.invoke(f"{name}:live") == ["one", "1", "live"]
    assert fn.invoke(name) == ["two", "$LATEST", name]
    assert refusal(fn.api.delete_function, FunctionName=name, Qualifier="1")[1] == "ResourceConflictException"
    moved = fn.api.update_alias(FunctionName=name, Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {"1": 1.0}})
    assert moved["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 1.0}}
    assert fn.invoke(name, Qualifier="live")[0] == "one"
    fn.api.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert fn.invoke(name, Qualifier="live")[0] == "two"
    assert fn.api.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "2"
    assert [one["Name"] for one in fn.api.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    assert fn.api.get_function_configuration(FunctionName=name, Qualifier="live")["FunctionArn"] == f"{fn.arn(name)}:live"
    assert refusal(fn.api.create_alias, FunctionName=name, Name="live", FunctionVersion="1")[1] == "ResourceConflictException"
    assert refusal(fn.api.create_alias, FunctionName=name, Name="x", FunctionVersion="9")[:2] == (404, "ResourceNotFoundException")
    assert refusal(fn.api.get_alias, FunctionName=name, Name="x") == (404, "ResourceNotFoundException", f"Cannot find alias arn: {fn.arn(name)}:x")
    assert status(fn.api.delete_alias(FunctionName=name, Name="live")) == 204
    assert status(fn.api.delete_function(FunctionName=name, Qualifier="1")) == 204
    assert refusal(fn.api.invoke, FunctionName=name, Qualifier="1")[:2] == (404, "ResourceNotFoundException")


def test_permissions_are_kept_as_a_policy(fn: Functions) -> None:
    name = fn.make()
    assert refusal(fn.api.get_policy, FunctionName=name) == (404, "ResourceNotFoundException", "The resource you requested does not exist.")
    asked = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": "arn:aws:execute-api:us-east-1:000000000000:a/*"}
    made = fn.api.add_permission(FunctionName=name, **asked)
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": fn.arn(name),
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:000000000000:a/*"}},
    }
    assert (status(made), json.loads(made["Statement"])) == (201, statement)
    text = "The statement id (s) provided already exists. Please provide a new statement id, or remove the existing statement."
    assert refusal(fn.api.add_permission, FunctionName=name, **asked) == (409, "ResourceConflictException", text)
    assert json.loads(fn.api.get_policy(FunctionName=name)["Policy"]) == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    assert status(fn.api.remove_permission(FunctionName=name, StatementId="s")) == 204
    assert refusal(fn.api.remove_permission, FunctionName=name, StatementId="s")[:2] == (404, "ResourceNotFoundException")


def test_concurrency_and_tags_are_kept(fn: Functions) -> None:
    name = fn.make("import time\ndef handler(e, c):\n    time.sleep(e or 0)\n    return e\n")
    assert "ReservedConcurrentExecutions" not in fn.api.get_function_concurrency(FunctionName=name)
    assert fn.api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)["ReservedConcurrentExecutions"] == 0
    assert refusal(fn.api.invoke, FunctionName=name) == (429, "TooManyRequestsException", "Rate Exceeded.")
    assert fn.api.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    assert status(fn.api.delete_function_concurrency(FunctionName=name)) == 204
    assert fn.invoke(name) is None
    fn.api.tag_resource(Resource=fn.arn(name), Tags={"a": "1", "b": "2"})
    fn.api.untag_resource(Resource=fn.arn(name), TagKeys=["a"])
    assert fn.api.list_tags(Resource=fn.arn(name))["Tags"] == {"b": "2"}


def test_an_event_is_taken_and_done_later(fn: Functions, tmp_path: Path) -> None:
    name = fn.make("def handler(event, context):\n    open(event, 'w').write('done')\n")
    answer = fn.api.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(str(tmp_path / "mark")).encode())
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert eventually(lambda: (tmp_path / "mark").exists() and (tmp_path / "mark").read_text() == "done")
    dry = fn.api.invoke(FunctionName=name, InvocationType="DryRun")
    assert (dry["StatusCode"], dry["Payload"].read()) == (204, b"")


def test_an_invocation_that_cannot_be_is_refused(fn: Functions) -> None:
    name = fn.make()
    assert refusal(fn.api.invoke, FunctionName=name, Payload=b"{no json")[:2] == (400, "InvalidRequestContentException")
    assert refusal(fn.api.invoke, FunctionName="nowhere")[:2] == (404, "ResourceNotFoundException")
    assert refusal(fn.api.invoke, FunctionName=name, Qualifier="9")[:2] == (404, "ResourceNotFoundException")
    assert refusal(fn.api.invoke, FunctionName=name, Payload=b'"' + b"x" * 6_291_456 + b'"')[:2] == (413, "RequestTooLargeException")
    assert refusal(fn.api.invoke, FunctionName=name, ClientContext="e")[1] == "InvalidRequestContentException"
    assert refusal(fn.api.invoke, FunctionName=f"{name}:1", Qualifier="2")[1] == "InvalidParameterValueException"


def test_functions_are_there_after_a_restart_and_nothing_is_left_running(start: Callable[..., Cardea]) -> None:
    cardea = start(**SETTINGS)
    fn = Functions(cardea)
    name = fn.make("import os\ndef handler(e, c):\n    return [os.getpid(), os.environ['SECRET']]\n", Environment={"Variables": {"SECRET": "secret"}})
    pid, secret = fn.invoke(name)
    run_dir = Path((cardea.data_dir / "functions.run").read_text())
    assert run_dir.exists() and secret == "secret"
    assert cardea.stop() == 0
    assert not Path(f"/proc/{pid}").exists() and not run_dir.exists()
    database = b"".join(path.read_bytes() for path in cardea.data_dir.iterdir() if path.is_file())
    assert b'"SECRET":"secret"' not in database, "variables are sealed"
    cardea.start()
    assert Functions(cardea).invoke(name)[1] == "secret"


def test_nothing_outlives_a_program_that_is_killed(start: Callable[..., Cardea], tmp_path: Path) -> None:
    """Not a function that spins, and not the child that it has made."""
    cardea = start(**SETTINGS)
    fn = Functions(cardea)
    name = fn.make(
        """
        import os, subprocess
        def handler(event, context):
            child = subprocess.Popen(["sleep", "600"])
            with open(event + ".new", "w") as told:
                told.write(f"{os.getpid()} {child.pid}")
            os.rename(event + ".new", event)
            while True:
                pass
        """,
        Timeout=900,
    )
    mark = tmp_path / "mark"
    fn.api.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(str(mark)).encode())
    assert eventually(mark.exists)
    pids, run_dir = mark.read_text().split(), Path((cardea.data_dir / "functions.run").read_text())
    assert all(Path(f"/proc/{pid}").exists() for pid in pids) and run_dir.exists()
    cardea.kill()
    assert eventually(lambda: not any(runs(pid) for pid in pids))
    assert eventually(lambda: not run_dir.exists())


def runs(pid: str) -> bool:
    """Whether there is such a process, and not only what nobody has buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_who_may_not_call_may_not_invoke(fn: Functions, cardea: Cardea) -> None:
    name = fn.make()
    answer = cardea.signed("POST", f"/2015-03-31/functions/{name}/invocations", b"{}", service="lambda", key="AKIAWRONGWRONGWRONGW")
    assert answer.status == 403
    answer = cardea.signed("POST", f"/2015-03-31/functions/{name}/invocations", b"{}", service="s3")
    assert answer.status == 403


def test_logs_are_printed_by_the_program(fn: Functions, cardea: Cardea) -> None:
    name = fn.make("def handler(e, c):\n    print('a line of mine')\n")
    fn.invoke(name)
    told = run("logs", name, home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir))
    assert told.returncode == 0 and " a line of mine\n" in told.stdout, told
    assert run("logs", "nowhere", home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir)).returncode == 1


def test_functions_run_as_nobody_where_we_are_root(start: Callable[..., Cardea]) -> None:
    """A program of the system's own, since nobody gets to the Python of these tests."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    fn = Functions(start())
    bootstrap = """#!/bin/sh
    api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
    while true; do
      curl -sS -D "$TMPDIR/head" "$api/next" >/dev/null
      id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^\\r]*\\).*/\\1/Ip' "$TMPDIR/head" | tr -d '\\r')
      curl -sS -X POST "$api/$id/response" -d "[\\"$(id -u)\\", \\"$(id -G)\\", \\"$(touch $LAMBDA_TASK_ROOT/x 2>&1 | wc -l)\\"]" >/dev/null
    done
    """
    name = fn.make(Code={"ZipFile": archive({"bootstrap": bootstrap})}, Runtime="provided.al2023")
    user, groups, cannot_write = fn.invoke(name)
    assert (user, groups) == ("65534", "65534") and cannot_write == "1"


def test_the_command_line_of_aws_works_unchanged(cardea: Cardea, tmp_path: Path) -> None:
    aws = Path(SETTINGS["CARDEA_FUNCTION_PYTHON"]).with_name("aws")
    if not aws.exists():
        pytest.skip("the aws CLI is not installed")
    (tmp_path / "code.zip").write_bytes(archive({"index.py": ECHO}))
    name = fresh("function")
    env = {**os.environ, **cardea.exports(), "AWS_ENDPOINT_URL": cardea.control_url, "HOME": str(tmp_path)}

    def call(*words: str) -> str:
        done = subprocess.run([str(aws), "lambda", *words], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("create-function", "--function-name", name, "--runtime", "python3.12", "--role", ROLE, "--handler", "index.handler", "--zip-file", "fileb://code.zip")
    told = call("invoke", "--function-name", name, "--payload", '{"a": 1}', "out.json")
    assert json.loads(told)["StatusCode"] == 200 and json.loads((tmp_path / "out.json").read_text()) == {"a": 1}
