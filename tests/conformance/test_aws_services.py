"""AWS integrations with other services than Lambda: what a caller sends arrives there, as boto3 sees it at the service itself."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Iterator, Optional

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import wire
from backend import Backend, Seen
from bench import Api, fresh, patch
from functions import SETTINGS
from outside import Outside
from program import ACCOUNT, REGION, Cardea
from services import Services
from test_explain import explained

ROLE = f"arn:aws:iam::{ACCOUNT}:role/api"
FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
JSON = {"Content-Type": "application/json"}
BYTES = bytes(range(256)) * 40


@pytest.fixture(scope="session")
def reaching(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cardea]:
    """A Cardea whose AWS is moto."""
    with Cardea(tmp_path_factory.mktemp("reaching"), CARDEA_ACCOUNT_RATE_LIMIT="0", **SETTINGS, **services.environment) as cardea:
        yield cardea


class Asked(Api):
    """An API whose methods ask services of AWS."""

    def service(
        self,
        path: str,
        verb: str,
        uri: str,
        template: Optional[str] = None,
        parameters: Optional[dict[str, str]] = None,
        method: Optional[str] = None,
        role: str = ROLE,
        **members: Any,
    ) -> "Asked":
        """A method that asks `uri` (after the region), with one response for whatever comes back."""
        self.unanswered(path, verb, uri, template, parameters, method, role, **members)
        self.responses(path, verb, s200=None)
        return self

    def unanswered(self, path: str, verb: str, uri: str, template: Any, parameters: Any, method: Any, role: str, **members: Any) -> None:
        parameters = parameters or {}
        # What a mapping takes of the caller's request must be a parameter of the method.
        declared = {value: False for value in parameters.values() if value.startswith("method.request.") and ".body" not in value}
        declared.update({f"method.request.path.{part.strip('{}+')}": True for part in path.split("/") if part.startswith("{")})
        self.method(path, verb, requestParameters=declared)
        if template is not None:
            members["requestTemplates"] = {"application/json": template}
        self.gw.put_integration(
            **self.at(path, verb),
            type="AWS",
            uri=f"arn:aws:apigateway:{REGION}:{uri}",
            integrationHttpMethod=method or verb,
            credentials=role,
            requestParameters=parameters,
            **members,
        )


@pytest.fixture
def asked(reaching: Cardea, request: pytest.FixtureRequest) -> Asked:
    request.node.programs = [reaching]
    return Asked(reaching)


def because(cardea: Cardea, answer: wire.Answer) -> str:
    """What the operator is told of a refusal."""
    told = explained(cardea, answer)["refused"]
    return f"{told['type']}: {told['because']}"


def received(services: Services, url: str) -> list[str]:
    return [message["Body"] for message in services.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


def queue(services: Services) -> tuple[str, str]:
    """A queue's name and URL."""
    name = fresh("queue")
    return name, services.client("sqs").create_queue(QueueName=name)["QueueUrl"]


# ── SQS and SNS ──


def test_a_message_by_the_path_of_its_queue(asked: Asked, services: Services) -> None:
    name, url = queue(services)
    template = "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
    asked.service("/send", "POST", f"sqs:path/{ACCOUNT}/{name}", template, FORM).deploy()
    answer = asked.call("/send", "POST", JSON, b'{"a": "b & c = \xc3\xa9"}')
    assert answer.status == 200 and "SendMessage" in answer.text, answer.text
    assert asked.call("/send", "POST", JSON).status == 200
    assert received(services, url) == ['{"a": "b & c = é"}', "{}"]


def test_a_message_by_action_with_mapped_parameters(asked: Asked, services: Services) -> None:
    _, url = queue(services)
    mapped = {"integration.request.querystring.QueueUrl": f"'{url}'", "integration.request.querystring.MessageBody": "method.request.querystring.say"}
    asked.service("/send", "GET", "sqs:action/SendMessage", None, {**mapped, **FORM}, method="POST").deploy()
    answer = asked.call("/send?say=hello%20%26%20good%2Fbye")
    assert answer.status == 200 and "MessageId" in answer.text, answer.text
    assert received(services, url) == ["hello & good/bye"]


def test_a_message_by_the_json_protocol(asked: Asked, services: Services) -> None:
    _, url = queue(services)
    mapped = {"integration.request.header.X-Amz-Target": "'AmazonSQS.SendMessage'", "integration.request.header.Content-Type": "'application/x-amz-json-1.0'"}
    asked.service("/send", "POST", "sqs:path/", '{"QueueUrl": "%s", "MessageBody": $input.json("$.text")}' % url, mapped).deploy()
    answer = asked.call("/send", "POST", JSON, b'{"text": "json"}')
    assert answer.status == 200 and "MessageId" in answer.json(), answer.text
    assert received(services, url) == ["json"]


def test_a_topic_gets_what_is_published(asked: Asked, services: Services) -> None:
    _, url = queue(services)
    sns, sqs = services.client("sns"), services.client("sqs")
    topic = sns.create_topic(Name=fresh("topic"))["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    mapped = {"integration.request.querystring.TopicArn": f"'{topic}'", "integration.request.querystring.Message": "method.request.body.news"}
    asked.service("/news", "POST", "sns:action/Publish", None, {**mapped, **FORM}).deploy()
    assert asked.call("/news", "POST", JSON, b'{"news": "all is well"}').status == 200
    assert received(services, url) == ["all is well"]


# ── S3 ──


@pytest.fixture
def bucket(services: Services) -> str:
    name = fresh("bucket") + f"-{os.getpid()}"
    services.client("s3").create_bucket(Bucket=name)
    return name


def objects(asked: Asked, uri: str) -> None:
    """An API of a bucket's objects."""
    asked.gw.update_rest_api(restApiId=asked.id, patchOperations=patch(("add", "/binaryMediaTypes/image~1png")))
    mapped = {
        "integration.request.path.key": "method.request.path.key",
        "integration.request.header.Content-Type": "method.request.header.Content-Type",
    }
    asked.unanswered("/{key+}", "ANY", uri, None, mapped, "ANY", ROLE)
    at = asked.at("/{key+}", "ANY")
    for status, pattern in (("200", None), ("404", "404")):
        headers = {f"method.response.header.{name}": False for name in ("Content-Type", "ETag")}
        asked.gw.put_method_response(**at, statusCode=status, responseParameters=headers)
        # Names are taken as the service spells them, and moto spells one otherwise than S3.
        mapped = {"method.response.header.Content-Type": "integration.response.header.content-type", "method.response.header.ETag": "integration.response.header.ETag"}
        asked.gw.put_integration_response(**at, statusCode=status, responseParameters=mapped, **({"selectionPattern": pattern} if pattern else {}))
    asked.deploy()


@pytest.mark.parametrize("form", ["s3:path/{bucket}/{{key}}", "{bucket}.s3:path/{{key}}"])
def test_objects_are_put_got_and_deleted(asked: Asked, services: Services, bucket: str, form: str) -> None:
    objects(asked, form.format(bucket=bucket))
    s3 = services.client("s3")
    png = {"Content-Type": "image/png"}
    assert asked.call("/pictures/one%20%2B%20two.png", "PUT", png, BYTES).status == 200
    kept = s3.get_object(Bucket=bucket, Key="pictures/one + two.png")
    assert (kept["Body"].read(), kept["ContentType"]) == (BYTES, "image/png")
    got = asked.call("/pictures/one%20%2B%20two.png", headers={"Accept": "image/png"})
    assert (got.status, got.body, got.header("Content-Type"), got.header("ETag")) == (200, BYTES, "image/png", kept["ETag"])
    assert asked.call("/empty", "PUT", {"Content-Type": "text/plain"}).status == 200
    assert s3.get_object(Bucket=bucket, Key="empty")["ContentLength"] == 0
    assert asked.call("/empty", "DELETE").status == 200
    assert asked.call("/empty").status == 404
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["pictures/one + two.png"]


def test_a_large_object_is_put_whole(asked: Asked, services: Services, bucket: str) -> None:
    objects(asked, f"s3:path/{bucket}/{{key}}")
    large = BYTES * 700
    assert len(large) > 7_000_000
    assert asked.call("/large", "PUT", {"Content-Type": "image/png"}, large).status == 200
    assert services.client("s3").get_object(Bucket=bucket, Key="large")["Body"].read() == large


def test_an_error_of_the_service_is_an_answer_like_any_other(asked: Asked) -> None:
    objects(asked, "s3:path/no-such-bucket-here/{key}")
    missing = asked.call("/key")
    assert missing.status == 404 and "NoSuchBucket" in missing.text, missing.text
    asked.gw.delete_integration_response(**asked.at("/{key+}", "ANY"), statusCode="404")
    asked.deploy()
    assert asked.call("/key").status == 200


# ── DynamoDB, Kinesis, Firehose ──


def test_items_are_put_got_and_queried(asked: Asked, services: Services) -> None:
    table = fresh("table")
    dynamodb = services.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = '{"TableName": "%s", "Item": {"id": {"S": "$input.params(\'id\')"}, "colour": {"S": $input.json("$.colour")}}}'
    key = '{"TableName": "%s", "Key": {"id": {"S": "$input.params(\'id\')"}}}'
    query = '{"TableName": "%s", "KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "$input.params(\'id\')"}}}'
    asked.service("/items/{id}", "PUT", "dynamodb:action/PutItem", put % table, method="POST")
    asked.service("/items/{id}", "GET", "dynamodb:action/GetItem", key % table, method="POST")
    asked.service("/items/{id}/like", "GET", "dynamodb:action/Query", query % table, method="POST")
    asked.deploy()
    assert asked.call("/items/1", "PUT", JSON, b'{"colour": "red"}').json() == {}
    assert dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})["Item"] == {"id": {"S": "1"}, "colour": {"S": "red"}}
    assert asked.call("/items/1").json()["Item"]["colour"] == {"S": "red"}
    found = asked.call("/items/1/like").json()
    assert (found["Count"], found["Items"][0]["id"]) == (1, {"S": "1"})
    assert asked.call("/items/2/like").json()["Count"] == 0


def test_records_are_put_to_a_stream(asked: Asked, services: Services) -> None:
    stream = fresh("stream")
    kinesis = services.client("kinesis")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    record = '{"StreamName": "%s", "Data": "$util.base64Encode($input.body)", "PartitionKey": "p"}' % stream
    asked.service("/records", "POST", "kinesis:action/PutRecord", record).deploy()
    answer = asked.call("/records", "POST", JSON, b'{"n": 1}').json()
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=answer["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert [one["Data"] for one in kinesis.get_records(ShardIterator=iterator)["Records"]] == [b'{"n": 1}']


def test_records_are_put_to_a_delivery_stream(asked: Asked, services: Services, bucket: str) -> None:
    stream = fresh("delivery")
    where = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"}
    services.client("firehose").create_delivery_stream(DeliveryStreamName=stream, ExtendedS3DestinationConfiguration=where)
    record = '{"DeliveryStreamName": "%s", "Record": {"Data": "$util.base64Encode($input.body)"}}' % stream
    asked.service("/records", "POST", "firehose:action/PutRecord", record).deploy()
    assert "RecordId" in asked.call("/records", "POST", JSON, b'{"n": 2}').json()
    s3 = services.client("s3")
    (kept,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert s3.get_object(Bucket=bucket, Key=kept["Key"])["Body"].read() == b'{"n": 2}'


# ── Step Functions, EventBridge, SSM, and any other ──


def test_an_execution_is_started(asked: Asked, services: Services) -> None:
    states = services.client("stepfunctions")
    definition = json.dumps({"StartAt": "only", "States": {"only": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name=fresh("machine"), definition=definition, roleArn=ROLE)["stateMachineArn"]
    template = '{"input": "$util.escapeJavaScript($input.body)", "stateMachineArn": "%s"}' % machine
    asked.service("/start", "POST", "states:action/StartExecution", template).deploy()
    started = asked.call("/start", "POST", JSON, b'{"test": "value"}').json()
    execution = states.describe_execution(executionArn=started["executionArn"])
    assert (execution["stateMachineArn"], json.loads(execution["input"])) == (machine, {"test": "value"})


def test_an_event_reaches_its_rule(asked: Asked, services: Services) -> None:
    _, url = queue(services)
    arn = services.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events, source = services.client("events"), fresh("source")
    events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=source, Targets=[{"Id": "1", "Arn": arn}])
    mapped = {
        "integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
        "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
    }
    template = '{"Entries": [{"Source": "%s", "DetailType": "order", "Detail": "$util.escapeJavaScript($input.body)"}]}' % source
    asked.service("/events", "POST", "events:action/PutEvents", template, mapped).deploy()
    assert asked.call("/events", "POST", JSON, b'{"order": 7}').json()["FailedEntryCount"] == 0
    (event,) = [json.loads(body) for body in received(services, url)]
    assert (event["source"], event["detail-type"], event["detail"]) == (source, "order", {"order": 7})


def test_a_parameter_is_read(asked: Asked, services: Services) -> None:
    name = fresh("parameter")
    services.client("ssm").put_parameter(Name=name, Value="kept", Type="String")
    mapped = {
        "integration.request.header.X-Amz-Target": "'AmazonSSM.GetParameter'",
        "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
    }
    asked.service("/parameter", "POST", "ssm:action/GetParameter", '{"Name": "%s"}' % name, mapped).deploy()
    assert asked.call("/parameter", "POST", JSON, b"{}").json()["Parameter"]["Value"] == "kept"


def test_any_other_service_is_reached_by_its_uri(asked: Asked, services: Services) -> None:
    secret = fresh("secret")
    services.client("secretsmanager").create_secret(Name=secret, SecretString="of no use here")
    services.client("logs").create_log_group(logGroupName=secret)
    asked.service("/secret", "POST", "secretsmanager:action/DescribeSecret", '{"SecretId": "%s"}' % secret)
    asked.service("/groups", "POST", "logs:action/DescribeLogGroups", '{"logGroupNamePrefix": "%s"}' % secret)
    # The Lambda service's other paths are a service's like any.
    asked.service("/functions", "GET", "lambda:path/2015-03-31/functions/")
    asked.deploy()
    assert asked.call("/secret", "POST", JSON, b"{}").json()["Name"] == secret
    assert [one["logGroupName"] for one in asked.call("/groups", "POST", JSON, b"{}").json()["logGroups"]] == [secret]
    assert asked.call("/functions").json()["Functions"] == []


# ── URIs and roles ──


def test_stage_variables_name_the_queue_and_the_role(asked: Asked, services: Services) -> None:
    names = {stage: queue(services) for stage in ("red", "blue")}
    asked.service(
        "/send",
        "POST",
        "sqs:path/%s/${stageVariables.queue}" % ACCOUNT,
        "Action=SendMessage&MessageBody=$input.body",
        FORM,
        role=f"arn:aws:iam::{ACCOUNT}:role/${{stageVariables.role}}",
    )
    for stage, (name, url) in names.items():
        asked.deploy(stage, variables={"queue": name, "role": f"role-of-{stage}"})
        assert asked.call("/send", "POST", JSON, f'"{stage}"'.encode()).status == 200
        assert received(services, url) == [f'"{stage}"']


def test_the_session_of_the_role_is_what_signs(asked: Asked, services: Services) -> None:
    # Moto keeps accounts apart: what is asked with a session of another account's role is asked there.
    other = "222222222222"
    session = services.client("sts").assume_role(RoleArn=f"arn:aws:iam::{other}:role/look", RoleSessionName="look")["Credentials"]
    there = boto3.session.Session().client(
        "sqs",
        region_name=REGION,
        endpoint_url=services.url,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    name = fresh("queue")
    url = there.create_queue(QueueName=name)["QueueUrl"]
    asked.service("/send", "POST", f"sqs:path/{other}/{name}", "Action=SendMessage&MessageBody=over", FORM, role=f"arn:aws:iam::{other}:role/api")
    asked.deploy()
    assert asked.call("/send", "POST", JSON, b"{}").status == 200
    assert [one["Body"] for one in there.receive_message(QueueUrl=url)["Messages"]] == ["over"]


def test_a_function_elsewhere_is_invoked_with_the_session_of_the_role(services: Services, start: Callable[..., Cardea]) -> None:
    signed: list[Seen] = []

    def answer(seen: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        signed.append(seen)
        return 200, [("Content-Type", "application/json")], b'{"statusCode": 200, "body": "far"}'

    with Outside(answer) as far:
        api = Api(start(**{**services.environment, "AWS_ENDPOINT_URL_LAMBDA": far.url}))
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:{REGION}:{ACCOUNT}:function:far/invocations"
        for path, members in (("/own", {}), ("/role", {"credentials": ROLE})):
            api.method(path, "GET")
            api.gw.put_integration(**api.at(path, "GET"), type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, **members)
        api.deploy()
        assert [api.call(path).text for path in ("/own", "/role")] == ["far", "far"]
    own, role = signed
    assert f"Credential={services.environment['AWS_ACCESS_KEY_ID']}/" in (own.header("Authorization") or "")
    assert own.header("X-Amz-Security-Token") is None
    assert "Credential=ASIA" in (role.header("Authorization") or "") and role.header("X-Amz-Security-Token")


SESSION = ("ASIASESSIONSESSION", "session-secret/session-secret", "session-token")
ASSUMED = """<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>
<SessionToken>%s</SessionToken><Expiration>2126-11-22T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def signature(seen: Seen) -> tuple[str, str]:
    """The signature that came, and the one that botocore makes of the same request."""
    told = dict(part.strip().split("=", 1) for part in (seen.header("Authorization") or "").partition(" ")[2].split(","))
    _, _, region, service, _ = told["Credential"].split("/")
    headers = {name: seen.header(name) or "" for name in told["SignedHeaders"].split(";")}
    request = AWSRequest(seen.method, f"http://{seen.header('Host')}{seen.target}", headers=headers, data=seen.body)
    request.context["timestamp"] = headers["x-amz-date"]
    maker = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(*SESSION), service, region)
    # What it would send by itself is what was sent: the canonical request takes it from there.
    canonical = maker.canonical_request(request)
    return told["Signature"], maker.signature(maker.string_to_sign(request, canonical), request)


def test_signatures_are_those_that_botocore_makes(start: Callable[..., Cardea]) -> None:
    seen: list[Seen] = []

    def answer(one: Seen, authority: str) -> tuple[int, list[tuple[str, str]], bytes]:
        if b"AssumeRole" in one.body:
            return 200, [("Content-Type", "text/xml")], (ASSUMED % SESSION).encode()
        seen.append(one)
        return 200, [("Content-Type", "application/json")], b"{}"

    with Outside(answer) as aws:
        own = {"AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "own", "AWS_ENDPOINT_URL": aws.url}
        asked = Asked(start(**own))
        key = {"integration.request.path.key": "method.request.path.key", "integration.request.querystring.a-b": "method.request.querystring.q"}
        asked.service("/s3/{key+}", "ANY", "s3:path/bucket/{key}", None, key, method="ANY")
        asked.service("/iot/{key+}", "ANY", "data-ats.iot:path/topics/{key}", None, key, method="ANY")
        asked.service("/items", "POST", "dynamodb:action/PutItem", '{"a": $input.body}')
        asked.deploy()
        for path in ("/s3", "/iot"):
            assert asked.call(f"{path}/x%20y/%2B+~(1)/%C3%A9%2F/z?q=1%2F2%20%263+4", "PUT", {"Content-Type": "text/plain"}, b"\x00body").status == 200
        assert asked.call("/items", "POST", JSON, b"{}").status == 200
    assert len(seen) == 3
    for one in seen:
        came, made = signature(one)
        assert came == made, one
        assert one.header("X-Amz-Security-Token") == SESSION[2]


def test_in_development_a_table_needs_no_sts(services: Services, start: Callable[..., Cardea]) -> None:
    env = {name: value for name, value in services.environment.items() if name != "AWS_ENDPOINT_URL"}
    asked = Asked(start("--dev", **env, AWS_ENDPOINT_URL_DYNAMODB=services.url))
    asked.service("/tables", "POST", "dynamodb:action/ListTables", "{}").deploy()
    assert "TableNames" in asked.call("/tables", "POST", JSON, b"{}").json()


def test_the_services_id_of_its_answer_is_known_to_templates(asked: Asked) -> None:
    asked.unanswered("/tables", "POST", "dynamodb:action/ListTables", "{}", None, None, ROLE)
    at = {**asked.at("/tables", "POST"), "statusCode": "200"}
    asked.gw.put_method_response(**at, responseParameters={"method.response.header.id": False})
    asked.gw.put_integration_response(
        **at,
        responseParameters={"method.response.header.id": "integration.response.header.x-amzn-requestid"},
        responseTemplates={"application/json": '"$context.awsEndpointRequestId"'},
    )
    asked.deploy()
    answer = asked.call("/tables", "POST", JSON, b"{}")
    assert answer.header("id") and answer.json() == answer.header("id")


# ── what goes wrong ──


def test_a_role_that_may_not_be_assumed_is_a_500_and_the_operator_is_told_why(services: Services, start: Callable[..., Cardea]) -> None:
    no = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"
    with Outside(lambda seen, authority: (403, [("Content-Type", "text/xml")], no)) as sts:
        asked = Asked(start(**{**services.environment, "AWS_ENDPOINT_URL_STS": sts.url}))
        asked.service("/send", "POST", "sqs:action/ListQueues").deploy()
        answer = asked.call("/send", "POST", JSON, b"{}")
    assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})
    told = because(asked.cardea, answer)
    assert told.startswith("API_CONFIGURATION_ERROR") and ROLE in told and "AccessDenied" in told, told


def test_the_callers_credentials_and_missing_keys_are_500s(asked: Asked, services: Services, start: Callable[..., Cardea]) -> None:
    asked.service("/caller", "POST", "sqs:action/ListQueues", role="arn:aws:iam::*:user/*").deploy()
    answer = asked.call("/caller", "POST", JSON, b"{}")
    assert answer.status == 500 and "the caller's own credentials" in because(asked.cardea, answer)
    bare = Asked(start(AWS_ENDPOINT_URL=services.url, AWS_EC2_METADATA_DISABLED="true"))
    bare.service("/send", "POST", "sqs:action/ListQueues").deploy()
    answer = bare.call("/send", "POST", JSON, b"{}")
    assert answer.status == 500 and "no AWS credentials were found" in because(bare.cardea, answer)


def test_an_unknown_action_is_the_services_error_chosen_by_its_status(asked: Asked) -> None:
    # AWS says 400, moto 500: whatever it is, it chooses.
    asked.service("/wrong", "POST", "dynamodb:action/NoSuchAction", "{}")
    asked.responses("/wrong", "POST", s400="[45]\\d\\d")
    asked.unanswered("/none", "POST", "dynamodb:action/NoSuchAction", "{}", None, None, ROLE)
    asked.gw.put_method_response(**asked.at("/none", "POST"), statusCode="200")
    asked.gw.put_integration_response(**asked.at("/none", "POST"), statusCode="200", selectionPattern="2\\d\\d")
    asked.deploy()
    assert asked.call("/wrong", "POST", JSON, b"{}").status == 400
    answer = asked.call("/none", "POST", JSON, b"{}")
    assert answer.status == 500
    assert "Endpoint Response Status Code: 500" in because(asked.cardea, answer)


def test_a_service_that_is_away_and_one_that_is_late(services: Services, start: Callable[..., Cardea], backend: Backend) -> None:
    env = {**services.environment, "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SNS": backend.url}
    asked = Asked(start(**env))
    asked.service("/away", "POST", "sqs:path/1/q").service("/late", "POST", "sns:path/hang", timeoutInMillis=50).deploy()
    away, late = (asked.call(path, "POST", JSON, b"{}") for path in ("/away", "/late"))
    assert (away.status, late.status) == (504, 504)
    assert because(asked.cardea, away).startswith("INTEGRATION_FAILURE")
    assert because(asked.cardea, late).startswith("INTEGRATION_TIMEOUT")


def test_a_role_is_asked_for_when_the_integration_is_put(asked: Asked) -> None:
    asked.method("/x", "GET")
    uri = f"arn:aws:apigateway:{REGION}:sqs:action/ListQueues"
    with pytest.raises(asked.gw.exceptions.BadRequestException, match="Role ARN must be specified for AWS integrations"):
        asked.gw.put_integration(**asked.at("/x", "GET"), type="AWS", uri=uri, integrationHttpMethod="POST")


def test_a_trial_shows_what_went_out_and_no_secret(asked: Asked) -> None:
    asked.service("/tables", "POST", "dynamodb:action/ListTables", "{}")
    told = asked.gw.test_invoke_method(**asked.at("/tables", "POST"), body="{}")
    assert told["status"] == 200, told["log"]
    log = told["log"]
    assert "/?Action=ListTables" in log and "X-Amz-Target=DynamoDB_20120810.ListTables" in log
    line = next(line for line in log.splitlines() if "Endpoint request headers" in line)
    assert "AWS4-HMAC" not in line and "Credential=" not in line and "x-amz-security-token=***" in line.lower(), line


def test_what_a_service_was_asked_is_explained(asked: Asked) -> None:
    asked.service("/tables", "POST", "dynamodb:action/ListTables", "{}").deploy()
    told = explained(asked.cardea, asked.call("/tables", "POST", JSON, b"{}"))
    assert told["backEnd"]["status"] == 200, told["backEnd"]
