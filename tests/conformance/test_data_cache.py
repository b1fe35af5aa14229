"""The response cache of a stage."""

from __future__ import annotations

import threading
from typing import Any, Optional

import pytest

import wire
from backend import Backend
from bench import Api, patch
from program import Cardea

HIT, MISS = "cache_hits_total", "cache_misses_total"


class Cached:
    """An API in front of a counting back end, whose stage has a cache."""

    def __init__(self, cardea: Cardea, backend: Backend, path: str = "/x", verb: str = "GET", keys: Optional[list[str]] = None, kind: str = "HTTP_PROXY"):
        self.api, self.backend, self.path, self.verb = Api(cardea), backend, path, verb
        keys = keys or []
        asked = {key: False for key in keys if ".path." not in key}
        self.api.proxy(path, backend.url + path, verb, type=kind, method={"requestParameters": asked}, cacheKeyParameters=keys)
        if kind == "HTTP":
            self.api.responses(path, verb, s200=None)
        self.api.deploy()
        self.stage(("replace", "/cacheClusterEnabled", "true"), ("replace", "/cacheClusterSize", "0.5"), ("replace", "/*/*/caching/enabled", "true"))

    def stage(self, *operations: tuple[Any, ...]) -> None:
        self.api.gw.update_stage(restApiId=self.api.id, stageName="dev", patchOperations=patch(*operations))

    def get(self, path: Optional[str] = None, **how: Any) -> Any:
        return self.api.call(path or self.path, how.pop("method", self.verb), **how)

    def asked(self) -> int:
        return len([seen for seen in self.backend.seen])


@pytest.fixture
def cached(cardea: Cardea, backend: Backend) -> Cached:
    return Cached(cardea, backend)


def test_the_second_is_answered_by_the_cache_with_the_same(cached: Cached) -> None:
    first, second = cached.get(), cached.get()
    assert cached.asked() == 1
    assert (second.status, second.body) == (first.status, first.body)
    assert second.header("Content-Type") == first.header("Content-Type")
    assert second.header("x-amzn-RequestId") != first.header("x-amzn-RequestId")


def test_what_is_not_in_the_key_does_not_count(cached: Cached) -> None:
    assert cached.get("/x?a=1").body == cached.get("/x?a=2", headers={"X-Any": "1"}).body
    assert cached.asked() == 1


@pytest.mark.parametrize("key", ["method.request.querystring.a", "method.request.header.a"])
def test_what_is_in_the_key_counts(cardea: Cardea, backend: Backend, key: str) -> None:
    cached = Cached(cardea, backend, keys=[key])
    for value in ["1", "2", "1", "2"]:
        cached.get(f"/x?a={value}", headers={"a": value})
    assert cached.asked() == 2


def test_path_parameters_count_only_if_they_are_listed(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend, path="/{id}")
    assert cached.get("/1").body == cached.get("/2").body
    backend.clear()
    cached = Cached(cardea, backend, path="/{id}", keys=["method.request.path.id"])
    assert cached.get("/1").body != cached.get("/2").body
    assert cached.asked() == 2


def test_other_verbs_need_a_setting_of_their_own(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend, verb="POST")
    cached.get(body=b"1"), cached.get(body=b"2")
    assert cached.asked() == 2
    cached.stage(("replace", "/~1x/POST/caching/enabled", "true"))
    cached.get(body=b"1"), cached.get(body=b"2")
    assert cached.asked() == 3


def test_no_time_means_no_cache_and_a_stage_without_one_has_none(cached: Cached) -> None:
    cached.stage(("replace", "/*/*/caching/ttlInSeconds", "0"))
    cached.get(), cached.get()
    assert cached.asked() == 2
    cached.stage(("replace", "/*/*/caching/ttlInSeconds", "300"), ("replace", "/cacheClusterEnabled", "false"))
    cached.get(), cached.get()
    assert cached.asked() == 4


def test_flushing_forgets(cached: Cached) -> None:
    cached.get()
    cached.api.gw.flush_stage_cache(restApiId=cached.api.id, stageName="dev")
    cached.get(), cached.get()
    assert cached.asked() == 2


def test_another_deployment_has_answers_of_its_own(cached: Cached) -> None:
    cached.get()
    cached.api.gw.update_rest_api(restApiId=cached.api.id, patchOperations=patch(("replace", "/name", "another")))
    cached.api.deploy()
    cached.get()
    assert cached.asked() == 2


def test_mapped_answers_are_kept_after_mapping(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend, kind="HTTP")
    first, second = cached.get(), cached.get()
    assert cached.asked() == 1 and first.body == second.body
    traces = {answer.header("X-Amzn-Trace-Id") for answer in (first, second)}
    assert len(traces) == 2 and None not in traces


def test_the_status_is_no_filter_but_the_gateways_own_errors_are_not_kept(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend, path="/status/429")
    assert [cached.get().status for _ in range(2)] == [429, 429]
    assert cached.asked() == 1
    backend.clear()
    broken = Cached(cardea, backend, path="/die")
    assert [broken.get().status for _ in range(2)] == [504, 504]
    assert broken.asked() >= 2


def test_what_is_for_one_caller_is_not_given_to_another(cardea: Cardea, backend: Backend) -> None:
    for headers in ["Set-Cookie=a", "Cache-Control=private", "Cache-Control=no-store"]:
        backend.clear()
        cached = Cached(cardea, backend, path="/headers")
        # The back end answers with what its query says.
        cached.get(f"/headers?{headers}"), cached.get("/headers")
        assert cached.asked() == 2, headers


def test_large_answers_pass_and_are_not_kept(cardea: Cardea, backend: Backend) -> None:
    for path in ["/bytes/2000000", "/chunked/2000000"]:
        backend.clear()
        cached = Cached(cardea, backend, path=path)
        first, second = cached.get(), cached.get()
        assert len(first.body) == 2000000 and first.body == second.body
        assert cached.asked() == 2


# ── one call for many ──


def test_many_who_miss_the_same_make_one_call(cached: Cached) -> None:
    release = threading.Event()

    def slow(peer: Any, seen: Any) -> bool:
        release.wait(10)
        peer.send(200, [("Content-Type", "text/plain")], b"once")
        return True

    cached.backend.script["/x"] = slow
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(cached.get().body)) for _ in range(20)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join(20)
    assert answers == [b"once"] * 20
    assert cached.asked() == 1


# ── asking for a new answer ──


def renew(cached: Cached) -> Any:
    return cached.get(headers={"Cache-Control": "max-age=0"})


def test_nobody_may_ask_for_a_new_answer_and_is_told_so(cached: Cached) -> None:
    cached.get()
    answer = renew(cached)
    assert (cached.asked(), answer.status) == (1, 200)
    assert answer.header("Warning") == "199 Cache-control headers were ignored because the caller was unauthorized"


def test_or_is_not_told(cached: Cached) -> None:
    cached.stage(("replace", "/*/*/caching/unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITHOUT_RESPONSE_HEADER"))
    cached.get()
    answer = renew(cached)
    assert (cached.asked(), answer.status, answer.header("Warning")) == (1, 200, None)


def test_or_is_refused(cached: Cached) -> None:
    cached.stage(("replace", "/*/*/caching/unauthorizedCacheControlHeaderStrategy", "FAIL_WITH_403"))
    cached.get()
    assert (renew(cached).status, cached.get().status, cached.asked()) == (403, 200, 1)


def test_without_the_requirement_everybody_may(cached: Cached) -> None:
    cached.stage(("replace", "/*/*/caching/requireAuthorizationForCacheControl", "false"))
    cached.get()
    assert (renew(cached).header("Warning"), cached.asked()) == (None, 2)
    cached.get()
    assert cached.asked() == 2


# ── canaries, sharing, being seen ──


def test_resources_can_share_entries(cardea: Cardea, backend: Backend) -> None:
    cached = Cached(cardea, backend)
    cached.api.proxy("/y", backend.url + "/y", "GET", cacheNamespace=cached.api.resource("/x"))
    cached.api.deploy()
    assert cached.get("/x").body == cached.get("/y").body
    assert cached.asked() == 1


def test_hits_and_misses_are_counted_and_explained(cached: Cached) -> None:
    def count(name: str) -> float:
        told = [line for line in wire.exchange(cached.api.cardea.control, "GET", "/metrics", [("Host", "x")], None).text.splitlines() if name in line and f'api="{cached.api.id}"' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in told)

    cached.get(), cached.get(), cached.get()
    assert (count(MISS), count(HIT)) == (1, 2)
