"""Private integrations: several real back ends behind a VPC link, found, shared out, killed, looked after."""

from __future__ import annotations

import collections
import json
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from botocore.config import Config

from backend import Backend
from bench import Api, fresh
from program import ACCOUNT, REGION, Cardea, eventually
from test_explain import explained

ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net"

# A server of its own process, so that it can be killed as machines are: it answers with its port, on connections that are kept.
SERVER = """
import http.server, socketserver, sys
class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 512
server = Server(("127.0.0.1", int(sys.argv[1])), Answers)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


class Process:
    """A back end that can be killed, and started again where it was."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SERVER, str(self.port)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def three() -> Iterator[list[Process]]:
    processes = [Process() for _ in range(3)]
    yield processes
    for process in processes:
        process.kill()


def configured(start: Callable[..., Cardea], tmp_path: Path, text: str, *arguments: str, **env: str) -> Cardea:
    """A Cardea with this `cardea.toml`."""
    home = tmp_path / f"cardea-{len(list(tmp_path.glob('cardea-*')))}"
    home.mkdir()
    (home / "cardea.toml").write_text(text)
    return start(*arguments, CARDEA_ACCOUNT_RATE_LIMIT="0", **env)


def section(name: str, source: str, *more: str) -> str:
    lines = ["[[upstream]]", f'name = "{name}"', f'arns = ["{ARN}/{name}/0f0f"]', source, *more]
    return "\n".join(lines) + "\n"


def listed(ports: list[int]) -> str:
    return "targets = " + json.dumps([f"127.0.0.1:{port}" for port in ports])


def link(gw: Any, name: str) -> str:
    return gw.create_vpc_link(name=fresh("link"), targetArns=[f"{ARN}/{name}/0f0f"])["id"]


def private(cardea: Cardea, connection: str, uri: str = "http://orders.internal/x", **members: Any) -> Api:
    """An API with one private method, deployed."""
    api = Api(cardea)
    api.proxy("/x", uri, "GET", connectionType="VPC_LINK", connectionId=connection, **members)
    api.deploy()
    return api


def who(api: Api, requests: int = 1) -> "collections.Counter[str]":
    answers = [api.call("/x") for _ in range(requests)]
    assert {answer.status for answer in answers} == {200}, [answer.text for answer in answers if answer.status != 200]
    return collections.Counter(answer.text for answer in answers)


def metrics(cardea: Cardea) -> dict[str, float]:
    lines = cardea.signed("GET", "/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def test_one_of_three_is_killed_under_load_and_no_get_fails(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    ports = [process.port for process in three]
    cardea = configured(start, tmp_path, section("orders", listed(ports), "eject-ms = 500"))
    api = private(cardea, link(cardea.client(), "orders"))
    assert set(who(api, 3)) == {str(port) for port in ports}
    stop, answers, done = threading.Event(), [], threading.Semaphore(0)

    def load() -> None:
        while not stop.is_set():
            answers.append(api.call("/x"))
            done.release()

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()

    def wait(requests: int) -> None:
        for _ in range(requests):
            assert done.acquire(timeout=20)

    wait(300)
    three[0].kill()
    wait(600)
    # It comes back, and gets its share again.
    seen = len(answers)
    three[0].start()
    back = eventually(lambda: any(answer.text == str(ports[0]) for answer in answers[seen:]))
    wait(300)
    stop.set()
    for thread in threads:
        thread.join(20)
    failed = [(answer.status, answer.text) for answer in answers if answer.status != 200]
    assert not failed and back, (len(answers), failed[:5])
    told = metrics(cardea)
    target = f'{{group="orders",target="127.0.0.1:{ports[0]}"}}'
    assert told[f"cardea_target_failures_total{target}"] >= 1
    assert told[f"cardea_target_ejections_total{target}"] >= 1
    assert told[f'cardea_upstream_retries_total{{arn="{ARN}/orders/0f0f"}}'] >= 1


def test_explain_tells_among_whom_was_chosen(start: Callable[..., Cardea], tmp_path: Path, backend: Backend) -> None:
    cardea = configured(start, tmp_path, section("orders", listed([backend.port])))
    api = private(cardea, link(cardea.client(), "orders"), "http://orders.internal:8080/status/200")
    answer = api.call("/x")
    assert answer.status == 200 and backend.last.header("Host") == "orders.internal:8080"
    told = explained(cardea, answer)
    assert told["chosenAmong"] == {"arn": f"{ARN}/orders/0f0f", "targets": 1, "wellTargets": 1, "retries": 0}
    assert told["backEnd"]["address"] == backend.authority


def test_a_file_of_targets_is_followed(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    file = tmp_path / "targets"
    file.write_text(f"127.0.0.1:{three[0].port}\n")
    cardea = configured(start, tmp_path, section("orders", f'file = "{file}"'))
    api = private(cardea, link(cardea.client(), "orders"))
    assert set(who(api, 2)) == {str(three[0].port)}
    file.write_text(f"# two of them\n127.0.0.1:{three[1].port} weight=2\n127.0.0.1:{three[2].port}\n")
    assert eventually(lambda: set(who(api)) == {str(three[1].port)})
    share = who(api, 6)
    assert share == {str(three[1].port): 4, str(three[2].port): 2}
    # What makes no sense changes nothing.
    file.write_text("no target\n")
    assert eventually(lambda: "the file of targets cannot be used" in cardea.log())
    assert who(api, 6) == share


def test_a_target_that_health_checks_find_unwell_comes_back(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    with Backend() as ill:
        state = {"status": 500}
        ill.script["/healthz"] = lambda peer, seen: peer.send(state["status"], [("Content-Type", "text/plain")], b"") or True
        ill.script["/x"] = lambda peer, seen: peer.send(200, [("Content-Type", "text/plain")], b"ill") or True
        checks = ['check = "http:/healthz"', 'check-statuses = "200"', "check-interval-ms = 100", "unhealthy-after = 1", "healthy-after = 1"]
        text = section("orders", listed([ill.port, three[0].port]), *checks)
        cardea = configured(start, tmp_path, text)
        api = private(cardea, link(cardea.client(), "orders"))
        assert eventually(lambda: who(api, 4) == {str(three[0].port): 4})
        well = f'cardea_target_well{{group="orders",target="127.0.0.1:{ill.port}"}}'
        assert metrics(cardea)[well] == 0
        state["status"] = 200
        assert eventually(lambda: who(api, 4) == {str(three[0].port): 2, "ill": 2})
        assert metrics(cardea)[well] == 1


def test_a_stage_variable_names_the_link(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    text = section("blue", listed([three[0].port])) + section("green", listed([three[1].port]))
    cardea = configured(start, tmp_path, text)
    gw = cardea.client()
    api = Api(cardea)
    api.proxy("/x", "http://orders.internal/x", "GET", connectionType="VPC_LINK", connectionId="${stageVariables.link}")
    api.deploy("blue", variables={"link": link(gw, "blue")})
    api.deploy("green", variables={"link": link(gw, "green")})
    for stage, process in (("blue", three[0]), ("green", three[1])):
        api.stage = stage
        assert set(who(api, 3)) == {str(process.port)}
    gw.update_stage(restApiId=api.id, stageName="green", patchOperations=[{"op": "remove", "path": "/variables/link"}])
    answer = api.call("/x")
    assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})
    assert "is not set" in explained(cardea, answer)["refused"]["because"]


def test_what_nobody_knows_is_a_500_and_the_operator_is_told_why(start: Callable[..., Cardea], tmp_path: Path, backend: Backend) -> None:
    cardea = configured(start, tmp_path, section("orders", listed([backend.port])))
    gw = cardea.client()
    for connection, because in ((link(gw, "unknown"), "nothing is known behind"), ("abc123", "there is no VPC link")):
        api = private(cardea, connection)
        answer = api.call("/x")
        assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})
        assert because in explained(cardea, answer)["refused"]["because"]
    # With a target of its own, the integration needs none of the link's; the stage is then part of the path.
    api = private(cardea, link(gw, "unknown"), "http://orders.internal/status/200", integrationTarget=f"{ARN}/orders/0f0f")
    assert api.call("/x").status == 200 and backend.last.target == "/dev/status/200"


def test_extras_are_off_where_awss_word_is_law(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    ports = [three[0].port, three[1].port]
    cardea = configured(start, tmp_path, section("orders", listed(ports)), "--profile", "aws-strict")
    api = private(cardea, link(cardea.client(), "orders"), "http://orders.internal:8080/x")
    assert len(who(api, 2)) == 2
    three[0].kill()
    statuses = collections.Counter(api.call("/x").status for _ in range(20))
    assert statuses == {200: 10, 504: 10}, "half of the requests fail, and nobody is left out"


def test_a_stream_of_events_passes_piece_by_piece(start: Callable[..., Cardea], tmp_path: Path, backend: Backend) -> None:
    go = threading.Event()

    def events(peer: Any, seen: Any) -> bool:
        peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in (b"1", b"2"):
            event = b"data: " + number + b"\n\n"
            peer.conn.sendall(b"%x\r\n%s\r\n" % (len(event), event))
            assert go.wait(20)
        peer.conn.sendall(b"0\r\n\r\n")
        return True

    backend.script["/events"] = events
    cardea = configured(start, tmp_path, section("orders", listed([backend.port])))
    api = private(cardea, link(cardea.client(), "orders"), "http://orders.internal/events")
    with socket.create_connection(cardea.data, timeout=20) as caller:
        caller.sendall(f"GET /dev/x HTTP/1.1\r\nHost: {cardea.host(api.id)}\r\n\r\n".encode())
        came = b""
        while b"data: 1\n\n" not in came:
            piece = caller.recv(4096)
            assert piece, came
            came += piece
        # The second is not even sent before the first is here.
        assert b"data: 2" not in came and b"text/event-stream" in came
        go.set()
        while b"0\r\n\r\n" not in came:
            piece = caller.recv(4096)
            assert piece, came
            came += piece
        assert b"data: 2\n\n" in came


class Names:
    """A DNS server with a few names, over UDP."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[bytes]] = {}
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def service(self, name: str, *services: tuple[int, int, str]) -> None:
        """SRV records: weight, port, host."""
        self.records[name, 33] = [struct.pack("!HHH", 0, weight, port) + self.name(host) for weight, port, host in services]

    def addresses(self, name: str, *addresses: str) -> None:
        self.records[name, 1] = [socket.inet_aton(address) for address in addresses]

    @staticmethod
    def name(text: str) -> bytes:
        return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"

    def _serve(self) -> None:
        while True:
            try:
                question, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            end = question.index(b"\0", 12) + 1
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1 : at + 1 + question[at]].decode())
                at += 1 + question[at]
            sort = struct.unpack("!H", question[end : end + 2])[0]
            found = self.records.get((".".join(labels), sort), [])
            self.asked.append(".".join(labels))
            head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
            records = b"".join(struct.pack("!HHHIH", 0xC00C, sort, 1, 1, len(data)) + data for data in found)
            self.socket.sendto(head + question[12 : end + 4] + records, peer)


@pytest.fixture
def names() -> Iterator[Names]:
    server = Names()
    yield server
    server.socket.close()


def test_dns_tells_targets_for_as_long_as_its_records_live(start: Callable[..., Cardea], tmp_path: Path, three: list[Process], names: Names) -> None:
    ports = [process.port for process in three]
    names.service("_http.orders.test", (3, ports[0], "one.test"), (1, ports[1], "one.test"))
    names.addresses("one.test", "127.0.0.1")
    text = section("services", 'srv = "_http.orders.test"', f'dns-server = "{names.address}"')
    text += section("plain", f'dns = "one.test:{ports[2]}"', f'dns-server = "{names.address}"')
    cardea = configured(start, tmp_path, text)
    gw = cardea.client()
    api = private(cardea, link(gw, "services"))
    assert who(api, 8) == {str(ports[0]): 6, str(ports[1]): 2}
    assert set(who(private(cardea, link(gw, "plain")), 2)) == {str(ports[2])}
    # The records live for a second, then they are asked for again.
    names.service("_http.orders.test", (1, ports[2], "one.test"))
    assert eventually(lambda: set(who(api, 2)) == {str(ports[2])})
    # A name that is gone changes nothing.
    names.records.clear()
    asked = len(names.asked)
    assert eventually(lambda: "DNS tells no targets" in cardea.log() and len(names.asked) > asked)
    assert set(who(api, 2)) == {str(ports[2])}


def balancing(cardea: Cardea) -> Any:
    return cardea.client("elbv2", check=True)


def discovery(cardea: Cardea) -> Any:
    # DiscoverInstances goes to a host of its own on AWS.
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    return cardea.client("servicediscovery", config=config)


def target_group(elb: Any, name: str, ports: list[int], **more: Any) -> str:
    asked = {"Name": name, "Protocol": "TCP", "Port": 80, "TargetType": "ip", "VpcId": "vpc-1", **more}
    arn = elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=targets(ports))
    return arn


def targets(ports: list[int]) -> list[dict[str, Any]]:
    return [{"Id": "127.0.0.1", "Port": port} for port in ports]


def forward(*shares: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in shares]}}]


def test_a_load_balancer_made_by_its_api_is_what_a_link_leads_to(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    ports = [process.port for process in three]
    cardea = configured(start, tmp_path, "")
    elb, gw = balancing(cardea), cardea.client()
    balancer = elb.create_load_balancer(Name="orders", Type="network", Scheme="internal", Subnets=["subnet-1"])["LoadBalancers"][0]
    blue, green = target_group(elb, "blue", ports[:1]), target_group(elb, "green", ports[1:2])
    listener = elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="TCP", Port=8080, DefaultActions=forward((blue, 1)))
    listener = listener["Listeners"][0]["ListenerArn"]
    made = gw.create_vpc_link(name="orders", targetArns=[balancer["LoadBalancerArn"]])["id"]
    api = private(cardea, made, f"http://{balancer['DNSName']}:8080/x")
    assert who(api, 3) == {str(ports[0]): 3}
    # Each answer is true for the next request: none of these waits.
    elb.modify_listener(ListenerArn=listener, DefaultActions=forward((blue, 3), (green, 1)))
    assert who(api, 8) == {str(ports[0]): 6, str(ports[1]): 2}
    elb.register_targets(TargetGroupArn=green, Targets=targets(ports[2:]))
    elb.modify_listener(ListenerArn=listener, DefaultActions=forward((green, 1)))
    assert who(api, 4) == {str(ports[1]): 2, str(ports[2]): 2}
    elb.deregister_targets(TargetGroupArn=green, Targets=targets(ports[1:2]))
    assert who(api, 3) == {str(ports[2]): 3}
    # The port of the URI picks the listener.
    other = private(cardea, made, "http://orders.internal:81/x")
    answer = other.call("/x")
    assert answer.status == 500 and "no listener on port 81; it has 8080" in explained(cardea, answer)["refused"]["because"]
    # An integration that names the listener itself needs no port; links of the second kind lead nowhere else.
    second = cardea.client("apigatewayv2", check=True)
    wide = second.create_vpc_link(Name="wide", SubnetIds=["subnet-1"])
    assert second.get_vpc_link(VpcLinkId=wide["VpcLinkId"])["VpcLinkStatus"] == "AVAILABLE"
    third = private(cardea, wide["VpcLinkId"], "http://orders.internal/x", integrationTarget=listener)
    assert set(who(third)) == {str(ports[2])}
    # All of it is still there after a power cut.
    cardea.kill()
    cardea.start()
    assert who(api, 3) == {str(ports[2]): 3}
    assert set(who(third)) == {str(ports[2])}
    cardea.client("apigatewayv2").delete_vpc_link(VpcLinkId=wide["VpcLinkId"])
    assert third.call("/x").status == 500
    elb = balancing(cardea)
    assert [one["LoadBalancerName"] for one in elb.describe_load_balancers()["LoadBalancers"]] == ["orders"]
    elb.delete_listener(ListenerArn=listener)
    assert api.call("/x").status == 500
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    elb.delete_target_group(TargetGroupArn=blue)
    with pytest.raises(elb.exceptions.TargetGroupNotFoundException):
        elb.describe_target_health(TargetGroupArn=blue)


def test_the_health_of_targets_is_told(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    cardea = configured(start, tmp_path, "")
    elb = balancing(cardea)
    three[1].kill()
    ports = [three[0].port, three[1].port]
    checks = {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/", "HealthCheckIntervalSeconds": 5, "UnhealthyThresholdCount": 2}
    group = target_group(elb, "blue", ports, **checks)

    def health() -> dict[int, str]:
        told = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {one["Target"]["Port"]: one["TargetHealth"]["State"] for one in told}

    assert set(health().values()) == {"unused"}
    balancer = elb.create_load_balancer(Name="orders", Type="network", Subnets=["subnet-1"])["LoadBalancers"][0]["LoadBalancerArn"]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    # Two looks, five seconds apart.
    assert eventually(lambda: health() == {ports[0]: "healthy", ports[1]: "unhealthy"}, 20), health()


def test_errors_of_load_balancers_are_the_clients_own(start: Callable[..., Cardea], tmp_path: Path) -> None:
    cardea = configured(start, tmp_path, "")
    elb = balancing(cardea)
    group = target_group(elb, "blue", [80])
    with pytest.raises(elb.exceptions.DuplicateTargetGroupNameException):
        target_group(elb, "blue", [80], Port=81)
    with pytest.raises(elb.exceptions.LoadBalancerNotFoundException):
        elb.describe_load_balancers(Names=["none"])
    with pytest.raises(elb.exceptions.ListenerNotFoundException):
        elb.delete_listener(ListenerArn="arn:x")
    with pytest.raises(elb.exceptions.ClientError) as told:
        elb.create_load_balancer(Name="a_b")
    assert told.value.response["Error"]["Code"] == "ValidationError"
    elb.add_tags(ResourceArns=[group], Tags=[{"Key": "a", "Value": "<b> & c"}])
    assert elb.describe_tags(ResourceArns=[group])["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": "<b> & c"}]
    stranger = cardea.client("elbv2", aws_secret_access_key="wrong")
    with pytest.raises(elb.exceptions.ClientError) as told:
        stranger.describe_load_balancers()
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_service_of_cloud_map_is_what_an_integration_asks_for(start: Callable[..., Cardea], tmp_path: Path, three: list[Process]) -> None:
    cardea = configured(start, tmp_path, "")
    gw, sd = cardea.client(), discovery(cardea)
    operation = sd.create_http_namespace(Name="here", Description="d")["OperationId"]
    done = sd.get_operation(OperationId=operation)["Operation"]
    assert done["Status"] == "SUCCESS"
    service = sd.create_service(Name="orders", NamespaceId=done["Targets"]["NAMESPACE"], HealthCheckCustomConfig={"FailureThreshold": 1})["Service"]
    assert service["CreateDate"].year > 2020

    def register(name: str, process: Process, stage: str) -> None:
        attributes = {"AWS_INSTANCE_IPV4": "127.0.0.1", "AWS_INSTANCE_PORT": str(process.port), "stage": stage}
        sd.register_instance(ServiceId=service["Id"], InstanceId=name, Attributes=attributes)

    for name, process, stage in (("a", three[0], "prod"), ("b", three[1], "prod"), ("c", three[2], "test")):
        register(name, process, stage)
    found = sd.discover_instances(NamespaceName="here", ServiceName="orders", QueryParameters={"stage": "prod"})["Instances"]
    assert [(one["InstanceId"], one["HealthStatus"]) for one in found] == [("a", "HEALTHY"), ("b", "HEALTHY")]
    made = gw.create_vpc_link(name="here", targetArns=[service["Arn"]])["id"]
    api = private(cardea, made, "http://orders.here/x", integrationTarget=f"{service['Arn']}?stage=prod")
    assert who(api, 4) == {str(three[0].port): 2, str(three[1].port): 2}
    sd.update_instance_custom_health_status(ServiceId=service["Id"], InstanceId="a", Status="UNHEALTHY")
    assert who(api, 2) == {str(three[1].port): 2}
    sd.deregister_instance(ServiceId=service["Id"], InstanceId="b")
    register("c", three[2], "prod")
    assert who(api, 2) == {str(three[2].port): 2}
    with pytest.raises(sd.exceptions.ServiceNotFound):
        sd.get_service(Id="srv-none")
    with pytest.raises(sd.exceptions.ResourceInUse):
        sd.delete_service(Id=service["Id"])
    # Older clients speak JSON.
    headers = {"X-Amz-Target": "Route53AutoNaming_v20170314.ListServices", "Content-Type": "application/x-amz-json-1.1"}
    told = cardea.signed("POST", "/", b"{}", service="servicediscovery", headers=headers)
    assert told.status == 200 and told.json()["Services"][0]["Id"] == service["Id"]
    cardea.kill()
    cardea.start()
    assert who(api, 2) == {str(three[2].port): 2}
