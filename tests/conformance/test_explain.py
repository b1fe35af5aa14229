"""Explain: why a request was answered as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

import wire
from backend import Backend
from bench import Api
from program import Cardea, run
from test_data_keys import Shop


def request_id(answer: wire.Answer) -> str:
    return answer.header("x-amzn-RequestId") or ""


def explained(cardea: Cardea, answer: wire.Answer) -> Any:
    told = cardea.signed("GET", f"/_cardea/explain/{request_id(answer)}")
    assert told.status == 200, told.text
    return told.json()


def in_words(cardea: Cardea, answer: wire.Answer) -> str:
    told = run("explain", request_id(answer), home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir))
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_a_served_request_names_its_route(api: Api) -> None:
    api.mock("/pets/{id}").deploy()
    answer = api.call("/pets/7")
    told = explained(api.cardea, answer)
    text = json.dumps(told)
    assert request_id(answer) in text and api.id in text and "/pets/{id}" in text
    assert "200" in in_words(api.cardea, answer)


def test_a_missed_path_names_the_near_routes(api: Api) -> None:
    api.mock("/pets/{id}").mock("/orders", "POST").deploy()
    for path, verb, near in [("/pet/7", "GET", "/pets/{id}"), ("/orders", "GET", "/orders"), ("/order", "POST", "/orders")]:
        answer = api.call(path, verb)
        assert answer.status == 403
        assert near in json.dumps(explained(api.cardea, answer))
        assert near in in_words(api.cardea, answer)


def test_a_refused_key_is_explained_to_the_operator_only(cardea: Cardea) -> None:
    shop = Shop(cardea)
    answers = [shop.api.call("/pets"), shop.get(value="nosuchkey" * 4), shop.get(value=shop.new_key(None)[1])]
    assert len({answer.body for answer in answers}) == 1
    told = [in_words(cardea, answer) for answer in answers]
    assert len({text.replace(request_id(answer), "") for text, answer in zip(told, answers)}) == 3
    assert all("nosuchkey" * 4 not in text for text in told)


def test_a_throttle_and_a_quota_are_told_apart(cardea: Cardea) -> None:
    throttled = Shop(cardea, throttle={"burstLimit": 1, "rateLimit": 0.001})
    throttled.get()
    exhausted = Shop(cardea, quota={"limit": 1, "period": "DAY"})
    exhausted.get()
    assert throttled.plan in in_words(cardea, throttled.get())
    assert exhausted.plan in in_words(cardea, exhausted.get())
    assert "quota" in in_words(cardea, exhausted.get()).lower()


def test_a_dead_back_end_is_named(api: Api) -> None:
    with Backend() as gone:
        authority = gone.authority
    api.proxy("/gone", f"http://{authority}/x", "GET").deploy()
    assert str(authority.split(":")[1]) in in_words(api.cardea, api.call("/gone"))


def test_a_flaw_of_the_configuration_is_named(api: Api) -> None:
    api.method("/pets")
    api.gw.put_integration(**api.at("/pets"), type="MOCK", requestTemplates={"application/json": "nothing"})
    api.responses("/pets", s200=None).deploy()
    answer = api.call("/pets")
    assert answer.message == "Internal server error"
    assert "statuscode" in in_words(api.cardea, answer).lower()


def test_an_unknown_request_is_not_found(cardea: Cardea) -> None:
    name = "00000000-0000-4000-8000-000000000000"
    assert cardea.signed("GET", f"/_cardea/explain/{name}").status == 404
    told = run("explain", name, home=cardea.home, CARDEA_DATA_DIR=str(cardea.data_dir))
    assert told.returncode != 0 and told.stderr


@pytest.mark.parametrize("name", ["x", "../../etc/passwd", "%2e%2e", "a" * 5000])
def test_a_request_id_that_is_none_does_no_harm(cardea: Cardea, name: str) -> None:
    assert cardea.signed("GET", f"/_cardea/explain/{name}").status in (400, 404, 414)


def test_explaining_needs_a_signature_for_cardea(api: Api) -> None:
    api.mock("/pets").deploy()
    path = f"/_cardea/explain/{request_id(api.call('/pets'))}"
    assert wire.exchange(api.cardea.control, "GET", path).status == 403
    assert api.cardea.signed("GET", path, service="apigateway").status == 403
    assert api.cardea.signed("GET", path).status == 200


def test_explain_is_not_on_the_data_port(api: Api) -> None:
    api.mock("/pets").deploy()
    answer = wire.exchange(api.cardea.data, "GET", f"/_cardea/explain/{request_id(api.call('/pets'))}")
    assert answer.status in (403, 404)


def test_a_flood_of_good_requests_does_not_wash_a_refusal_away(api: Api) -> None:
    api.mock("/pets").deploy()
    refused = api.call("/nothing")
    with wire.Connection(api.cardea.data) as connection:
        for _ in range(20):
            connection.send(wire.head("GET", "/dev/pets", [("Host", api.cardea.host(api.id))]) * 200)
            for _ in range(200):
                assert connection.read().status == 200
    assert "/pets" in json.dumps(explained(api.cardea, refused))


def test_two_requests_of_one_name_do_not_confuse_it(api: Api) -> None:
    api.mock("/pets").deploy()
    name = "5b9f6a1e-9d6f-4d8e-8f9a-0d2b6d1f7a99"
    for path in ("/pets", "/nothing"):
        api.call(path, headers={"x-amzn-RequestId": name})
    assert api.cardea.signed("GET", f"/_cardea/explain/{name}").status in (200, 404)
