"""An API in few words, for tests that are about something else."""

from __future__ import annotations

import itertools
from typing import Any, Optional

from botocore.exceptions import ClientError

from program import Cardea
from wire import Answer

_numbers = itertools.count(1)


def fresh(word: str = "thing") -> str:
    """A name nobody else has."""
    return f"{word}-{next(_numbers)}"


class Api:
    """A REST API under construction: resources by path, methods in one line, a stage to call."""

    def __init__(self, cardea: Cardea, **members: Any):
        self.cardea = cardea
        self.gw = cardea.client()
        made = self.gw.create_rest_api(**{"name": fresh("api"), **members})
        self.id: str = made["id"]
        self.root: str = made["rootResourceId"]
        self.stage = "dev"
        self._resources = {"/": self.root}

    def resource(self, path: str) -> str:
        """The id of the resource at `path`, made with its parents where they are missing."""
        if path not in self._resources:
            parent, _, part = path.rpartition("/")
            made = self.gw.create_resource(restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=part)
            self._resources[path] = made["id"]
        return self._resources[path]

    def at(self, path: str = "/", verb: str = "GET") -> dict[str, str]:
        """The members that name a method."""
        return {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": verb}

    def method(self, path: str = "/", verb: str = "GET", **members: Any) -> Any:
        return self.gw.put_method(**self.at(path, verb), **{"authorizationType": "NONE", **members})

    def mock(self, path: str = "/", verb: str = "GET", status: int = 200, body: Optional[str] = '{"ok":true}', **method: Any) -> "Api":
        """A method that answers `status` and `body` by itself."""
        at = self.at(path, verb)
        self.method(path, verb, **method)
        self.gw.put_method_response(**at, statusCode=str(status))
        self.gw.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": %d}' % status})
        templates = {} if body is None else {"responseTemplates": {"application/json": body}}
        self.gw.put_integration_response(**at, statusCode=str(status), **templates)
        return self

    def proxy(self, path: str, uri: str, verb: str = "ANY", type: str = "HTTP_PROXY", method: Optional[dict[str, Any]] = None, **members: Any) -> "Api":
        """A method in front of an HTTP back end; `{name}` in the path and the URI are joined up."""
        names = [part.strip("{}+") for part in path.split("/") if part.startswith("{")]
        asked = {f"method.request.path.{name}": True for name in names}
        mapped = {f"integration.request.path.{name}": f"method.request.path.{name}" for name in names}
        wanted = dict(method or {})
        wanted["requestParameters"] = {**asked, **wanted.get("requestParameters", {})}
        self.method(path, verb, **wanted)
        parameters = {**mapped, **members.pop("requestParameters", {})}
        verb_sent = members.pop("integrationHttpMethod", verb)
        self.gw.put_integration(**self.at(path, verb), type=type, uri=uri, integrationHttpMethod=verb_sent, requestParameters=parameters, **members)
        return self

    def responses(self, path: str, verb: str = "GET", **patterns: Optional[str]) -> "Api":
        """Method and integration responses `s200=None, s400="4\\d{2}"`."""
        for word, pattern in patterns.items():
            at = {**self.at(path, verb), "statusCode": word[1:]}
            self.gw.put_method_response(**at)
            self.gw.put_integration_response(**at, **({} if pattern is None else {"selectionPattern": pattern}))
        return self

    def deploy(self, stage: str = "dev", **members: Any) -> str:
        self.stage = stage
        return self.gw.create_deployment(restApiId=self.id, stageName=stage, **members)["id"]

    def call(self, path: str = "/", method: str = "GET", headers: Any = None, body: Any = None, **how: Any) -> Answer:
        return self.cardea.call(self.id, f"/{self.stage}{path}", method, headers, body, **how)


def refusal(call: Any, **params: Any) -> tuple[int, str, str]:
    """Status, code and message of a control operation that has to fail."""
    try:
        answer = call(**params)
    except ClientError as error:
        told = error.response
        return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"], told["Error"]["Message"]
    raise AssertionError(f"{call.__name__} succeeded: {answer}")


def status(answer: Any) -> int:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def members(answer: Any) -> dict[str, Any]:
    """An answer without what the client adds."""
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def patch(*operations: tuple[Any, ...]) -> list[dict[str, str]]:
    """`("replace", "/name", "x")` or `("remove", "/x")` or `("copy", "/x", None, "/y")` as patch operations."""
    made = []
    for op, path, *rest in operations:
        one = {"op": op, "path": path}
        if rest and rest[0] is not None:
            one["value"] = rest[0]
        if len(rest) > 1:
            one["from"] = rest[1]
        made.append(one)
    return made
