"""What AWS Lambda does, without AWS: events one after the other, and nothing in between.

`python -m tests.deployment.lambda_events KIND` reads what to ask from standard input, one request a
line, and writes the answers; then the process stands still until its input ends.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

CLIENT = "198.51.100.7"


def http_api(method: str, path: str, headers: dict[str, str], body: str | None) -> dict[str, Any]:
    """Version 2.0 of the format: HTTP APIs and function URLs."""
    url = urlsplit(path)
    cookies = headers.pop("cookie", "")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": url.path,
        "rawQueryString": url.query,
        "cookies": cookies.split("; ") if cookies else None,
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": url.path, "sourceIp": CLIENT, "protocol": "HTTP/1.1"}
        },
        "body": body,
        "isBase64Encoded": False,
    }


def load_balancer(
    method: str, path: str, headers: dict[str, str], body: str | None
) -> dict[str, Any]:
    """A target group of an Application Load Balancer, which appends to X-Forwarded-For."""
    url = urlsplit(path)
    said = headers.pop("x-forwarded-for", "")
    balancer = {"x-forwarded-for": f"{said}, {CLIENT}" if said else CLIENT}
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:app"}},
        "httpMethod": method,
        "path": url.path,
        "multiValueQueryStringParameters": {},
        "multiValueHeaders": {
            name: [value]
            for name, value in {**headers, **balancer, "x-forwarded-proto": "https"}.items()
        },
        "body": body or "",
        "isBase64Encoded": False,
    }


EVENTS = {"http-api": http_api, "load-balancer": load_balancer}


def cookies_of(answer: dict[str, Any]) -> list[str]:
    many = {name.lower(): values for name, values in answer.get("multiValueHeaders", {}).items()}
    return answer.get("cookies") or many.get("set-cookie", [])


def main(kind: str) -> None:
    handler: Any = import_module("lambda_function").handler  # as the service does

    for line in sys.stdin:
        event = EVENTS[kind](**json.loads(line))
        answer = handler(event, None)
        told = {
            "status": answer["statusCode"],
            "cookies": cookies_of(answer),
            "body": answer["body"],
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
