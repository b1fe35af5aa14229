#!/usr/bin/env python3
"""Instructions of one proxied request, and of each step of its way, counted by callgrind and held to ceilings.

Run with the Python of ./test (`.venv/bin/python`), and with CARDEA_BIN or a release build."""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "conformance"))

import program  # noqa: E402

CEILINGS = HERE / "instructions.json"
ROUTES, KEYS, CONNECTIONS = 100, 1000, 16
FEW, MANY = 3 * KEYS, 9 * KEYS
STAGE = "prod"
TOLERANCE = 0.03
START_SECONDS = 120
STEPS = {
    "a request's head is read": r"^h1::request::RequestHead::parse_further$",
    "its API and stage are found": r"^cardea::runtime::locate$",
    "its ids are made": r"^base::gate::exchange::Exchange::arrive$",
    "its route is found": r"^cardea::runtime::rest::route$",
    "its key and plan are found": r"^cardea::runtime::rest::identify$",
    "its throttles are asked": r"^cardea::runtime::rest::throttle$",
    "the request to the back end is written": r"HttpIntegration::prepare$",
    "the answer's head is read": r"^h1::response::ResponseHead::parse$",
    "it is counted, logged and remembered": r"^cardea::runtime::Desk::record$",
}
WHOLE = "the whole request"
# What is no request's: starting, reading the store, making entropy.
NOT_OURS = re.compile(r"jent_|xoshiro|rol64|sqlite|rotl")


def back_end() -> int:
    """A back end with one short answer, on a free port, until the process ends."""
    body = b'{"message":"' + b"x" * 86 + b'"}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    class Answers(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.came = transport, b""

        def data_received(self, data: bytes) -> None:
            self.came += data
            while (end := self.came.find(b"\r\n\r\n")) >= 0:
                self.came = self.came[end + 4 :]
                self.transport.write(answer)

    listener = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Answers, sock=listener)
        await server.serve_forever()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    return listener.getsockname()[1]


def key(number: int) -> str:
    return f"key{number:05}-0123456789abcdef0123456789"


def set_up(home: Path, port: int) -> str:
    """An API as a gateway has it. Says its id."""
    paths = {}
    for number in range(ROUTES):
        path = f"/svc{number:03}/items/{{id}}"
        integration = {
            "type": "http_proxy",
            "httpMethod": "GET",
            "uri": f"http://127.0.0.1:{port}{path}",
            "requestParameters": {"integration.request.path.id": "method.request.path.id"},
        }
        parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        get = {"parameters": [parameter], "security": [{"key": []}], "responses": {}, "x-amazon-apigateway-integration": integration}
        paths[path] = {"get": get}
    schemes = {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
    definition = {"openapi": "3.0.1", "info": {"title": "counted", "version": "1"}, "paths": paths, "components": {"securitySchemes": schemes}}
    log = "$context.requestId $context.identity.sourceIp [$context.requestTime] $context.httpMethod $context.resourcePath $context.status"
    with program.Cardea(home, "--account-rate-limit", "0") as cardea:
        client = cardea.client()
        api = client.import_rest_api(body=json.dumps(definition))["id"]
        client.create_deployment(restApiId=api, stageName=STAGE)
        settings = {
            "/*/*/throttling/rateLimit": "1000000",
            "/*/*/throttling/burstLimit": "100000",
            "/accessLogSettings/destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:counted",
            "/accessLogSettings/format": log,
        }
        patches = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
        client.update_stage(restApiId=api, stageName=STAGE, patchOperations=patches)
        throttle = {"rateLimit": 100_000.0, "burstLimit": 10_000}
        plan = client.create_usage_plan(name="counted", apiStages=[{"apiId": api, "stage": STAGE}], throttle=throttle)["id"]
        rows = "".join(f"id{number},{key(number)},{plan}\n" for number in range(KEYS))
        client.import_api_keys(body="Name,Key,UsagePlanIds\n" + rows, format="csv", failOnWarnings=True)
    return api


def ask(api: str, port: int, count: int) -> None:
    """So many requests on a few connections, each of which must be answered with 200."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    for begin in range(0, count, CONNECTIONS):
        for number, connection in enumerate(connections, begin):
            target = f"/{STAGE}/svc{number * 37 % ROUTES:03}/items/{number % 977}"
            fields = f"Host: {api}.execute-api.localhost\r\nUser-Agent: counted/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
            fields += f"X-Api-Key: {key(number * 7919 % KEYS)}\r\nX-Forwarded-Proto: http\r\nCookie: a=b; c=d\r\n"
            connection.sendall(f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode())
        for connection in connections:
            came = b""
            while not came.endswith(b'x"}'):
                piece = connection.recv(65536)
                if not piece:
                    raise SystemExit(f"the program closed a connection after {came!r}")
                came += piece
            if not came.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the program answered {came!r}")


def counted(valgrind: str, home: Path, api: str, requests: int, ask: "Callable[[str, int, int], None]" = ask) -> "tuple[collections.Counter[str], collections.Counter[str]]":
    """Instructions by function, of itself and with what it calls, of a run with so many requests."""
    out = home / f"callgrind.{requests}"
    command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}", program.binary(), "serve", "--data-dir", str(home / "data")]
    command += ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--threads", "1", "--account-rate-limit", "0"]
    errors = (home / "valgrind.err").open("w+")
    process = subprocess.Popen(command, env=program.clean_env(home), cwd=home, stdout=subprocess.PIPE, stderr=errors, text=True)
    ends = threading.Timer(START_SECONDS, process.kill)
    ends.start()
    try:
        assert process.stdout is not None
        found = next((match for line in process.stdout if (match := program.LISTENING.match(line))), None)
        if found is None:
            errors.seek(0)
            raise SystemExit(f"the program did not start under valgrind:\n{errors.read()}")
        ask(api, int(found[2]), requests)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        ends.cancel()
    return read(out)


def read(file: Path) -> "tuple[collections.Counter[str], collections.Counter[str]]":
    names: dict[str, str] = {}
    own: collections.Counter[str] = collections.Counter()
    whole: collections.Counter[str] = collections.Counter()
    function = called = ""
    after_call = False
    for line in file.read_text().splitlines():
        if match := re.match(r"^(c?fn)=\((\d+)\)(?: (.*))?$", line):
            kind, number, name = match.groups()
            if name:
                names[number] = name
            if kind == "fn":
                function = names[number]
            else:
                called = names[number]
        elif line.startswith("calls="):
            after_call = True
        elif line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            words = line.split()
            if len(words) < 2:
                continue
            cost = int(words[1])
            if after_call:
                after_call = False
                if called != function:
                    whole[function] += cost
            else:
                own[function] += cost
                whole[function] += cost
    return own, whole


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--set", action="store_true", help="write what is counted as the new ceilings")
    wanted = options.parse_args()
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        print("valgrind is missing (Debian: apt-get install valgrind)", file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        api = set_up(home, back_end())
        (few_own, few), (many_own, many) = (counted(valgrind, home, api, requests) for requests in (FEW, MANY))
    more = MANY - FEW
    told = {}
    ours = sum(cost - few_own[name] for name, cost in many_own.items() if not NOT_OURS.search(name))
    told[WHOLE] = round(ours / more)
    for step, pattern in STEPS.items():
        found = [name for name in many if re.search(pattern, name)]
        told[step] = round(sum(many[name] - few[name] for name in found) / more) if found else 0
    ceilings = {} if wanted.set or not CEILINGS.exists() else json.loads(CEILINGS.read_text())
    bad = 0
    for step, instructions in told.items():
        ceiling = ceilings.get(step, instructions)
        over = instructions == 0 or instructions > ceiling * (1 + TOLERANCE)
        bad += over
        verdict = "over its ceiling" if over else "well under it: lower the ceiling" if instructions < ceiling * 0.9 else ""
        print(f"{instructions:>8}  of {ceiling:>6}  {step}  {verdict}".rstrip())
    print(f"instructions for one request, in {time.monotonic() - began:.0f} s")
    if wanted.set:
        CEILINGS.write_text(json.dumps(told, indent=2) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
