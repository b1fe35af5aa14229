#!/usr/bin/env python3
"""Instructions that choosing among three back ends costs a request over one: counted by callgrind, held to a limit.

Run with the Python of ./test (`.venv/bin/python`), and with CARDEA_BIN or a release build."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

import instructions
import program

LIMIT = 150
FEW, MANY = 1_600, 6_400
ARN = f"arn:aws:elasticloadbalancing:{program.REGION}:{program.ACCOUNT}:loadbalancer/net/counted/0f0f"


def set_up(home: Path, ports: list[int]) -> str:
    """One private method in front of these back ends. Says its API's id."""
    (home / "cardea.toml").write_text(
        f'[[upstream]]\nname = "counted"\narns = ["{ARN}"]\ntargets = {json.dumps([f"127.0.0.1:{port}" for port in ports])}\n'
    )
    with program.Cardea(home, "--account-rate-limit", "0") as cardea:
        client = cardea.client()
        link = client.create_vpc_link(name="counted", targetArns=[ARN])["id"]
        api = client.create_rest_api(name="counted")
        at = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
        client.put_method(**at, authorizationType="NONE")
        members = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://counted.internal/x"}
        client.put_integration(**at, **members, connectionType="VPC_LINK", connectionId=link)
        client.create_deployment(restApiId=api["id"], stageName=instructions.STAGE)
    return api["id"]


def ask(api: str, port: int, count: int) -> None:
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(instructions.CONNECTIONS)]
    request = f"GET /{instructions.STAGE} HTTP/1.1\r\nHost: {api}.execute-api.localhost\r\nAccept: */*\r\n\r\n".encode()
    for _ in range(0, count, len(connections)):
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            came = b""
            while not came.endswith(b'x"}'):
                piece = connection.recv(65536)
                if not piece:
                    raise SystemExit(f"the program closed a connection after {came!r}")
                came += piece
            if not came.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the program answered {came!r}")


def each(valgrind: str, targets: int) -> float:
    """Instructions of one request, with so many targets."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        api = set_up(home, [instructions.back_end() for _ in range(targets)])
        few, many = (instructions.counted(valgrind, home, api, requests, ask)[0] for requests in (FEW, MANY))
    ours = sum(cost - few[name] for name, cost in many.items() if not instructions.NOT_OURS.search(name))
    return ours / (MANY - FEW)


def main() -> int:
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        print("valgrind is missing (Debian: apt-get install valgrind)", file=sys.stderr)
        return 2
    began = time.monotonic()
    one, three = each(valgrind, 1), each(valgrind, 3)
    print(f"{one:>8.0f}  a private request with one back end")
    print(f"{three - one:>8.0f}  of {LIMIT:>6}  more with three")
    print(f"instructions for one request, in {time.monotonic() - began:.0f} s")
    return 1 if three - one > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
