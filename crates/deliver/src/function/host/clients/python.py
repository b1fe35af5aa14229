"""Runs a Lambda handler: by the official client, awslambdaric, where it is installed, else by itself.

usage: python python.py MODULE.FUNCTION, in the folder of its code, with AWS_LAMBDA_RUNTIME_API set.
What it says of failures is what the official client says.
"""

import importlib
import importlib.util
import json
import os
import runpy
import sys
import time
import traceback
from http.client import HTTPConnection

API = "/2018-06-01/runtime"


class Stop(Exception):
    """The handler cannot be had: an error's type, its message, and where it came from."""


class Context:
    """What a handler is told beside its event."""

    def __init__(self, headers):
        env = os.environ.get
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = None
        told = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = json.loads(told) if told else None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


def found(name):
    """The handler of this name."""
    module, dot, function = name.rpartition(".")
    if not dot:
        raise Stop("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)", [])
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as why:
        raise Stop("Runtime.ImportModuleError", f"Unable to import module '{module}': {why}", []) from why
    except SyntaxError as why:
        raise Stop("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {why}", traceback.format_exception_only(type(why), why)) from why
    except Exception as why:
        raise Stop(type(why).__name__, str(why), traceback.format_tb(why.__traceback__)) from why
    try:
        return getattr(loaded, function)
    except AttributeError as why:
        raise Stop("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'", []) from why


def call(connection, method, path, body=None):
    connection.request(method, f"{API}/{path}", body, {"Content-Type": "application/json"} if body is not None else {})
    answer = connection.getresponse()
    return answer.headers, answer.read()


def failure(kind, message, trace, request_id=""):
    print(f"[ERROR] {kind}: {message}\n{''.join(trace)}", flush=True)
    return json.dumps({"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}).encode()


def serve(name):
    sys.stdout.reconfigure(line_buffering=True)
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = found(name)
    except Stop as stop:
        call(connection, "POST", "init/error", failure(*stop.args))
        sys.exit(1)
    while True:
        headers, event = call(connection, "GET", "invocation/next")
        context = Context(headers)
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        if headers.get("Lambda-Runtime-Trace-Id"):
            os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        request_id = context.aws_request_id
        try:
            answer = handler(json.loads(event), context)
            try:
                told = json.dumps(answer, ensure_ascii=False).encode()
            except Exception as why:
                raise Stop("Runtime.MarshalError", f"Unable to marshal response: {why}", []) from why
        except Stop as stop:
            call(connection, "POST", f"invocation/{request_id}/error", failure(*stop.args, request_id))
        except Exception as why:
            # Without the line of ours at its top.
            trace = traceback.format_list(traceback.extract_tb(why.__traceback__)[1:])
            call(connection, "POST", f"invocation/{request_id}/error", failure(type(why).__name__, str(why), trace, request_id))
        else:
            call(connection, "POST", f"invocation/{request_id}/response", told)


if __name__ == "__main__":
    # As `python -m` has it: the folder of the code, and not that of this file.
    sys.path[0] = os.getcwd()
    if importlib.util.find_spec("awslambdaric"):
        runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
    else:
        serve(sys.argv[1])
