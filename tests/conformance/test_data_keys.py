"""API keys, throttles and quotas, as a request meets them."""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from typing import Any, Optional

import pytest

import wire
from backend import Backend
from bench import Api, fresh, patch
from program import Cardea

FORBIDDEN = (403, '{"message":"Forbidden"}', "ForbiddenException")
THROTTLED = (429, '{"message":"Too Many Requests"}', "TooManyRequestsException")
EXHAUSTED = (429, '{"message":"Limit Exceeded"}', "LimitExceededException")


def told(answer: wire.Answer) -> tuple[int, str, Optional[str]]:
    return answer.status, answer.text, answer.error_type


def today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


class Shop:
    """An API with a keyed GET /pets and an open GET /free, a plan and a key."""

    def __init__(self, cardea: Cardea, **plan: Any):
        self.cardea = cardea
        self.api = Api(cardea)
        self.gw = self.api.gw
        self.api.mock("/pets", apiKeyRequired=True).mock("/cats", apiKeyRequired=True).mock("/free").deploy("dev")
        self.plan = self.gw.create_usage_plan(name=fresh("plan"), apiStages=[{"apiId": self.api.id, "stage": "dev"}], **plan)["id"]
        self.key, self.value = self.new_key()

    def new_key(self, plan: Optional[str] = "own") -> tuple[str, str]:
        made = self.gw.create_api_key(enabled=True)
        if plan is not None:
            self.gw.create_usage_plan_key(usagePlanId=self.plan if plan == "own" else plan, keyId=made["id"], keyType="API_KEY")
        return made["id"], made["value"]

    def get(self, path: str = "/pets", value: Optional[str] = None) -> wire.Answer:
        return self.api.call(path, headers={"x-api-key": value or self.value})

    def statuses(self, count: int, path: str = "/pets", value: Optional[str] = None) -> list[int]:
        """`count` requests over one connection."""
        found = []
        with wire.Connection(self.cardea.data) as connection:
            for _ in range(count):
                headers = [("Host", self.cardea.host(self.api.id)), ("x-api-key", value or self.value)]
                connection.send(wire.head("GET", f"/{self.api.stage}{path}", headers))
                found.append(connection.read().status)
        return found

    def usage(self, key: Optional[str] = None) -> list[int]:
        items = self.gw.get_usage(usagePlanId=self.plan, keyId=key or self.key, startDate=today(), endDate=today()).get("items", {})
        return items[key or self.key][0]


@pytest.fixture
def shop(cardea: Cardea) -> Shop:
    return Shop(cardea)


# ── keys ──


def test_a_key_of_the_plan_passes(shop: Shop) -> None:
    assert shop.get().status == 200
    assert shop.api.call("/pets", headers={"X-API-KEY": shop.value}).status == 200


def test_four_ways_to_lack_a_key_look_the_same(shop: Shop) -> None:
    other_plan = shop.gw.create_usage_plan(name=fresh("other"))["id"]
    disabled, disabled_value = shop.new_key()
    shop.gw.update_api_key(apiKey=disabled, patchOperations=patch(("replace", "/enabled", "false")))
    assert told(shop.api.call("/pets")) == FORBIDDEN
    for value in ("nosuchkey" * 4, disabled_value, shop.new_key(None)[1], shop.new_key(other_plan)[1]):
        answer = shop.get(value=value)
        assert told(answer) == FORBIDDEN
        assert answer.header("x-amzn-RequestId") and answer.header("Content-Type") == "application/json"


def test_a_method_without_need_of_a_key_takes_none(shop: Shop) -> None:
    assert shop.api.call("/free").status == 200
    assert shop.get("/free", "nosuchkey" * 4).status == 200


def test_a_key_is_off_and_on_at_once(shop: Shop) -> None:
    for _ in range(5):
        shop.gw.update_api_key(apiKey=shop.key, patchOperations=patch(("replace", "/enabled", "false")))
        assert told(shop.get()) == FORBIDDEN
        shop.gw.update_api_key(apiKey=shop.key, patchOperations=patch(("replace", "/enabled", "true")))
        assert shop.get().status == 200


def test_leaving_the_plan_counts_at_once(shop: Shop) -> None:
    shop.gw.delete_usage_plan_key(usagePlanId=shop.plan, keyId=shop.key)
    assert told(shop.get()) == FORBIDDEN


def test_the_stage_leaving_the_plan_counts_at_once(shop: Shop) -> None:
    shop.gw.update_usage_plan(usagePlanId=shop.plan, patchOperations=patch(("remove", "/apiStages", f"{shop.api.id}:dev")))
    assert told(shop.get()) == FORBIDDEN


def test_a_deleted_key_is_off_at_once(shop: Shop) -> None:
    shop.gw.delete_api_key(apiKey=shop.key)
    assert told(shop.get()) == FORBIDDEN


def test_a_plan_counts_for_its_own_stages_only(shop: Shop) -> None:
    shop.api.deploy("other")
    assert told(shop.get()) == FORBIDDEN


def test_a_key_reaches_the_back_end_of_a_proxy(cardea: Cardea, backend: Backend) -> None:
    shop = Shop(cardea)
    shop.api.proxy("/b", backend.url + "/b", "GET", method={"apiKeyRequired": True}).deploy("dev")
    assert shop.get("/b").status == 200 and backend.last.header("x-api-key") == shop.value


def test_an_unknown_path_needs_no_key_to_be_unknown(shop: Shop) -> None:
    assert shop.api.call("/nothing").message == "Missing Authentication Token"


# ── throttles ──


def test_a_burst_passes_and_the_rest_is_throttled(cardea: Cardea) -> None:
    shop = Shop(cardea, throttle={"burstLimit": 3, "rateLimit": 0.001})
    assert shop.statuses(6) == [200, 200, 200, 429, 429, 429]
    answer = shop.get()
    assert told(answer) == THROTTLED and answer.header("Retry-After") is None


def test_a_throttle_counts_each_key_for_itself_and_all_methods_together(cardea: Cardea) -> None:
    shop = Shop(cardea, throttle={"burstLimit": 2, "rateLimit": 0.001})
    assert shop.statuses(1, "/pets") + shop.statuses(2, "/cats") == [200, 200, 429]
    _, value = shop.new_key()
    assert shop.statuses(3, "/pets", value) == [200, 200, 429]
    assert shop.api.call("/free").status == 200


def test_a_method_of_a_plan_may_have_its_own_throttle(cardea: Cardea) -> None:
    shop = Shop(cardea)
    limit = '{"/pets/GET":{"rateLimit":0.001,"burstLimit":1}}'
    stage = f"{shop.api.id}:dev"
    shop.gw.update_usage_plan(usagePlanId=shop.plan, patchOperations=patch(("add", f"/apiStages/{stage}/throttle", limit)))
    assert shop.statuses(2, "/pets") == [200, 429]
    assert shop.statuses(3, "/cats") == [200, 200, 200]


def test_a_stage_throttles_each_method_for_itself(shop: Shop) -> None:
    operations = patch(("replace", "/*/*/throttling/burstLimit", "2"), ("replace", "/*/*/throttling/rateLimit", "0.001"))
    shop.gw.update_stage(restApiId=shop.api.id, stageName="dev", patchOperations=operations)
    assert shop.statuses(3, "/free") == [200, 200, 429]
    assert told(shop.api.call("/free")) == THROTTLED
    assert shop.statuses(3, "/pets") == [200, 200, 429]


def test_a_method_setting_beats_the_one_for_all(shop: Shop) -> None:
    operations = patch(
        ("replace", "/*/*/throttling/burstLimit", "1"),
        ("replace", "/*/*/throttling/rateLimit", "0.001"),
        ("replace", "/~1free/GET/throttling/burstLimit", "3"),
    )
    shop.gw.update_stage(restApiId=shop.api.id, stageName="dev", patchOperations=operations)
    assert shop.statuses(4, "/free") == [200, 200, 200, 429]


@pytest.mark.parametrize(("rate", "burst"), [("0", "5"), ("5", "0")])
def test_a_limit_of_nothing_blocks_all(shop: Shop, rate: str, burst: str) -> None:
    # assumed
    operations = patch(("replace", "/*/*/throttling/burstLimit", burst), ("replace", "/*/*/throttling/rateLimit", rate))
    shop.gw.update_stage(restApiId=shop.api.id, stageName="dev", patchOperations=operations)
    assert 429 in shop.statuses(6, "/free")


def test_a_deployment_does_not_refill_a_bucket(cardea: Cardea) -> None:
    shop = Shop(cardea, throttle={"burstLimit": 2, "rateLimit": 0.001})
    assert shop.statuses(3) == [200, 200, 429]
    shop.api.deploy("dev")
    assert shop.statuses(1) == [429]


# ── quotas ──


@pytest.mark.parametrize("period", ["DAY", "WEEK", "MONTH"])
def test_a_quota_passes_exactly_its_limit(cardea: Cardea, period: str) -> None:
    shop = Shop(cardea, quota={"limit": 3, "period": period})
    assert shop.statuses(5) == [200, 200, 200, 429, 429]
    answer = shop.get()
    assert told(answer) == EXHAUSTED and answer.header("Retry-After") is None


def test_an_offset_counts_as_used(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 5, "offset": 3, "period": "DAY"})
    assert shop.statuses(4) == [200, 200, 429, 429]


@pytest.mark.parametrize("limit", [1, 50, 333])
def test_concurrent_clients_get_exactly_the_quota(cardea: Cardea, limit: int) -> None:
    shop = Shop(cardea, quota={"limit": limit, "period": "DAY"})
    counted: Counter[int] = Counter()
    lock = threading.Lock()

    def client() -> None:
        found = Counter(shop.statuses(limit // 4 + 5))
        with lock:
            counted.update(found)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted[200] == limit and set(counted) <= {200, 429}
    assert shop.usage() == [limit, 0]


def test_usage_is_told_at_once(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 10, "period": "DAY"})
    for used in range(1, 4):
        assert shop.get().status == 200
        assert shop.usage() == [used, 10 - used]


def test_refused_requests_are_not_counted(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 5, "period": "DAY"}, throttle={"burstLimit": 2, "rateLimit": 0.001})
    assert shop.statuses(6) == [200, 200, 429, 429, 429, 429]
    assert shop.usage() == [2, 3]
    assert told(shop.get()) == THROTTLED


def test_an_unknown_path_is_not_counted(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 5, "period": "DAY"})
    shop.statuses(3, "/nothing")
    assert shop.get().status == 200 and shop.usage() == [1, 4]


def test_requests_that_fail_later_stay_counted(cardea: Cardea, backend: Backend) -> None:
    shop = Shop(cardea, quota={"limit": 5, "period": "DAY"})
    shop.api.proxy("/b", backend.url + "/status/500", "GET", method={"apiKeyRequired": True}).deploy("dev")
    assert shop.get("/b").status == 500
    assert shop.usage() == [1, 4]


def test_what_remains_can_be_given_and_taken(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 2, "period": "DAY"})
    assert shop.statuses(3) == [200, 200, 429]
    shop.gw.update_usage(usagePlanId=shop.plan, keyId=shop.key, patchOperations=patch(("replace", "/remaining", "3")))
    assert shop.usage()[1] == 3
    assert shop.statuses(4) == [200, 200, 200, 429]
    shop.gw.update_usage(usagePlanId=shop.plan, keyId=shop.key, patchOperations=patch(("replace", "/remaining", "10")))
    assert shop.get().status == 200
    shop.gw.update_usage(usagePlanId=shop.plan, keyId=shop.key, patchOperations=patch(("replace", "/remaining", "0")))
    assert told(shop.get()) == EXHAUSTED


def test_each_key_has_its_own_quota(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 1, "period": "DAY"})
    _, value = shop.new_key()
    assert shop.statuses(2) == [200, 429]
    assert shop.statuses(2, value=value) == [200, 429]


def test_a_quota_counts_all_stages_of_the_plan(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 3, "period": "DAY"})
    shop.api.deploy("two")
    shop.gw.update_usage_plan(usagePlanId=shop.plan, patchOperations=patch(("add", "/apiStages", f"{shop.api.id}:two")))
    assert shop.statuses(1) == [200]
    shop.api.stage = "dev"
    assert shop.get().status == 200 and shop.get().status == 200 and told(shop.get()) == EXHAUSTED


def test_a_deployment_does_not_refill_a_quota(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 2, "period": "DAY"})
    assert shop.statuses(3) == [200, 200, 429]
    shop.api.deploy("dev")
    assert shop.statuses(1) == [429] and shop.usage() == [2, 0]


def test_a_raised_limit_counts_at_once(cardea: Cardea) -> None:
    shop = Shop(cardea, quota={"limit": 1, "period": "DAY"})
    assert shop.statuses(2) == [200, 429]
    shop.gw.update_usage_plan(usagePlanId=shop.plan, patchOperations=patch(("replace", "/quota/limit", "3")))
    assert shop.statuses(3) == [200, 200, 429]


def test_a_plan_without_a_quota_is_counted_but_not_limited(shop: Shop) -> None:
    assert shop.statuses(30) == [200] * 30
