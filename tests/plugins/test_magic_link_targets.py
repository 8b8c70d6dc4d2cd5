"""Links by mail: where they lead, and from where they may be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.link_server import ADA, OPEN, SEND, LinkServer, MakeLinkServer, link_server
from tests.support.browser import ORIGIN
from watchword import Advanced, APIError, Column, ModelHooks, User, UserSource

EVIL = "https://evil.example"
TRUSTED = "https://app.trusted.example"
FIELDS = {
    "callbackURL": "INVALID_CALLBACK_URL",
    "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
    "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL",
}
HOSTILE = [
    EVIL,
    "//evil.example",
    "/\\evil.example",
    "/%2fevil.example",
    "/%5Cevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "https:evil.example",
    "https://localhost:3000@evil.example",
    "https://localhost:3000.evil.example",
    "javascript:alert(1)",
    "JaVaScript://localhost:3000/%0aalert(1)",
    "data:text/html,x",
    "/x\r\nset-cookie: a=b",
    "/x\n",
    "relative",
]


class Seated(User, kw_only=True):
    """Users of whom there is room for one."""

    seat: Annotated[str, Column(unique=True)] = "the last"


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeLinkServer:
    return link_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeLinkServer) -> LinkServer:
    return make_server(auth={"trusted_origins": (TRUSTED, "myapp://callback")})


@pytest.mark.parametrize("target", HOSTILE)
def test_r1_no_link_is_mailed_that_leads_elsewhere(server: LinkServer, target: str) -> None:
    """R1, R2, R5, R9: all three targets are checked before anything is written."""
    for field, code in FIELDS.items():
        answer = server.browser().post(SEND, {"email": ADA, field: target})
        assert (answer.status, answer.code) == (403, code)
    assert (server.rows(), server.mails()) == ([], [])


@pytest.mark.parametrize("target", HOSTILE)
def test_r3_no_link_is_opened_that_leads_elsewhere(server: LinkServer, target: str) -> None:
    """R1 to R5, R7, R9: also encoded once more; the token stays good."""
    token = server.mail().token
    encoded = "".join(f"%{byte:02x}" for byte in target.encode())
    for field in FIELDS:
        for text in (target, encoded):
            answer = server.open(token, **{"callbackURL": "/home", field: text})
            assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
            assert (answer.cookies, answer.header("location")) == ((), None)
    assert server.open(token).status == 200


@pytest.mark.parametrize("target", ["%", "%zz", "%ff", "%c0%af", "%2Fhome"])
def test_r6_a_target_that_is_no_path_as_it_stands_is_refused(
    server: LinkServer, target: str
) -> None:
    """R6: 403, whichever of the three it is; it is not decoded once more; the token stays good."""
    token = server.mail().token
    for field in FIELDS:
        answer = server.open(token, **{field: target})
        assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    assert server.open(token).status == 200


@pytest.mark.parametrize("value", [5, ["/x"], {"a": "/x"}, True])
def test_r6_a_target_is_a_text(server: LinkServer, value: object) -> None:
    """R6: a parameter that is no text is 400."""
    for field in FIELDS:
        assert server.browser().post(SEND, {"email": ADA, field: value}).status == 400
    assert server.rows() == []


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/home", f"{ORIGIN}/home"),
        ("/home?next=%2Fa", f"{ORIGIN}/home?next=%2Fa"),
        ("/done?sig=ab%2Bcd%3D", f"{ORIGIN}/done?sig=ab%2Bcd%3D"),
        ("/x%2", f"{ORIGIN}/x%2"),
        ("/%ed%a0%80", f"{ORIGIN}/%ed%a0%80"),
        (f"{ORIGIN}/home?x=1#top", f"{ORIGIN}/home?x=1#top"),
        (TRUSTED, f"{TRUSTED}/"),
        (f"{TRUSTED}/%C3%A9%20", f"{TRUSTED}/%C3%A9%20"),
        ("myapp://callback/x", "myapp://callback/x"),
    ],
)
def test_a_browser_is_sent_on_to_an_absolute_url(
    server: LinkServer, target: str, location: str
) -> None:
    answer = server.open(server.mail().token, callbackURL=target)
    assert (answer.status, answer.header("location")) == (302, location)
    assert len(answer.cookies) == 1


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ({}, f"{ORIGIN}/?error=INVALID_TOKEN"),
        ({"callbackURL": "/home"}, f"{ORIGIN}/home?error=INVALID_TOKEN"),
        ({"newUserCallbackURL": "/new"}, f"{ORIGIN}/?error=INVALID_TOKEN"),
        (
            {"callbackURL": "/home", "errorCallbackURL": "/err?a=b&error=old#x"},
            f"{ORIGIN}/err?a=b&error=INVALID_TOKEN#x",
        ),
        ({"errorCallbackURL": TRUSTED}, f"{TRUSTED}/?error=INVALID_TOKEN"),
    ],
)
def test_failures_go_to_the_error_page_or_the_target(
    server: LinkServer, query: dict[str, str], location: str
) -> None:
    answer = server.open("unknown", **query)
    assert (answer.status, answer.header("location"), answer.cookies) == (302, location, ())


def test_a_refused_user_is_told_at_the_error_page(make_server: MakeLinkServer) -> None:
    methods: list[str] = []

    def nobody(values: object, source: UserSource, call: object) -> tuple[str, str]:
        methods.append(source.method)
        return "domain_blocked", "Not with this & that"

    server = make_server(auth={"validate_user_info": nobody})
    answer = server.click(server.mail(errorCallbackURL="/err"))
    description = "error_description=Not+with+this+%26+that"
    expected = f"{ORIGIN}/err?error=domain_blocked&{description}"
    assert (answer.status, answer.header("location"), answer.cookies) == (302, expected, ())
    assert methods == ["magic-link"]


def refuse(values: object, call: object) -> APIError:
    raise APIError(403, "NOT_TODAY", "Come back tomorrow")


@pytest.mark.parametrize(
    ("model", "hook", "location"),
    [
        ("user", refuse, "error=NOT_TODAY&error_description=Come+back+tomorrow"),
        ("user", lambda values, call: False, "error=failed_to_create_user"),
        ("session", lambda values, call: False, "error=failed_to_create_session"),
    ],
)
def test_hooks_that_refuse_are_told_at_the_error_page(
    make_server: MakeLinkServer, model: str, hook: Any, location: str
) -> None:
    server = make_server(auth={"database_hooks": {model: ModelHooks(create_before=hook)}})
    answer = server.click(server.mail())
    assert (answer.status, answer.cookies) == (302, ())
    assert answer.header("location") == f"{ORIGIN}/?{location}"


def test_an_error_without_a_code_has_nothing_to_tell_a_page(make_server: MakeLinkServer) -> None:
    def stop(values: object, call: object) -> None:
        raise APIError(418, None, "Tea only")

    server = make_server(auth={"database_hooks": {"user": ModelHooks(create_before=stop)}})
    answer = server.click(server.mail())
    assert (answer.status, answer.json, answer.cookies) == (418, {"message": "Tea only"}, ())


def test_a_user_whose_value_is_taken_is_told_at_the_error_page(
    make_server: MakeLinkServer,
) -> None:
    server = make_server(auth={"user_type": Seated})
    server.click(server.mail())
    answer = server.click(server.mail("other@example.com"))
    assert answer.header("location") == f"{ORIGIN}/?error=failed_to_create_user"


@pytest.mark.parametrize(
    ("field", "place"), [("newUserCallbackURL", "/welcome"), ("callbackURL", "/home")]
)
def test_new_users_may_go_elsewhere_than_known_ones(
    server: LinkServer, field: str, place: str
) -> None:
    asked = {"callbackURL": "/home", field: place}
    answers = [server.click(server.mail(**asked)).header("location") for _ in range(2)]
    assert answers == [ORIGIN + place, f"{ORIGIN}/home"]


def test_r4_nothing_breaks_a_header_even_where_the_application_checks_nothing(
    make_server: MakeLinkServer,
) -> None:
    """R4: one Location, in ASCII, without line breaks."""
    server = make_server(auth={"advanced": Advanced(disable_origin_check=True)})
    target = f"{EVIL}/é\r\nset-cookie: a=b"
    answer = server.open(server.mail().token, callbackURL=target)
    (location,) = [value for name, value in answer.response.headers if name == "location"]
    assert location == f"{EVIL}/%C3%A9%0D%0Aset-cookie:%20a=b"


def test_other_sites_cannot_send_mail(server: LinkServer) -> None:
    body = {"email": ADA}
    browser = server.browser()
    assert browser.post(SEND, body, origin=EVIL).code == "INVALID_ORIGIN"
    navigation = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    blocked = browser.post(SEND, body, origin=EVIL, **navigation)
    assert (blocked.status, blocked.code) == (403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
    browser.sign_up()
    assert browser.post(SEND, body, origin="").code == "MISSING_OR_NULL_ORIGIN"
    assert browser.post(SEND, {"email": "no address"}, origin=EVIL).code == "INVALID_ORIGIN"
    assert (server.rows(), server.mails()) == ([], [])
    assert browser.post(SEND, body, origin=TRUSTED).status == 200


def test_a_link_opens_in_a_mail_program_without_an_origin(server: LinkServer) -> None:
    token = server.mail().token
    assert server.browser().send("GET", OPEN, query={"token": token}).status == 200
    mail = {"origin": "", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    query = {"token": server.mail().token, "callbackURL": "/"}
    answer = server.browser().send("GET", OPEN, query=query, headers=mail)
    assert (answer.status, len(answer.cookies)) == (302, 1)
