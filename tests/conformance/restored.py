"""The documents that recordings leave out, made again from what AWS answered about the APIs that came of them.

Their README says so: the API that came of an import can be read from the answers. What is made here is another document of the same API,
so it proves the import of it and everything that was asked afterwards, not every byte of the sample.
"""

from __future__ import annotations

import json
from typing import Any, Optional

Answer = dict[str, Any]
MEDIA = "application/json"


def document(case: dict[str, Any]) -> Optional[Answer]:
    """A definition with the case's tokens in it; nothing where the answers do not tell enough."""
    answers = {step["answer"]: step["value"] for step in case["steps"] if "answer" in step}
    exported = answers.get("get-export-with-extensions")
    if exported:
        return _exported(exported["body"])
    if {"import-swagger", "get-authorizers", "get-models", "resources"} <= set(answers):
        return _asked(case, answers)
    return None


def tokens(case: dict[str, Any], region: str, account: str) -> dict[str, str]:
    """Values for what such a document brings in."""
    function = f"arn:aws:lambda:{region}:{account}:function:authorizer"
    uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
    known = {"<authorizer-uri:1>": uri, "<authorizer-credentials:1>": f"arn:aws:iam::{account}:role/authorizer"}
    text = json.dumps(case)
    return {token: value for token, value in known.items() if token in text}


def _exported(body: Answer) -> Answer:
    """An export is a definition: without the stage it was of, and without the version that it was given."""
    made = {key: held for key, held in body.items() if key != "servers"}
    return {**made, "info": {key: held for key, held in body["info"].items() if key != "version"}}


def _asked(case: dict[str, Any], answers: dict[str, Answer]) -> Answer:
    api = answers["import-swagger"]
    authorizers = {one["id"]: one for one in answers["get-authorizers"]["items"]}
    return {
        "swagger": "2.0",
        "info": {"title": api["name"], "description": api["description"], "version": api["version"]},
        "paths": _paths(case, authorizers),
        "securityDefinitions": {one["name"]: _authorizer(one) for one in authorizers.values()},
        "definitions": {one["name"]: _schema(one["schema"]) for one in answers["get-models"]["items"]},
    }


def _paths(case: dict[str, Any], authorizers: Answer) -> Answer:
    """Each method, by the call that asked for it."""
    paths: Answer = {}
    resources: dict[str, str] = {}
    asked: Optional[Answer] = None
    for step in case["steps"]:
        if step.get("call", "").endswith(".GetResources"):
            resources.update({token: path[len("items[path=") : -len("].id")] for path, token in step["gives"].items() if path.endswith("].id")})
        if "call" in step:
            asked = step["params"] if step["call"].endswith(".GetMethod") else None
        elif asked is not None:
            path = resources[asked["resourceId"]]
            paths.setdefault(path, {})[asked["httpMethod"].lower()] = _method(step["value"], authorizers)
    return paths


def _authorizer(one: Answer) -> Answer:
    told = {"type": one["type"].lower()}
    for name in ("authorizerUri", "authorizerCredentials", "identityValidationExpression", "authorizerResultTtlInSeconds"):
        if name in one:
            told[name] = one[name]
    return {
        "type": "apiKey",
        "name": one["identitySource"].rpartition(".")[2],
        "in": "header",
        "x-amazon-apigateway-authtype": one["authType"],
        "x-amazon-apigateway-authorizer": told,
    }


def _schema(value: Any) -> Any:
    if isinstance(value, list):
        return [_schema(held) for held in value]
    if not isinstance(value, dict):
        return value
    return {key: "#/definitions/" + held.rpartition("/")[2] if key == "$ref" else _schema(held) for key, held in value.items()}


def _method(told: Answer, authorizers: Answer) -> Answer:
    made: Answer = {}
    if "operationName" in told:
        made["operationId"] = told["operationName"]
    parameters = []
    for key, required in told.get("requestParameters", {}).items():
        place, _, name = key[len("method.request.") :].partition(".")
        parameters.append({"name": name, "in": {"querystring": "query"}.get(place, place), "required": required, "type": "string"})
    for media, model in told.get("requestModels", {}).items():
        made["consumes"] = [media]
        parameters.append({"name": model, "in": "body", "required": True, "schema": {"$ref": f"#/definitions/{model}"}})
    if parameters:
        made["parameters"] = parameters
    made["responses"] = {status: _response(one) for status, one in told["methodResponses"].items()}
    produced = {media for one in told["methodResponses"].values() for media in one.get("responseModels", {})}
    made["produces"] = sorted(produced) or [MEDIA]
    if told.get("authorizerId"):
        made["security"] = [{authorizers[told["authorizerId"]]["name"]: []}]
    made["x-amazon-apigateway-integration"] = _integration(told["methodIntegration"])
    return made


def _response(told: Answer) -> Answer:
    made: Answer = {"description": f"{told['statusCode']} response"}
    headers = {key.rpartition(".")[2]: {"type": "string"} for key in told.get("responseParameters", {})}
    if headers:
        made["headers"] = headers
    for model in told.get("responseModels", {}).values():
        made["schema"] = {"$ref": f"#/definitions/{model}"}
    return made


def _texts(templates: Answer) -> Answer:
    """Templates as they were sent: those that are JSON were written down read."""
    return {media: held if isinstance(held, str) else json.dumps(held) for media, held in templates.items()}


def _integration(told: Answer) -> Answer:
    made: Answer = {"type": told["type"].lower(), "passthroughBehavior": told["passthroughBehavior"].lower(), "responses": {}}
    for name in ("uri", "httpMethod", "requestParameters"):
        if name in told:
            made[name] = told[name]
    if "requestTemplates" in told:
        made["requestTemplates"] = _texts(told["requestTemplates"])
    for one in told.get("integrationResponses", {}).values():
        response = {name: one[name] for name in ("statusCode", "responseParameters") if name in one}
        if "responseTemplates" in one:
            response["responseTemplates"] = _texts(one["responseTemplates"])
        made["responses"][one.get("selectionPattern", "default")] = response
    return made
