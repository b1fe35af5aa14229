"""Holds every answer to the service model that botocore carries: no unknown member, no wrong type, no required one missing.

botocore itself reads leniently: it drops what it does not know and takes what it can. So the raw JSON is walked beside the shape.
"""

from __future__ import annotations

import json
from typing import Any, Iterator

# Operations whose success was checked by this process.
checked: set[str] = set()


def watch(client: Any) -> None:
    """Checks all answers that this client gets."""
    client.meta.events.register("after-call", _check)


def operations() -> int:
    """How many operations the model has."""
    import botocore.session

    return len(botocore.session.get_session().get_service_model("apigateway").operation_names)


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    if model.service_model.service_name != "apigateway":
        return
    status = parsed["ResponseMetadata"]["HTTPStatusCode"]
    faults = list(_refusal(http_response) if status >= 300 else _success(http_response, parsed, model))
    assert not faults, f"{model.name} answered {status} against its model:\n  " + "\n  ".join(faults) + f"\n{http_response.content[:2000]!r}"
    if status < 300:
        checked.add(model.name)


def _refusal(response: Any) -> Iterator[str]:
    if not response.headers.get("x-amzn-errortype"):
        yield "a refusal without x-amzn-ErrorType"
    try:
        body = json.loads(response.content)
    except ValueError:
        yield "a refusal that is no JSON"
        return
    if not isinstance(body, dict) or set(body) != {"message"} or not isinstance(body["message"], str):
        yield "a refusal says its message, and nothing else"


def _success(response: Any, parsed: dict[str, Any], model: Any) -> Iterator[str]:
    wanted = model.http.get("responseCode", 200)
    if response.status_code != wanted:
        yield f"the model has the status {wanted}"
    shape = model.output_shape
    if shape is None:
        if response.content:
            yield "a body where the model has none"
        return
    payload = shape.serialization.get("payload")
    if payload:
        for name, member in shape.members.items():
            if member.serialization.get("location") == "header" and not parsed.get(name):
                yield f"the header {member.serialization['name']} is missing"
        return
    try:
        body = json.loads(response.content)
    except ValueError:
        yield "the body is no JSON"
        return
    yield from _walk(shape, body, "")


def _walk(shape: Any, value: Any, at: str) -> Iterator[str]:
    kind = shape.type_name
    here = at or "the body"
    if value is None:
        yield f"{here} is null"
    elif kind == "structure":
        if not isinstance(value, dict):
            yield f"{here} is no object"
            return
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name in shape.required_members:
            wire = shape.members[name].serialization.get("name", name)
            if wire not in value:
                yield f"{at}.{wire} is missing"
        for name, inner in value.items():
            if name in members:
                yield from _walk(members[name], inner, f"{at}.{name}")
            else:
                yield f"{at}.{name} is unknown"
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{here} is no list"
            return
        for index, inner in enumerate(value):
            yield from _walk(shape.member, inner, f"{at}[{index}]")
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"{here} is no map"
            return
        for name, inner in value.items():
            # A template that passes through is null on AWS, too (recorded).
            if inner is not None:
                yield from _walk(shape.value, inner, f"{at}.{name}")
    elif not _is_a(kind, value):
        yield f"{here} is no {kind}: {value!r}"
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{here} is none of {shape.enum}: {value!r}"


def _is_a(kind: str, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "blob": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": number and isinstance(value, int),
        "long": number and isinstance(value, int),
        "double": number,
        "float": number,
        # Epoch seconds.
        "timestamp": number,
    }[kind]
