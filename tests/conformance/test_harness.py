"""The harness itself: what the back end and the bare client say about each other. Needs no program."""

from __future__ import annotations

import pytest

import wire
from backend import Backend, pattern


@pytest.mark.parametrize("path", ["/bytes/70000", "/chunked/70000", "/until-close/70000"])
def test_a_body_arrives_whole_however_it_is_framed(backend: Backend, path: str) -> None:
    answer = wire.exchange(("127.0.0.1", backend.port), "GET", path)
    assert answer.complete and answer.body == pattern(70000)


def test_a_body_that_ends_too_soon_is_told_as_incomplete(backend: Backend) -> None:
    answer = wire.exchange(("127.0.0.1", backend.port), "GET", "/short")
    assert (answer.complete, answer.body) == (False, b"0123456789")


def test_garbage_is_no_answer(backend: Backend) -> None:
    with pytest.raises(wire.Broken):
        wire.exchange(("127.0.0.1", backend.port), "GET", "/garbage")


def test_the_back_end_keeps_header_lines_as_they_came(backend: Backend) -> None:
    wire.exchange(("127.0.0.1", backend.port), "POST", "/x?a=1", [("X-A", "1"), ("x-a", "2")], b"hello", chunk_bytes=2)
    assert backend.last.values("X-A") == ["1", "2"]
    assert (backend.last.method, backend.last.target, backend.last.body) == ("POST", "/x?a=1", b"hello")


def test_head_and_204_have_no_body(backend: Backend) -> None:
    with wire.Connection(("127.0.0.1", backend.port)) as connection:
        for method, path in (("HEAD", "/bytes/9"), ("GET", "/status/204"), ("GET", "/bytes/3")):
            connection.send(wire.head(method, path, [("Host", "x")]))
            last = connection.read(method)
    assert last.body == pattern(3)
    assert len({seen.connection for seen in backend.seen}) == 1


def test_no_two_blocks_of_the_pattern_are_alike() -> None:
    assert pattern(4096) != pattern(8192)[4096:]
