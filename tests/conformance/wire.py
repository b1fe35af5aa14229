"""HTTP/1.1 as bytes: requests written as they are told, answers read with every header line kept in order."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from typing import Any, Iterable, Optional, Union

Headers = list[tuple[str, str]]
WAIT_SECONDS = 20.0
HEAD_BYTES_MAX = 256 * 1024


class Broken(Exception):
    """The peer sent no HTTP, or stopped in the middle of it."""


@dataclass
class Answer:
    """One HTTP answer. `body` has no framing left; `interim` lists the 1xx statuses that came before it."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    interim: list[int] = field(default_factory=list)
    complete: bool = True

    def header(self, name: str) -> Optional[str]:
        """The last value of a header, whatever its case."""
        values = self.values(name)
        return values[-1] if values else None

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def names(self) -> list[str]:
        return [key for key, _ in self.headers]

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> Optional[str]:
        """`message` of a JSON error body."""
        return self.json().get("message")

    @property
    def error_type(self) -> Optional[str]:
        return self.header("x-amzn-ErrorType")


class Connection:
    """A TCP connection that speaks as much or as little HTTP as a test wants."""

    def __init__(self, address: tuple[str, int], wait_seconds: float = WAIT_SECONDS):
        self.socket = socket.create_connection(address, timeout=wait_seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _more(self) -> bool:
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if len(self.buffer) > HEAD_BYTES_MAX:
                raise Broken("a head without end")
            if not self._more():
                raise Broken(f"closed inside a head: {self.buffer[:200]!r}")
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _exactly(self, size: int) -> tuple[bytes, bool]:
        chunks, have = [self.buffer], len(self.buffer)
        self.buffer = b""
        while have < size:
            try:
                data = self.socket.recv(min(1 << 20, max(size - have, 1)))
            except ConnectionResetError:
                data = b""
            if not data:
                return b"".join(chunks), False
            chunks.append(data)
            have += len(data)
        whole = b"".join(chunks)
        self.buffer = whole[size:]
        return whole[:size], True

    def _chunked(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        while True:
            try:
                size = int(self._until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    while self._until(b"\r\n"):
                        pass
                    return b"".join(parts), True
            except Broken:
                return b"".join(parts), False
            part, whole = self._exactly(size + 2)
            parts.append(part[:size])
            if not whole:
                return b"".join(parts), False

    def read(self, method: str = "GET") -> Answer:
        """The next answer. `complete` tells whether the body came to the end that its framing promised."""
        interim: list[int] = []
        while True:
            lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, _, rest = lines[0].partition(" ")
            if not version.startswith("HTTP/1."):
                raise Broken(f"no HTTP: {lines[0]!r}")
            code, _, reason = rest.partition(" ")
            headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
            if int(code) >= 200 or int(code) == 101:
                break
            interim.append(int(code))
        answer = Answer(int(code), reason, headers, interim=interim)
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if "chunked" in (answer.header("Transfer-Encoding") or "").lower():
            answer.body, answer.complete = self._chunked()
        elif answer.header("Content-Length") is not None:
            answer.body, answer.complete = self._exactly(int(answer.header("Content-Length") or 0))
        else:
            while self._more():
                pass
            answer.body, self.buffer = self.buffer, b""
        return answer

    def ended(self) -> bool:
        """Waits for the peer to close; true when it did and sent nothing more."""
        try:
            return not self.buffer and not self._more()
        except (socket.timeout, TimeoutError):
            return False


def head(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunks(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def exchange(
    address: tuple[str, int],
    method: str,
    target: str,
    headers: Union[Headers, dict[str, str], None] = None,
    body: Union[bytes, str, None] = None,
    chunk_bytes: int = 0,
    wait_seconds: float = WAIT_SECONDS,
) -> Answer:
    """One request on a connection of its own. `chunk_bytes` sends the body chunked, in pieces of that size."""
    lines = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    names = {name.lower() for name, _ in lines}
    data = body.encode() if isinstance(body, str) else body
    if "host" not in names:
        lines.insert(0, ("Host", f"{address[0]}:{address[1]}"))
    if data is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(("Transfer-Encoding", "chunked") if chunk_bytes else ("Content-Length", str(len(data))))
    with Connection(address, wait_seconds) as connection:
        payload = b"" if data is None else (chunks(data, chunk_bytes) if chunk_bytes else data)
        try:
            connection.send(head(method, target, lines) + payload)
        except (BrokenPipeError, ConnectionResetError):
            pass  # An answer may have come before the request had gone.
        return connection.read(method)
