"""Lambda functions for tests: archives, and functions made of them."""

from __future__ import annotations

import io
import json
import sys
import textwrap
import zipfile
from typing import Any, Optional

from bench import fresh
from program import ACCOUNT, REGION, Cardea

# The Python of these tests has awslambdaric, and may be where nobody else gets.
SETTINGS = {"CARDEA_FUNCTION_PYTHON": sys.executable, "CARDEA_FUNCTION_USER": "root"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"

# Answers with its event.
ECHO = "def handler(event, context):\n    return event\n"
# Answers in proxy form with its event as the body.
PROXY = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
# Answers with what the request's body says it should.
CHOOSE = """
import base64, json
def handler(event, context):
    body = event["body"] or ""
    if event["isBase64Encoded"]:
        body = base64.b64decode(body)
    return json.loads(body)
"""


def archive(files: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name, text in files.items():
            about = zipfile.ZipInfo(name)
            about.external_attr = 0o100755 << 16
            about.compress_type = compression
            made.writestr(about, text)
    return out.getvalue()


class Functions:
    """The Lambda API of a program, in few words."""

    def __init__(self, cardea: Cardea):
        self.cardea = cardea
        self.api = cardea.client("lambda")

    def make(self, text: str = ECHO, name: Optional[str] = None, **members: Any) -> str:
        """A Python function of one file; its name."""
        name = name or fresh("function")
        code = members.pop("Code", None) or {"ZipFile": archive({"index.py": textwrap.dedent(text)})}
        self.api.create_function(**{"FunctionName": name, "Runtime": "python3.12", "Role": ROLE, "Handler": "index.handler", "Code": code, "Timeout": 20, **members})
        return name

    def arn(self, name: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def uri(self, function: str) -> str:
        """What an integration calls a function, by name or by ARN."""
        arn = function if function.startswith(("arn:", "${")) else self.arn(function)
        return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"

    def permit(self, function: str, api: str, **members: Any) -> None:
        source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*/*"
        self.api.add_permission(
            **{"FunctionName": function, "StatementId": fresh("s"), "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source, **members}
        )

    def invoke(self, name: str, event: Any = None, **members: Any) -> Any:
        """The payload of an answer, which must be no error."""
        answer = self.api.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **members)
        payload = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, payload
        return payload

    def error(self, name: str, event: Any = None, **members: Any) -> Any:
        """The payload of an answer, which must be an error."""
        answer = self.api.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **members)
        assert (answer["StatusCode"], answer.get("FunctionError")) == (200, "Unhandled")
        return json.loads(answer["Payload"].read())

    def log(self, name: str) -> list[str]:
        answer = self.cardea.signed("GET", f"/_cardea/functions/{name}/log")
        return [line["text"] for line in json.loads(answer.body)["lines"]]


# What recorded functions do, by the words that the recordings have for it: all in Python, whatever they were written in.
_ANSWER = "{'statusCode': 200, 'isBase64Encoded': False, 'body': "
RECORDED = {
    "fixed phrase": f"def handler(event, context):\n    return {_ANSWER}json.dumps('I am a serverless function: ' + json.dumps(event))}}\n",
    "statusCode 300": "def handler(event, context):\n    return {'statusCode': 300, 'headers': {'Content-Type': 'application/xml'}, 'body': '<message>completed</message>'}\n",
    "the whole event as JSON": f"def handler(event, context):\n    return {_ANSWER}json.dumps(event)}}\n",
    "decodes the request body": CHOOSE,
    "gives its event back": ECHO,
    "gives the body of its event back": "def handler(event, context):\n    return event.get('body', '')\n",
    "body.httpStatus": (
        "def handler(event, context):\n"
        "    return {'statusCode': 200, 'body': 'customerror' if int(event['body']['httpStatus']) >= 400 else 'noerror'}\n"
    ),
    # The lines that raise are where they were.
    "reads statusCode": """# A line.
def handler(event, context):
    status = event["statusCode"]
    if status == "200":
        return "Pass"
    elif status == "400":
        raise Exception("Error: Raising four hundred from within the Lambda function")
    elif status == "500":
        raise Exception("Error: Raising five hundred from within the Lambda function")
    return "Error Value in the json request should either be 400 or 500 to demonstrate"
""",
    "without httpMethod": (
        "def handler(event, context):\n"
        "    if 'httpMethod' in event:\n"
        f"        return {_ANSWER}json.dumps(event)}}\n"
        "    return {'event': event, 'context': {'invoked_function_arn': context.invoked_function_arn, 'function_version': context.function_version}}\n"
    ),
}


def recorded(params: dict[str, Any]) -> Optional[dict[str, Any]]:
    """The members of a recorded CreateFunction with code that does what the recording says; nothing if it is not known."""
    words = params["Code"].get("ZipFile", "")
    text = next((text for phrase, text in sorted(RECORDED.items(), key=lambda one: -len(one[0])) if phrase in words), None)
    if text is None:
        return None
    file, _, name = params["Handler"].partition(".")
    imports = "" if "four hundred" in text else "import base64, json\n"
    code = archive({f"{file}.py": imports + text.lstrip(chr(10)).replace("def handler(", f"def {name}(")})
    return {**params, "Runtime": "python3.12", "Code": {"ZipFile": code}}
