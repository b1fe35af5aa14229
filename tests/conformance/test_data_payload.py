"""Text and bytes: binary media types, content handling, content codings."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import Any, Optional

import pytest

from backend import Backend
from bench import Api, patch
from program import Cardea

BYTES = bytes([0, 1, 2, 0xFE, 0xFF])
TEXT = BYTES.decode("utf-8", "replace").encode()
BASE64 = base64.b64encode(BYTES)


def mirror(cardea: Cardea, backend: Backend, there: Optional[str] = None, back: Optional[str] = None, **members: Any) -> Api:
    """POST / goes to the back end's mirror and comes back."""
    api = Api(cardea, **members)
    at = api.at("/", "POST")
    api.method("/", "POST")
    api.gw.put_method_response(**at, statusCode="200")
    handling = {"contentHandling": there} if there else {}
    api.gw.put_integration(**at, type="HTTP", integrationHttpMethod="POST", uri=backend.url + "/mirror", **handling)
    handling = {"contentHandling": back} if back else {}
    api.gw.put_integration_response(**at, statusCode="200", **handling)
    api.deploy()
    return api


@pytest.mark.parametrize(
    ("media", "handling", "sent", "arrived"),
    [
        ("text/plain", None, BYTES, TEXT),
        ("text/plain", "CONVERT_TO_TEXT", BYTES, TEXT),
        ("text/plain", "CONVERT_TO_BINARY", BASE64, BYTES),
        ("image/png", None, BYTES, BYTES),
        ("image/png", "CONVERT_TO_BINARY", BYTES, BYTES),
        ("image/png", "CONVERT_TO_TEXT", BYTES, BASE64),
    ],
)
def test_what_arrives_at_the_back_end(cardea: Cardea, backend: Backend, media: str, handling: Optional[str], sent: bytes, arrived: bytes) -> None:
    api = mirror(cardea, backend, there=handling, binaryMediaTypes=["image/*"])
    assert api.call("/", "POST", {"Content-Type": media}, sent).status == 200
    assert backend.last.body == arrived


@pytest.mark.parametrize(
    ("media", "accept", "handling", "sent", "arrived"),
    [
        ("text/plain", "text/plain", None, BYTES, TEXT),
        ("text/plain", "text/plain", "CONVERT_TO_BINARY", BASE64, BYTES),
        ("text/plain", "image/png", None, BASE64, BYTES),
        ("text/plain", "image/png", "CONVERT_TO_TEXT", BASE64, BASE64),
        ("image/png", "text/plain", None, BYTES, BASE64),
        ("image/png", "text/plain", "CONVERT_TO_BINARY", BYTES, BYTES),
        ("image/png", "image/png, text/plain", None, BYTES, BYTES),
        ("image/png", "text/plain, image/png", None, BYTES, BASE64),
        ("image/png", "image/png", "CONVERT_TO_TEXT", BYTES, BASE64),
    ],
)
def test_what_arrives_at_the_caller(
    cardea: Cardea, backend: Backend, media: str, accept: str, handling: Optional[str], sent: bytes, arrived: bytes
) -> None:
    # A text is told as text there and back, whatever the mirror is asked to show.
    api = mirror(cardea, backend, back=handling, binaryMediaTypes=["image/*"])
    answer = api.call("/", "POST", {"Content-Type": media, "Accept": accept}, sent)
    assert (answer.status, answer.body) == (200, arrived)


def test_what_is_no_base64_is_an_error_of_the_api(cardea: Cardea, backend: Backend) -> None:
    api = mirror(cardea, backend, there="CONVERT_TO_BINARY")
    answer = api.call("/", "POST", {"Content-Type": "text/plain"}, b"not base64!")
    assert (answer.status, answer.text) == (500, '{"message": "Internal server error"}')


def test_a_template_that_meets_bytes_is_an_error_of_the_api(cardea: Cardea) -> None:
    api = Api(cardea, binaryMediaTypes=["*/*"]).mock("/", "OPTIONS")
    api.deploy()
    assert api.call("/", "OPTIONS").status == 500
    api.gw.update_integration(**api.at("/", "OPTIONS"), patchOperations=patch(("replace", "/contentHandling", "CONVERT_TO_TEXT")))
    api.gw.update_integration_response(**api.at("/", "OPTIONS"), statusCode="200", patchOperations=patch(("replace", "/contentHandling", "CONVERT_TO_TEXT")))
    api.deploy()
    assert api.call("/", "OPTIONS").status == 200


# ── content codings ──


@pytest.mark.parametrize(("coding", "packed"), [("gzip", gzip.compress(b"hello", mtime=0)), ("deflate", zlib.compress(b"hello")), ("identity", b"hello")])
@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_a_packed_body_arrives_unpacked(cardea: Cardea, backend: Backend, coding: str, packed: bytes, kind: str) -> None:
    api = mirror(cardea, backend) if kind == "HTTP" else Api(cardea).proxy("/", backend.url + "/mirror", "POST")
    api.deploy()
    assert api.call("/", "POST", {"Content-Type": "text/plain", "Content-Encoding": coding}, packed).status == 200
    assert backend.last.body == b"hello"
    assert backend.last.header("Content-Encoding") is None


@pytest.mark.parametrize(("coding", "body"), [("br", b"x"), ("gzip", b"not gzip"), ("gzip, gzip", b"x")])
def test_codings_that_are_not_known_are_refused(cardea: Cardea, backend: Backend, coding: str, body: bytes) -> None:
    backend.clear()
    answer = mirror(cardea, backend).call("/", "POST", {"Content-Encoding": coding}, body)
    assert (answer.status, answer.text, answer.error_type) == (415, '{"message": "Unsupported Media Type"}', "BadRequestException")
    assert backend.seen == []


def test_a_bomb_is_too_long(cardea: Cardea, backend: Backend) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 100_000
    assert mirror(cardea, backend).call("/", "POST", {"Content-Encoding": "gzip"}, bomb).status == 413


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_long_answers_are_packed_for_those_who_take_it_so(cardea: Cardea, backend: Backend, kind: str) -> None:
    api = Api(cardea, minimumCompressionSize=100)
    api.proxy("/{n}", backend.url + "/bytes/{n}", "GET", type=kind)
    if kind == "HTTP":
        api.responses("/{n}", "GET", s200=None)
    api.deploy()
    plain = api.call("/5000")
    for accept, unpack in [("gzip", gzip.decompress), ("deflate, gzip", zlib.decompress)]:
        packed = api.call("/5000", headers={"Accept-Encoding": accept})
        assert packed.header("Content-Encoding") == accept.split(",")[0]
        assert (len(packed.body) < len(plain.body), unpack(packed.body)) == (True, plain.body)
    for path, accept in [("/99", "gzip"), ("/5000", "br"), ("/5000", "br, gzip")]:
        answer = api.call(path, headers={"Accept-Encoding": accept})
        assert answer.header("Content-Encoding") is None and answer.header("Content-Length") == str(len(answer.body))
