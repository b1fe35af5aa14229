"""DomainName, BasePathMapping, DomainNameAccessAssociation: as the control plane tells them."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from bench import Api, members, patch, refusal, status
from program import ACCOUNT, REGION, Cardea

CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0f0f"
UNKNOWN = (404, "NotFoundException", "Invalid domain name identifier specified")
_numbers = itertools.count(1)


def host() -> str:
    """A domain name nobody else has: each process of the tests has programs of its own."""
    return f"api{next(_numbers)}.example.com"


def regional(gw: Any, name: str, **more: Any) -> Any:
    return gw.create_domain_name(
        **{"domainName": name, "regionalCertificateArn": CERTIFICATE, "endpointConfiguration": {"types": ["REGIONAL"]}, **more}
    )


def private(gw: Any, name: str, **more: Any) -> Any:
    return gw.create_domain_name(**{"domainName": name, "certificateArn": CERTIFICATE, "endpointConfiguration": {"types": ["PRIVATE"]}, **more})


# ── domain names ──


def test_a_regional_name_has_exactly_these_members(gw: Any) -> None:
    name = host()
    answer = regional(gw, name, tags={"team": "pets"})
    assert status(answer) == 201
    made = members(answer)
    assert re.fullmatch(rf"d-[a-z0-9]{{10}}\.execute-api\.{REGION}\.amazonaws\.com", made.pop("regionalDomainName"))
    assert made.pop("regionalHostedZoneId")
    assert made == {
        "domainName": name,
        "domainNameArn": f"arn:aws:apigateway:{REGION}::/domainnames/{name}",
        "regionalCertificateArn": CERTIFICATE,
        "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
        "domainNameStatus": "AVAILABLE",
        "securityPolicy": "TLS_1_2",
        "routingMode": "BASE_PATH_MAPPING_ONLY",
        "tags": {"team": "pets"},
    }
    assert members(gw.get_domain_name(domainName=name)) == members(answer)


def test_without_a_type_a_name_is_an_edge_name(gw: Any) -> None:
    made = gw.create_domain_name(domainName=host(), certificateArn=CERTIFICATE)
    assert made["endpointConfiguration"]["types"] == ["EDGE"]
    assert re.fullmatch(r"d[a-z0-9]{12,13}\.cloudfront\.net", made["distributionDomainName"])
    assert made["distributionHostedZoneId"] == "Z2FDTNDATAQYW2"
    assert made["certificateUploadDate"] is not None


def test_a_name_is_one_of_its_kind(gw: Any) -> None:
    name = host()
    regional(gw, name)
    assert refusal(regional, gw=gw, name=name) == (400, "BadRequestException", "The domain name you provided already exists.")


def test_names_are_listed_in_pages(start: Any) -> None:
    gw = start().client()
    names = sorted(host() for _ in range(5))
    for name in names:
        regional(gw, name)
    found, pages, position = [], 0, {}
    while True:
        page = gw.get_domain_names(limit=2, **position)
        found += [one["domainName"] for one in page["items"]]
        pages += 1
        if "position" not in page:
            break
        position = {"position": page["position"]}
    assert (found, pages) == (names, 3)
    assert gw.get_domain_names(resourceOwner="OTHER_ACCOUNTS")["items"] == []


def test_a_wildcard_is_found_under_its_own_name(gw: Any) -> None:
    name = f"*.{host()}"
    regional(gw, name)
    assert gw.get_domain_name(domainName=name)["domainName"] == name
    assert status(gw.delete_domain_name(domainName=name)) == 202
    assert refusal(gw.get_domain_name, domainName=name) == UNKNOWN


def test_a_name_is_changed_in_place(gw: Any) -> None:
    name = host()
    regional(gw, name)
    changed = gw.update_domain_name(
        domainName=name,
        patchOperations=patch(
            ("replace", "/securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09"),
            ("replace", "/endpointAccessMode", "BASIC"),
            ("replace", "/routingMode", "ROUTING_RULE_THEN_BASE_PATH_MAPPING"),
            ("add", "/mutualTlsAuthentication/truststoreUri", "s3://trust/store.pem"),
            ("replace", "/regionalCertificateArn", CERTIFICATE + "1"),
            ("replace", "/endpointConfiguration/ipAddressType", "dualstack"),
        ),
    )
    assert changed["securityPolicy"] == "SecurityPolicy_TLS13_1_3_2025_09"
    assert changed["endpointAccessMode"] == "BASIC"
    assert changed["routingMode"] == "ROUTING_RULE_THEN_BASE_PATH_MAPPING"
    assert changed["mutualTlsAuthentication"] == {"truststoreUri": "s3://trust/store.pem"}
    assert changed["regionalCertificateArn"] == CERTIFICATE + "1"
    assert changed["endpointConfiguration"]["ipAddressType"] == "dualstack"
    assert members(gw.get_domain_name(domainName=name)) == members(changed)


def test_edge_becomes_regional_and_is_both_in_between(gw: Any) -> None:
    name = host()
    gw.create_domain_name(domainName=name, certificateArn=CERTIFICATE)
    both = gw.update_domain_name(
        domainName=name,
        patchOperations=patch(("add", "/endpointConfiguration/types", "REGIONAL"), ("add", "/regionalCertificateArn", CERTIFICATE)),
    )
    assert both["endpointConfiguration"]["types"] == ["EDGE", "REGIONAL"]
    one = gw.update_domain_name(domainName=name, patchOperations=patch(("remove", "/endpointConfiguration/types", "EDGE")))
    assert one["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert "distributionDomainName" not in one


@pytest.mark.parametrize(("path", "value"), [("/domainName", "x.example.com"), ("/tags/x", "y"), ("/policy", "{}"), ("/routingMode", "ANY")])
def test_what_cannot_be_changed_is_refused(gw: Any, path: str, value: str) -> None:
    name = host()
    regional(gw, name)
    told = refusal(gw.update_domain_name, domainName=name, patchOperations=patch(("replace", path, value)))
    assert told[:2] == (400, "BadRequestException")


def test_an_unknown_name_is_not_found(gw: Any) -> None:
    for call in (gw.get_domain_name, gw.update_domain_name, gw.delete_domain_name):
        assert refusal(call, domainName="nobody.example.com") == UNKNOWN


def test_constraints_are_told_all_at_once(gw: Any) -> None:
    code, kind, message = refusal(gw.create_domain_name, domainName=host(), endpointConfiguration={"types": ["x"], "ipAddressType": "y"})
    assert (code, kind) == (400, "ValidationException")
    assert message.startswith("2 validation errors detected: Value '[x]' at 'createDomainNameInput.endpointConfiguration.types'")


def test_a_private_name_is_told_apart_by_its_id(gw: Any) -> None:
    name = host()
    made = private(gw, name, policy='{"Version":"2012-10-17","Statement":[]}')
    at = {"domainName": name, "domainNameId": made["domainNameId"]}
    assert made["domainNameArn"] == f"arn:aws:apigateway:{REGION}:{ACCOUNT}:/domainnames/{name}+{made['domainNameId']}"
    assert refusal(gw.get_domain_name, domainName=name) == UNKNOWN
    assert members(gw.get_domain_name(**at)) == members(made)
    managed = gw.update_domain_name(**at, patchOperations=patch(("replace", "/managementPolicy", '{"Statement":[]}')))
    assert managed["managementPolicy"] and managed["policy"]
    gw.tag_resource(resourceArn=made["domainNameArn"], tags={"a": "b"})
    assert gw.get_tags(resourceArn=made["domainNameArn"])["tags"] == {"a": "b"}
    assert status(gw.delete_domain_name(**at)) == 202


def test_a_name_and_its_base_paths_outlive_a_restart(start: Any, tmp_path: Any) -> None:
    cardea: Cardea = start()
    api = Api(cardea).mock()
    api.deploy("dev")
    name = host()
    regional(cardea.client(), name)
    cardea.client().create_base_path_mapping(domainName=name, basePath="pets", restApiId=api.id, stage="dev")
    cardea.stop()
    cardea.start()
    gw = cardea.client()
    assert gw.get_domain_name(domainName=name)["domainName"] == name
    assert members(gw.get_base_path_mapping(domainName=name, basePath="pets")) == {"basePath": "pets", "restApiId": api.id, "stage": "dev"}


def test_the_tags_of_a_public_name_go_by_its_arn(gw: Any) -> None:
    arn = regional(gw, host(), tags={"a": "1"})["domainNameArn"]
    gw.untag_resource(resourceArn=arn, tagKeys=["a"])
    gw.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert gw.get_tags(resourceArn=arn)["tags"] == {"b": "2"}


# ── base path mappings ──


@pytest.fixture
def staged(api: Api) -> Api:
    api.mock().deploy("dev")
    return api


def test_a_base_path_is_made_listed_changed_and_ended(staged: Api, gw: Any) -> None:
    name = host()
    regional(gw, name)
    answer = gw.create_base_path_mapping(domainName=name, basePath="pets", restApiId=staged.id, stage="dev")
    assert status(answer) == 201
    assert members(answer) == {"basePath": "pets", "restApiId": staged.id, "stage": "dev"}
    root = gw.create_base_path_mapping(domainName=name, restApiId=staged.id)
    assert members(root) == {"basePath": "(none)", "restApiId": staged.id}
    assert members(gw.get_base_path_mapping(domainName=name, basePath="(none)")) == members(root)
    assert gw.get_base_path_mappings(domainName=name)["items"] == [members(root), members(answer)]
    page = gw.get_base_path_mappings(domainName=name, limit=1)
    assert gw.get_base_path_mappings(domainName=name, position=page["position"])["items"] == [members(answer)]
    changed = gw.update_base_path_mapping(
        domainName=name, basePath="pets", patchOperations=patch(("replace", "/basePath", "animals"), ("replace", "/stage", ""))
    )
    assert members(changed) == {"basePath": "animals", "restApiId": staged.id}
    assert status(gw.delete_base_path_mapping(domainName=name, basePath="animals")) == 202
    gone = refusal(gw.get_base_path_mapping, domainName=name, basePath="animals")
    assert gone == (404, "NotFoundException", "Invalid base path mapping identifier specified")


def test_a_base_path_is_one_of_its_kind(staged: Api, gw: Any) -> None:
    name = host()
    regional(gw, name)
    asked = {"domainName": name, "basePath": "a", "restApiId": staged.id, "stage": "dev"}
    gw.create_base_path_mapping(**asked)
    told = refusal(gw.create_base_path_mapping, **asked)
    assert told == (409, "ConflictException", "Base path already exists for this domain name")
    assert "slash character (/)" in refusal(gw.create_base_path_mapping, **{**asked, "basePath": "a/b"})[2]
    assert refusal(gw.create_base_path_mapping, **{**asked, "basePath": "b", "stage": "prod"})[:2] == (400, "BadRequestException")
    assert refusal(gw.create_base_path_mapping, **{**asked, "basePath": "b", "restApiId": "nosuchapi0"})[:2] == (400, "BadRequestException")
    assert refusal(gw.create_base_path_mapping, **{**asked, "domainName": "nobody.example.com"}) == UNKNOWN


def test_what_a_base_path_stands_for_cannot_be_deleted(staged: Api, gw: Any) -> None:
    name = host()
    regional(gw, name)
    gw.create_base_path_mapping(domainName=name, restApiId=staged.id, stage="dev")
    assert refusal(gw.delete_stage, restApiId=staged.id, stageName="dev")[:2] == (400, "BadRequestException")
    assert refusal(gw.delete_rest_api, restApiId=staged.id)[:2] == (400, "BadRequestException")
    gw.delete_domain_name(domainName=name)
    gw.delete_stage(restApiId=staged.id, stageName="dev")
    gw.delete_rest_api(restApiId=staged.id)


# ── access associations ──


def test_an_endpoint_gets_its_way_to_a_private_name(start: Any) -> None:
    gw = start().client()
    name = host()
    domain = private(gw, name)["domainNameArn"]
    asked = {"domainNameArn": domain, "accessAssociationSourceType": "VPCE", "accessAssociationSource": "vpce-0a1b2c3d"}
    answer = gw.create_domain_name_access_association(**asked, tags={"a": "b"})
    assert status(answer) == 201
    arn = f"arn:aws:apigateway:{REGION}:{ACCOUNT}:/domainnameaccessassociations/domainname/{name}/vpcesource/vpce-0a1b2c3d"
    assert members(answer) == {**asked, "domainNameAccessAssociationArn": arn, "tags": {"a": "b"}}
    assert gw.get_domain_name_access_associations()["items"] == [members(answer)]
    assert refusal(gw.create_domain_name_access_association, **asked)[:2] == (409, "ConflictException")
    assert status(gw.delete_domain_name_access_association(domainNameAccessAssociationArn=arn)) == 202
    assert gw.get_domain_name_access_associations()["items"] == []
    assert refusal(gw.delete_domain_name_access_association, domainNameAccessAssociationArn=arn)[:2] == (404, "NotFoundException")


def test_an_association_is_rejected(start: Any) -> None:
    gw = start().client()
    domain = private(gw, host())["domainNameArn"]
    asked = {"domainNameArn": domain, "accessAssociationSourceType": "VPCE", "accessAssociationSource": "vpce-1"}
    made = {"domainNameAccessAssociationArn": gw.create_domain_name_access_association(**asked)["domainNameAccessAssociationArn"]}
    other = refusal(gw.reject_domain_name_access_association, **made, domainNameArn=domain + "x")
    assert other[:2] == (404, "NotFoundException")
    assert status(gw.reject_domain_name_access_association(**made, domainNameArn=domain)) == 202
    assert gw.get_domain_name_access_associations()["items"] == []


def test_a_public_name_needs_no_association(gw: Any) -> None:
    domain = regional(gw, host())["domainNameArn"]
    asked = {"domainNameArn": domain, "accessAssociationSourceType": "VPCE", "accessAssociationSource": "vpce-1"}
    assert refusal(gw.create_domain_name_access_association, **asked)[:2] == (400, "BadRequestException")
