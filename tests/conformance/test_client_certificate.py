"""ClientCertificate: as the control plane tells it, and as OpenSSL reads it."""

from __future__ import annotations

import datetime
import subprocess
from typing import Any

from bench import Api, members, patch, refusal, status
from program import REGION

UNKNOWN = (404, "NotFoundException", "Invalid client certificate identifier specified")


def test_a_certificate_has_exactly_these_members(gw: Any) -> None:
    answer = gw.generate_client_certificate(description="to the back end", tags={"a": "b"})
    assert status(answer) == 201
    made = members(answer)
    assert set(made) == {"clientCertificateId", "description", "pemEncodedCertificate", "createdDate", "expirationDate", "tags"}
    assert made["expirationDate"] - made["createdDate"] == datetime.timedelta(days=365)
    at = {"clientCertificateId": made["clientCertificateId"]}
    assert members(gw.get_client_certificate(**at)) == made
    assert made in gw.get_client_certificates(limit=500)["items"]
    changed = gw.update_client_certificate(**at, patchOperations=patch(("replace", "/description", "e")))
    assert changed["description"] == "e"
    wrong = refusal(gw.update_client_certificate, **at, patchOperations=patch(("replace", "/tags", "e")))
    assert wrong[:2] == (400, "BadRequestException")
    assert status(gw.delete_client_certificate(**at)) == 202
    for call in (gw.get_client_certificate, gw.update_client_certificate, gw.delete_client_certificate):
        assert refusal(call, **at) == UNKNOWN


def test_openssl_reads_an_rsa_key_of_2048_bits_that_signed_itself(gw: Any, tmp_path: Any) -> None:
    pem = gw.generate_client_certificate()["pemEncodedCertificate"]
    (tmp_path / "one.pem").write_text(pem)
    told = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "one.pem", "-noout", "-text"], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    assert "Public-Key: (2048 bit)" in told and "rsaEncryption" in told and "sha256WithRSAEncryption" in told
    trusted = ["openssl", "verify", "-check_ss_sig", "-CAfile", tmp_path / "one.pem", tmp_path / "one.pem"]
    assert subprocess.run(trusted, capture_output=True, text=True, check=False, timeout=20).stdout.strip().endswith("OK")


def test_certificates_come_in_pages(start: Any) -> None:
    gw = start().client()
    made = sorted(gw.generate_client_certificate()["clientCertificateId"] for _ in range(3))
    first = gw.get_client_certificates(limit=2)
    rest = gw.get_client_certificates(limit=2, position=first["position"])
    assert [one["clientCertificateId"] for one in first["items"] + rest["items"]] == made
    assert "position" not in rest


def test_a_certificate_that_a_stage_shows_cannot_be_deleted(api: Api, gw: Any) -> None:
    api.mock().deploy("dev")
    at = {"clientCertificateId": gw.generate_client_certificate()["clientCertificateId"]}
    stage = {"restApiId": api.id, "stageName": "dev"}
    set_to = lambda value: gw.update_stage(**stage, patchOperations=patch(("replace", "/clientCertificateId", value)))
    assert set_to(at["clientCertificateId"])["clientCertificateId"] == at["clientCertificateId"]
    assert refusal(gw.delete_client_certificate, **at)[:2] == (400, "BadRequestException")
    assert refusal(gw.update_stage, **stage, patchOperations=patch(("replace", "/clientCertificateId", "nosuch")))[0] == 400
    set_to("")
    gw.delete_client_certificate(**at)


def test_its_tags_go_by_its_arn(gw: Any) -> None:
    made = gw.generate_client_certificate(tags={"a": "1"})["clientCertificateId"]
    arn = f"arn:aws:apigateway:{REGION}::/clientcertificates/{made}"
    gw.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert gw.get_tags(resourceArn=arn)["tags"] == {"a": "1", "b": "2"}
    gw.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert gw.get_client_certificate(clientCertificateId=made)["tags"] == {"b": "2"}
