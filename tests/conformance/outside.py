"""What stands around the gateway in a recording: the echoing HTTP server and the functions behind a URL, imitated."""

from __future__ import annotations

import json
from typing import Callable, Optional
from urllib.parse import parse_qsl

from backend import Backend, Seen, _Peer, path_of, query_of

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
SERVER_HEADERS = [
    ("Date", DATE),
    ("Content-Type", "application/json"),
    ("Connection", "keep-alive"),
    ("Server", "gunicorn/19.9.0"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
]
FUNCTION_HEADERS = [
    ("Date", DATE),
    ("Content-Type", "application/json"),
    ("Connection", "keep-alive"),
    ("x-amzn-RequestId", "3f4c2a6e-0c57-4f4e-9d0e-5d3f8f0f6a11"),
    ("X-Amzn-Trace-Id", "Root=1-6741a6c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0"),
]


class Outside(Backend):
    """A back end all of whose paths are answered by one function of the request: (status, headers, body)."""

    def __init__(self, answer: Callable[[Seen, str], tuple[int, list[tuple[str, str]], bytes]]):
        self._told = answer
        super().__init__()

    def _answer(self, peer: _Peer, seen: Seen, path: str) -> bool:
        status, headers, body = self._told(seen, self.authority)
        peer.send(status, headers, body, seen.method)
        return True


def _parts(seen: Seen) -> list[str]:
    """The segments of the path; it is not known whether AWS or the server behind it made one slash of two."""
    return [part for part in path_of(seen.target).split("/") if part]


def _joined(seen: Seen, case: Callable[[str], str]) -> dict[str, str]:
    fields: dict[str, list[str]] = {}
    for name, value in seen.headers:
        fields.setdefault(case(name), []).append(value)
    return {name: ",".join(values) for name, values in fields.items()}


def _arguments(seen: Seen) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_of(seen.target), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in found.items()}


def _json(text: str) -> Optional[object]:
    try:
        return json.loads(text)
    except ValueError:
        return None


def http_server() -> Outside:
    """`<http-server>`: echoes a request as JSON, or answers `/status/N` with N."""

    def answer(seen: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = _parts(seen)
        if parts[:1] == ["status"] and len(parts) == 2 and parts[1].isdigit():
            return int(parts[1]), SERVER_HEADERS, b""
        text = seen.body.decode("utf-8", "replace")
        told = {
            "args": _arguments(seen),
            "data": text,
            "files": {},
            "form": {},
            "headers": _joined(seen, lambda name: "-".join(word.capitalize() for word in name.split("-"))),
            "json": _json(text),
            "method": seen.method,
            "origin": "127.0.0.1",
            "path": "/" + "/".join(parts),
            "url": f"http://{authority}/{'/'.join(parts)}",
        }
        return 200, SERVER_HEADERS, json.dumps(told).encode()

    return Outside(answer)


def function_url(words: str, variables: dict[str, str]) -> Outside:
    """A function behind a URL of its own, from the words that describe it in the recording."""

    def echo(seen: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = _joined(seen, str.lower)
        if variables.get("TRIM_X_HEADERS"):
            headers = {name: value for name, value in headers.items() if not name.startswith(("x-amzn", "x-forwarded-"))}
        told = {
            "args": _arguments(seen),
            "data": seen.body.decode("utf-8", "replace"),
            "domain": authority,
            "headers": headers,
            "method": seen.method,
            "origin": "127.0.0.1",
            "path": "/" + "/".join(_parts(seen)),
        }
        return 200, FUNCTION_HEADERS, json.dumps(told).encode()

    def status(seen: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        last = path_of(seen.target).rpartition("/")[2]
        told = int(last) if last.isdigit() and 200 <= int(last) < 600 else 400
        return told, FUNCTION_HEADERS, json.dumps({"status_code": told, "message": "" if last.isdigit() else "no status"}).encode()

    def body(seen: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        return 200, FUNCTION_HEADERS, seen.body

    return Outside(status if "status code" in words else body if "gives the body" in words else echo)
