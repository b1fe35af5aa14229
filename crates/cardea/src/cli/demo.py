"""A function of the demo."""


def handler(event, context):
    name = (event["queryStringParameters"] or {}).get("name", "world")
    print("greets", name)
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": f"Hello from Python, {name}\n"}
