"""Power cuts: what was answered stays, what was allowed is never allowed twice."""

from __future__ import annotations

import threading
from typing import Any, Callable

import pytest

import wire
from bench import Api, fresh, members, patch, refusal
from program import Cardea, NotStarted, eventually, run
from test_data_keys import Shop

ROUNDS = 4
SLICE_MAX = 100


def test_nothing_that_was_acknowledged_is_lost(start: Callable[..., Cardea]) -> None:
    cardea = start()
    acknowledged: dict[str, str] = {}
    for turn in range(ROUNDS):
        stop, gw = threading.Event(), cardea.client()

        def write(number: int) -> None:
            for index in range(10_000):
                if stop.is_set():
                    return
                name = f"{turn}-{number}-{index}"
                try:
                    acknowledged[gw.create_rest_api(name=name)["id"]] = name
                except Exception:  # The power has gone.
                    return

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        before = len(acknowledged)
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(acknowledged) >= before + 40, 60)
        cardea.kill()
        stop.set()
        for thread in threads:
            thread.join()
        cardea.start()
        found: dict[str, str] = {}
        position: dict[str, Any] = {}
        while True:
            page = cardea.client().get_rest_apis(limit=500, **position)
            found.update({item["id"]: item["name"] for item in page["items"]})
            if "position" not in page:
                break
            position = {"position": page["position"]}
        assert {id: name for id, name in acknowledged.items() if found.get(id) != name} == {}
        assert len(found) - len(acknowledged) <= 4 * (turn + 1)
        acknowledged.update(found)


def test_what_was_deployed_is_served_again(start: Callable[..., Cardea]) -> None:
    cardea = start()
    api = Api(cardea).mock("/pets", body='"here"', apiKeyRequired=False)
    api.deploy("dev", variables={"a": "b"})
    before = members(api.gw.get_stage(restApiId=api.id, stageName="dev"))
    cardea.kill()
    cardea.start()
    assert cardea.call(api.id, "/dev/pets").text == '"here"'
    assert members(cardea.client().get_stage(restApiId=api.id, stageName="dev")) == before


def test_a_quota_is_never_over_and_loses_at_most_a_slice(start: Callable[..., Cardea]) -> None:
    cardea = start()
    limit = 3000
    shop = Shop(cardea, quota={"limit": limit, "period": "DAY"})
    passed, lock = 0, threading.Lock()
    crashes = 0
    for turn in range(ROUNDS):
        seen = threading.Event()
        target = passed + 200

        def client() -> None:
            nonlocal passed
            try:
                with wire.Connection(cardea.data) as connection:
                    for _ in range(5000):
                        connection.send(wire.head("GET", "/dev/pets", [("Host", cardea.host(shop.api.id)), ("x-api-key", shop.value)]))
                        status = connection.read().status
                        with lock:
                            passed += status == 200
                            if passed >= target or status == 429:
                                seen.set()
            except (OSError, wire.Broken):
                pass

        threads = [threading.Thread(target=client) for _ in range(6)]
        for thread in threads:
            thread.start()
        assert seen.wait(60)
        cardea.kill()
        crashes += 1
        for thread in threads:
            thread.join()
        cardea.start()
    rest = shop.statuses(limit + 10)
    total = passed + rest.count(200)
    assert total <= limit
    # A request whose answer was cut off was served all the same: one for each client and crash.
    assert total >= limit - crashes * (SLICE_MAX + 6)
    assert rest[-1] == 429


def test_usage_survives_a_restart(start: Callable[..., Cardea]) -> None:
    cardea = start()
    shop = Shop(cardea, quota={"limit": 50, "period": "DAY"})
    assert shop.statuses(5) == [200] * 5
    assert cardea.stop() == 0
    cardea.start()
    shop.gw = cardea.client()
    assert shop.usage() == [5, 45]


def test_a_drained_program_ends_with_zero(start: Callable[..., Cardea]) -> None:
    assert start().stop() == 0


def test_a_request_under_way_is_finished_before_the_end(start: Callable[..., Cardea], backend: Any) -> None:
    cardea = start()
    api = Api(cardea)
    gate = threading.Event()

    def wait(peer: Any, seen: Any) -> bool:
        gate.wait(20)
        peer.send(200, [], b"late")
        return True

    backend.script["/wait"] = wait
    api.proxy("/wait", backend.url + "/wait", "GET").deploy()
    answers: list[wire.Answer] = []
    caller = threading.Thread(target=lambda: answers.append(api.call("/wait")))
    caller.start()
    assert eventually(lambda: backend.seen)
    ending = threading.Thread(target=cardea.stop)
    ending.start()
    gate.set()
    caller.join(20)
    ending.join(20)
    assert [answer.text for answer in answers] == ["late"] and cardea.process.returncode == 0


def test_a_second_process_on_the_same_data_is_refused(start: Callable[..., Cardea]) -> None:
    cardea = start()
    told = run("serve", "--data-dir", str(cardea.data_dir), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", home=cardea.home)
    assert told.returncode != 0 and str(cardea.data_dir) in told.stderr + told.stdout
    assert cardea.client().get_account()


def test_a_second_process_on_the_same_port_is_refused(start: Callable[..., Cardea]) -> None:
    cardea = start()
    address = f"127.0.0.1:{cardea.data[1]}"
    told = run("serve", "--data-dir", str(cardea.home / "other"), "--listen", address, "--control", "127.0.0.1:0", home=cardea.home)
    assert told.returncode != 0 and str(cardea.data[1]) in told.stderr + told.stdout


@pytest.mark.parametrize("damage", [b"this is no database", b"\x00" * 4096])
def test_a_store_that_is_none_is_refused_and_left_alone(start: Callable[..., Cardea], damage: bytes) -> None:
    cardea = start()
    cardea.client().create_rest_api(name="kept")
    assert cardea.stop() == 0
    stores = [path for path in cardea.data_dir.iterdir() if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
    assert stores, [path.name for path in cardea.data_dir.iterdir()]
    for path in stores:
        path.write_bytes(damage)
        for beside in cardea.data_dir.glob(f"{path.name}-*"):
            beside.unlink()
    with pytest.raises(NotStarted):
        cardea.start()
    assert [path.read_bytes() for path in stores] == [damage] * len(stores)


def test_secrets_do_not_lie_about_in_the_clear(start: Callable[..., Cardea]) -> None:
    cardea = start()
    value = cardea.client().create_api_key(name="secret")["value"].encode()
    assert cardea.stop() == 0
    found = [path.name for path in cardea.data_dir.rglob("*") if path.is_file() and value in path.read_bytes()]
    assert found == []


def test_the_root_credentials_are_readable_by_their_owner_only(start: Callable[..., Cardea]) -> None:
    path = start().data_dir / "root-credentials"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_deleted_api_stays_deleted(start: Callable[..., Cardea]) -> None:
    cardea = start()
    api = Api(cardea).mock("/pets")
    api.deploy()
    api.gw.delete_rest_api(restApiId=api.id)
    cardea.kill()
    cardea.start()
    assert cardea.call(api.id, "/dev/pets").status == 403
    assert cardea.client().get_rest_apis()["items"] == []


def test_the_account_of_a_store_is_told_in_errors(start: Callable[..., Cardea]) -> None:
    cardea = start(account="111111111111")
    message = refusal(cardea.client().get_rest_api, restApiId="nosuchapi0")[2]
    assert message == "Invalid API identifier specified 111111111111:nosuchapi0"


def test_a_patch_is_kept_whole(start: Callable[..., Cardea]) -> None:
    cardea = start()
    api = Api(cardea).mock("/pets")
    api.deploy("dev")
    operations = patch(("replace", "/variables/a", "1"), ("replace", "/description", fresh("d")))
    told = members(api.gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=operations))
    cardea.kill()
    cardea.start()
    assert members(cardea.client().get_stage(restApiId=api.id, stageName="dev")) == told
