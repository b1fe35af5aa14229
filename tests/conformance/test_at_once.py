"""Things at the same time: no update is lost, one of two wins, and what was answered is live everywhere."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

import wire
from bench import Api, patch
from program import Cardea


def test_patches_at_the_same_time_lose_nothing(api: Api, gw: Any) -> None:
    api.mock().deploy("dev")

    def set_one(number: int) -> None:
        gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("replace", f"/variables/v{number}", str(number))))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(set_one, range(40)))
    assert gw.get_stage(restApiId=api.id, stageName="dev")["variables"] == {f"v{number}": str(number) for number in range(40)}


def test_one_of_many_creates_of_a_name_wins(api: Api, gw: Any) -> None:
    def create(_: int) -> str:
        try:
            gw.create_resource(restApiId=api.id, parentId=api.root, pathPart="pets")
            return "made"
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(16)))
    assert outcomes.count("made") == 1 and set(outcomes) <= {"made", "ConflictException"}
    assert len(gw.get_resources(restApiId=api.id)["items"]) == 2


def test_a_change_is_seen_by_every_connection_at_once(api: Api, gw: Any) -> None:
    at = api.at("/v")
    api.method("/v")
    gw.put_method_response(**at, statusCode="200", responseParameters={"method.response.header.X-V": False})
    gw.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gw.put_integration_response(**at, statusCode="200", responseParameters={"method.response.header.X-V": "stageVariables.v"})
    api.deploy("dev")
    connections = [wire.Connection(api.cardea.data) for _ in range(12)]
    request = wire.head("GET", "/dev/v", [("Host", api.cardea.host(api.id))])
    for turn in range(15):
        gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("replace", "/variables/v", str(turn))))
        for connection in connections:
            connection.send(request)
        assert [connection.read().header("X-V") for connection in connections] == [str(turn)] * len(connections)
    for connection in connections:
        connection.close()


def test_deploying_under_load_fails_no_request(api: Api) -> None:
    api.mock("/pets").deploy("dev")
    stop, failures = threading.Event(), []

    def client() -> None:
        with wire.Connection(api.cardea.data) as connection:
            while not stop.is_set():
                connection.send(wire.head("GET", "/dev/pets", [("Host", api.cardea.host(api.id))]))
                answer = connection.read()
                if answer.status != 200:
                    failures.append(f"{answer.status} {answer.text}")

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        api.deploy("dev")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_many_apis_are_served_side_by_side(cardea: Cardea) -> None:
    def build(number: int) -> tuple[Api, str]:
        api = Api(cardea).mock("/pets", body=f'"{number}"')
        api.deploy("dev")
        return api, f'"{number}"'

    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(build, range(24)))
    assert [api.call("/pets").text for api, _ in built] == [text for _, text in built]
