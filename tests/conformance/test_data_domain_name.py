"""Custom domain names on the data port: a Host leads to a base path mapping, and that to a stage."""

from __future__ import annotations

from typing import Any, Optional

import pytest

import wire
from bench import Api, fresh, patch
from program import Cardea

CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
FORBIDDEN = (403, '{"message":"Forbidden"}')


class Name:
    """A custom domain name, and requests to it."""

    def __init__(self, cardea: Cardea, name: Optional[str] = None, **members: Any):
        self.cardea, self.gw, self.name = cardea, cardea.client(), name or f"{fresh('api')}.example.test"
        given = {"endpointConfiguration": {"types": ["REGIONAL"]}, "regionalCertificateArn": CERTIFICATE, **members}
        self.gw.create_domain_name(domainName=self.name, **given)

    def map(self, api: Api, base_path: Optional[str] = None, stage: Optional[str] = "dev") -> "Name":
        given = {"basePath": base_path, "stage": stage}
        self.gw.create_base_path_mapping(domainName=self.name, restApiId=api.id, **{key: value for key, value in given.items() if value is not None})
        return self

    def get(self, path: str, host: Optional[str] = None) -> tuple[int, str]:
        answer = wire.exchange(self.cardea.data, "GET", path, [("Host", host or self.name)], None)
        return answer.status, answer.text


@pytest.fixture
def name(cardea: Cardea) -> Name:
    return Name(cardea)


def serving(cardea: Cardea, word: str) -> Api:
    """An API that answers its word at `/` and `/pets`."""
    api = Api(cardea).mock("/", body=word).mock("/pets", body=f"{word} pets")
    api.deploy()
    return api


def test_the_empty_base_path_takes_every_path(cardea: Cardea, name: Name) -> None:
    name.map(serving(cardea, "one"))
    assert name.get("/pets") == (200, "one pets")
    assert name.get("/") == (200, "one")
    assert name.get("/pets", name.name.upper() + ":8080") == (200, "one pets")


def test_a_base_path_is_stripped_and_must_be_the_whole_segment(cardea: Cardea, name: Name) -> None:
    name.map(serving(cardea, "shop"), "shop").map(serving(cardea, "rest"))
    assert name.get("/shop/pets") == (200, "shop pets")
    assert name.get("/shop") == (200, "shop")
    assert name.get("/pets") == (200, "rest pets")
    assert name.get("/shopping")[0] == 403


def test_without_a_stage_the_next_segment_names_it(cardea: Cardea, name: Name) -> None:
    api = serving(cardea, "one")
    name.map(api, "v1", stage=None)
    assert name.get("/v1/dev/pets") == (200, "one pets")
    assert name.get("/v1/prod/pets") == FORBIDDEN


def test_what_no_mapping_takes_is_forbidden_and_so_is_a_path_shape(cardea: Cardea, name: Name) -> None:
    api = serving(cardea, "one")
    name.map(api, "v1")
    assert name.get("/other") == FORBIDDEN
    assert name.get(f"/restapis/{api.id}/dev/_user_request_/pets") == FORBIDDEN
    assert name.get("/v1/pets", "nobody.example.test")[0] == 403


def test_mappings_and_names_are_live(cardea: Cardea, name: Name) -> None:
    one, two = serving(cardea, "one"), serving(cardea, "two")
    name.map(one, "v1")
    name.gw.update_base_path_mapping(domainName=name.name, basePath="v1", patchOperations=patch(("replace", "/restapiId", two.id)))
    assert name.get("/v1/pets") == (200, "two pets")
    name.gw.update_base_path_mapping(domainName=name.name, basePath="v1", patchOperations=patch(("replace", "/basePath", "v2")))
    assert name.get("/v1/pets") == FORBIDDEN
    assert name.get("/v2/pets") == (200, "two pets")
    name.gw.delete_base_path_mapping(domainName=name.name, basePath="v2")
    assert name.get("/v2/pets") == FORBIDDEN
    name.map(one, "v3")
    name.gw.delete_domain_name(domainName=name.name)
    assert name.get("/v3/pets") == FORBIDDEN


def test_a_wildcard_takes_one_label_and_an_exact_name_beats_it(cardea: Cardea) -> None:
    parent = f"{fresh('wild')}.test"
    wildcard = Name(cardea, f"*.{parent}").map(serving(cardea, "wild"))
    exact = Name(cardea, f"exact.{parent}").map(serving(cardea, "exact"))
    assert wildcard.get("/pets", f"any.{parent}") == (200, "wild pets")
    assert exact.get("/pets") == (200, "exact pets")
    assert wildcard.get("/pets", f"a.b.{parent}") == FORBIDDEN
    assert wildcard.get("/pets", parent) == FORBIDDEN


def test_a_closed_default_endpoint_leaves_the_domain_name_open(cardea: Cardea, name: Name) -> None:
    api = serving(cardea, "one")
    name.map(api)
    api.gw.update_rest_api(restApiId=api.id, patchOperations=patch(("replace", "/disableExecuteApiEndpoint", "true")))
    api.deploy()
    assert (api.call("/pets").status, name.get("/pets")) == (403, (200, "one pets"))


def test_names_outlive_a_restart(start: Any) -> None:
    cardea = start()
    name = Name(cardea).map(serving(cardea, "one"), "v1")
    assert name.get("/v1/pets") == (200, "one pets")
    cardea.stop()
    cardea.start()
    assert name.get("/v1/pets") == (200, "one pets")
