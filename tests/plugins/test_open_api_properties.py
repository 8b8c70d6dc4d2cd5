"""Every endpoint answers to whatever its document lets through as the document says: statuses,
content types, bodies, codes. Nothing of it is an accident of the server (500)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from tests.support.plugins import drop, every_plugin
from watchword import (
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailVerification,
    PasswordReset,
    SessionOptions,
)
from watchword.adapters.wsgi import WSGIApp

DOCUMENT = "/api/auth/open-api/generate-schema"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
]
FEW = settings(
    max_examples=4,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=cast("Any", list(HealthCheck)),
)


class SignedIn:
    """A WSGI application behind a browser that somebody is signed in with, as an administrator."""

    def __init__(self, auth: Auth[Any]) -> None:
        self._app = WSGIApp(auth)
        self.browser = Browser(auth)

    def as_somebody_new(self, name: str) -> None:
        self.browser.jar.clear()
        assert self.browser.sign_up(f"{name}@example.com").status == 200

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        cookie = "; ".join(f"{name}={value}" for name, value in self.browser.jar.items())
        return self._app({**environ, "HTTP_COOKIE": cookie, "HTTP_ORIGIN": ORIGIN}, start_response)


def test_every_endpoint_answers_as_it_is_documented(make_auth: MakeAuth) -> None:
    auth = make_auth(
        email_verification=EmailVerification(send_verification_email=drop, answer_after=0),
        password_reset=PasswordReset(send_reset_password=drop),
        change_email=ChangeEmail(enabled=True),
        delete_user=DeleteUser(enabled=True),
        session=SessionOptions(defer_refresh=True),
        plugins=every_plugin(Admin={"default_role": "admin"}),
    )
    app = SignedIn(auth)
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, app)
    operations = [cast("Any", found).ok() for found in schema.get_all_operations()]
    assert len(operations) > 90
    wrong = [problem for one in operations for problem in problems(app, one)]
    assert wrong == []


def problems(app: SignedIn, operation: Any) -> Iterator[str]:
    """What is wrong with the answers to a few requests, and that the session was not looked at."""
    app.as_somebody_new(operation.definition.raw["operationId"])

    @FEW
    @given(operation.as_strategy())
    def check(case: Any) -> None:
        answer = case.call()
        # Of refusals, some have no body: that stands in the description of all.
        body = [response_schema_conformance] if answer.content else []
        case.validate_response(answer, checks=[*CHECKS, *body])
        refusal = answer.json() if answer.content and answer.status_code >= 400 else {}
        told = [refusal[name] for name in ("code", "error") if name in refusal]
        about = described(operation, answer.status_code) if told else ""
        assert [one for one in told if f"`{one}`" not in about] == []

    try:
        check()
    except (Exception, FailureGroup) as found:
        yield f"{operation.label}: {found}"


def described(operation: Any, status: int) -> str:
    """What the document says of an answer."""
    answer = operation.definition.raw["responses"][str(status)]
    if "$ref" in answer:
        shared = operation.schema.raw_schema["components"]["responses"]
        answer = shared[answer["$ref"].rpartition("/")[2]]
    return answer["description"]
