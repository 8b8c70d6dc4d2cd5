"""Server-side calls: typed results, errors, headers, responses."""

from __future__ import annotations

import pydoc

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.plugins import every_plugin
from watchword import (
    APIError,
    GetSession,
    RateLimit,
    Response,
    RevokeSession,
    SignInEmail,
    SignUpEmail,
    User,
)
from watchword.plugins import OneTimeToken

ADA = SignUpEmail(name="Ada", email="ada@example.com", password="password1234")


class Member(User):
    lang: str = "en"


def test_a_server_side_sign_in_can_set_cookies(make_auth: MakeAuth) -> None:
    api = make_auth().blocking.api
    api.sign_up_email(ADA)
    person = SignInEmail(email="ada@example.com", password="password1234")
    found = api.sign_in_email(person, return_headers=True)
    assert found.value.user.email == "ada@example.com"
    assert found.value.token in found.cookies[0]
    headers = {"cookie": found.cookies[0].partition(";")[0]}
    session = api.get_session(headers=headers)
    assert session is not None
    assert session.session.token == found.value.token


def test_headers_may_be_a_mapping_or_pairs_of_text_or_bytes(make_auth: MakeAuth) -> None:
    api = make_auth().blocking.api
    cookie = api.sign_up_email(ADA, return_headers=True).cookies[0].partition(";")[0]
    assert api.get_session(headers={"Cookie": cookie})
    assert api.get_session(headers=[("cookie", cookie)])
    assert api.get_session(headers=[(b"cookie", cookie.encode())])
    assert api.get_session() is None


async def test_errors_are_exceptions_with_status_code_and_message(make_auth: MakeAuth) -> None:
    auth = make_auth()
    wrong = SignInEmail(email="ada@example.com", password="password1234")
    with pytest.raises(APIError) as raised:
        auth.blocking.api.sign_in_email(wrong)
    error = raised.value
    assert (error.status, error.code) == (401, "INVALID_EMAIL_OR_PASSWORD")
    assert error.message
    assert "password1234" not in repr(error)
    with pytest.raises(APIError, match="INVALID_EMAIL_OR_PASSWORD"):
        await auth.api.sign_in_email(wrong)
    await auth.close()


def test_the_whole_response_can_be_asked_for(make_auth: MakeAuth) -> None:
    api = make_auth().blocking.api
    assert api.get_session(as_response=True).body == b"null"
    refused = api.list_sessions(as_response=True)
    assert isinstance(refused, Response)
    assert refused.status == 401


def test_input_is_validated_like_a_clients(make_auth: MakeAuth) -> None:
    api = make_auth().blocking.api
    with pytest.raises(APIError, match="VALIDATION_ERROR"):
        api.sign_up_email(msgspec.structs.replace(ADA, email="nobody"))
    with pytest.raises(APIError, match="VALIDATION_ERROR"):
        api.sign_up_email()  # type: ignore[call-arg]


def test_additional_fields_are_extra_and_typed_in_the_result(make_auth: MakeAuth) -> None:
    api = make_auth(user_type=Member).blocking.api
    user = api.sign_up_email(ADA, extra={"lang": "de"}).user
    assert isinstance(user, Member)
    assert user.lang == "de"
    with pytest.raises(APIError, match="VALIDATION_ERROR"):
        api.sign_up_email(msgspec.structs.replace(ADA, email="b@b.co"), extra={"lang": 5})


def test_server_side_calls_are_not_rate_limited_nor_asked_for_an_origin(
    make_auth: MakeAuth,
) -> None:
    api = make_auth(rate_limit=RateLimit(enabled=True, max=1)).blocking.api
    headers = {"cookie": "a=b", "origin": "https://evil.example"}
    for _ in range(5):
        assert api.sign_out(headers=headers).success


def test_flags_of_a_look_up(make_auth: MakeAuth) -> None:
    api = make_auth().blocking.api
    made = api.sign_up_email(ADA, return_headers=True)
    headers = {"cookie": made.cookies[0].partition(";")[0]}
    assert api.get_session(GetSession(disable_refresh="true"), headers=headers)
    assert api.revoke_session(RevokeSession(token="unknown"), headers=headers).status


def test_a_misspelt_endpoint_says_what_is_near(make_auth: MakeAuth) -> None:
    with pytest.raises(AttributeError, match=r"nearest are sign_in_email") as raised:
        make_auth().blocking.api.sign_in_mail()  # type: ignore[attr-defined]
    assert "get_session" not in str(raised.value)
    with pytest.raises(AttributeError, match="get_session"):
        make_auth().api.nothing_like_it  # type: ignore[attr-defined] # noqa: B018


def test_the_api_offers_what_is_installed_and_nothing_else(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OneTimeToken()])
    for api in (auth.api, auth.blocking.api):
        offered = {name for name in dir(api) if not name.startswith("_")}
        assert offered == {"call", *auth.endpoints}
        assert "generate_one_time_token" in offered
    assert "generate_one_time_token" not in dir(make_auth().api)


def test_every_function_has_the_words_and_the_name_of_its_endpoint(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=every_plugin())
    for name, endpoint in auth.endpoints.items():
        function = getattr(auth.api, name)
        assert function.__doc__ == endpoint.handler.__doc__
        assert function.__doc__
        assert name in repr(function)
    function = auth.api.sign_in_email
    assert repr(function) == "<sign_in_email(SignInEmail): POST /sign-in/email>"
    assert "the answer to a wrong address" in pydoc.render_doc(function)
