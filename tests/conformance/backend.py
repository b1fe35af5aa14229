"""An HTTP back end that writes down what it got and answers as its path says.

    /status/418          that status, body {"status": 418}
    /bytes/N             N bytes with a Content-Length
    /chunked/N           N bytes in chunks
    /until-close/N       N bytes that end with the connection
    /mirror              the request's body and Content-Type
    /early               answers before it has read the body, then reads it
    /hang                does not answer until the other side hangs up or the test is over
    /die                 closes the connection without an answer
    /garbage             something that is no HTTP
    /short               promises 100 bytes, sends 10, closes
    /headers?A=b&C=d     those as response headers
    anything else        the request as JSON: method, target, headers (pairs), bytes, sha256, body (up to 64 KiB)
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import Callable, Optional
from urllib.parse import parse_qsl

BODY_SHOWN_BYTES_MAX = 65536


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    trailers: list[str] = field(default_factory=list)

    def header(self, name: str) -> Optional[str]:
        values = self.values(name)
        return values[-1] if values else None

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def names(self) -> set[str]:
        return {key.lower() for key, _ in self.headers}


def pattern(size: int) -> bytes:
    """`size` bytes that are not all alike, so that a lost or doubled piece shows."""
    block = bytes(range(256)) * 16
    return (b"".join(index.to_bytes(4, "big") + block[4:] for index in range(size // len(block) + 1)))[:size]


def path_of(target: str) -> str:
    """The path of a request target; `//x` is a path here, not a host."""
    return target.partition("?")[0]


def query_of(target: str) -> str:
    return target.partition("?")[2]


class _Peer:
    """One accepted connection."""

    def __init__(self, conn: socket.socket, number: int):
        self.conn, self.number, self.buffer = conn, number, b""
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def until(self, mark: bytes) -> Optional[bytes]:
        while mark not in self.buffer:
            data = self.conn.recv(262144)
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(mark, 1)
        return line

    def exactly(self, size: int) -> bytes:
        parts, have = [self.buffer], len(self.buffer)
        while have < size:
            data = self.conn.recv(1 << 20)
            if not data:
                break
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self.buffer = whole[size:]
        return whole[:size]

    def head(self) -> Optional[tuple[str, str, list[tuple[str, str]]]]:
        raw = self.until(b"\r\n\r\n")
        if raw is None:
            return None
        lines = raw.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        return method, target, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]

    def body(self, headers: list[tuple[str, str]]) -> tuple[bytes, list[str]]:
        fields = {name.lower(): value for name, value in headers}
        if fields.get("expect", "").lower() == "100-continue":
            self.conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in fields.get("transfer-encoding", "").lower():
            parts, trailers = [], []
            while True:
                size = int((self.until(b"\r\n") or b"0").split(b";")[0], 16)
                if size == 0:
                    while line := self.until(b"\r\n"):
                        trailers.append(line.decode("latin-1"))
                    return b"".join(parts), trailers
                parts.append(self.exactly(size + 2)[:size])
        return self.exactly(int(fields.get("content-length", "0") or 0)), []

    def send(self, status: int, headers: list[tuple[str, str]], body: bytes, method: str = "GET", reason: str = "Told So") -> None:
        lines = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in headers]
        if status not in (204, 304) and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        payload = b"" if method == "HEAD" or status in (204, 304) else body
        self.conn.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + payload)


Script = Callable[["_Peer", Seen], bool]


class Backend:
    """The server. `script[path] = f(peer, seen) -> keep` overrides what a path does."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.script: dict[str, Script] = {}
        self.over = threading.Event()
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._socket.getsockname()[1]
        self.authority = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.authority}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Backend":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.over.set()
        self._socket.close()
        with self._lock:
            peers = list(self._open)
        for conn in peers:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def clear(self) -> None:
        self.seen.clear()
        self.script.clear()

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(conn)
            threading.Thread(target=self._serve, args=(_Peer(conn, self.connections),), daemon=True).start()

    def _serve(self, peer: _Peer) -> None:
        try:
            while self._one(peer):
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(peer.conn)
            peer.conn.close()

    def _one(self, peer: _Peer) -> bool:
        parsed = peer.head()
        if parsed is None:
            return False
        method, target, headers = parsed
        path = path_of(target)
        seen = Seen(method, target, headers, b"", peer.number)
        if path == "/early":
            self.seen.append(seen)
            peer.send(200, [("Content-Type", "text/plain")], b"early", method)
            seen.body, seen.trailers = peer.body(headers)
            return False
        if path == "/hang":
            self.seen.append(seen)
            peer.conn.settimeout(0.2)
            while not self.over.is_set():
                try:
                    if not peer.conn.recv(65536):
                        return False
                except socket.timeout:
                    continue
            return False
        seen.body, seen.trailers = peer.body(headers)
        self.seen.append(seen)
        if script := self.script.get(path):
            return script(peer, seen)
        return self._answer(peer, seen, path)

    def _answer(self, peer: _Peer, seen: Seen, path: str) -> bool:
        kind, _, rest = path[1:].partition("/")
        if kind == "status" and rest.isdigit():
            status = int(rest)
            peer.send(status, [("Content-Type", "application/json")], json.dumps({"status": status}).encode(), seen.method)
        elif kind == "bytes":
            peer.send(200, [("Content-Type", "application/octet-stream")], pattern(int(rest)), seen.method)
        elif kind == "chunked":
            data, size = pattern(int(rest)), 8192
            peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(data), size):
                part = data[at : at + size]
                peer.conn.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            peer.conn.sendall(b"0\r\n\r\n")
        elif kind == "until-close":
            peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n" + pattern(int(rest)))
            return False
        elif kind == "mirror":
            peer.send(200, [("Content-Type", seen.header("Content-Type") or "application/octet-stream")], seen.body, seen.method)
        elif kind == "die":
            return False
        elif kind == "garbage":
            peer.conn.sendall(b"this is no HTTP at all\r\n\r\n")
            return False
        elif kind == "short":
            peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n0123456789")
            return False
        elif kind == "headers":
            wanted = parse_qsl(query_of(seen.target), keep_blank_values=True)
            peer.send(200, [("Content-Type", "text/plain"), *wanted], b"ok", seen.method)
        else:
            told = {
                "method": seen.method,
                "target": seen.target,
                "headers": seen.headers,
                "bytes": len(seen.body),
                "sha256": hashlib.sha256(seen.body).hexdigest(),
                "body": seen.body.decode("latin-1") if len(seen.body) <= BODY_SHOWN_BYTES_MAX else None,
            }
            peer.send(200, [("Content-Type", "application/json")], json.dumps(told).encode(), seen.method)
        return (seen.header("Connection") or "").lower() != "close"
