"""One document of what is installed, and a page that shows it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from openapi_spec_validator import validate

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Answer, Browser
from tests.support.plugins import drop, every_plugin
from watchword import (
    Auth,
    Column,
    ConfigurationError,
    EmailVerification,
    Plugin,
    RateLimit,
    User,
)
from watchword.plugin import Call, Discreet, get
from watchword.plugins import (
    Bearer,
    CustomSession,
    DeviceAuthorization,
    MagicLink,
    OneTimeToken,
    OpenAPI,
    TwoFactor,
)

DOCUMENT = "/open-api/generate-schema"
SECRET_DEFAULT = "internal-9f2c"


class Member(User, kw_only=True):
    nickname: str
    lang: str = "en"
    tier: Annotated[str, Column(input=False)] = "free"
    note: Annotated[str, Column(returned=False)] = SECRET_DEFAULT


def document_of(auth: Auth[Any]) -> dict[str, Any]:
    answer = Browser(auth).get(DOCUMENT)
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    return answer.json


def page_of(auth: Auth[Any], path: str = "/reference") -> Answer:
    return Browser(auth).get(path)


def text_of(page: Answer) -> str:
    return page.response.body.decode()


def test_it_is_valid_with_every_plugin(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=every_plugin())
    document = document_of(auth)
    validate(document)
    routed = {
        (method, re.sub(r":([^/]+)", r"{\1}", one.path))
        for one in auth.endpoints.values()
        for method in one.methods
        if not (one.traits.server_only or one.traits.page)
        if "open_api" not in one.handler.__module__
    }
    listed = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert listed == routed


def test_links_that_ask_first_are_a_page_and_a_post(make_auth: MakeAuth) -> None:
    asking = MagicLink(send_magic_link=drop, confirm=True)
    verification = EmailVerification(confirm=True)
    auth = make_auth(plugins=[OpenAPI(), asking], email_verification=verification)
    document = document_of(auth)
    validate(document)
    for path, name in (("/magic-link/verify", "magicLinkVerify"), ("/verify-email", "verifyEmail")):
        page, posted = document["paths"][path]["get"], document["paths"][path]["post"]
        assert (page["operationId"], posted["operationId"]) == (f"{name}Page", name)
        assert list(page["responses"]["200"]["content"]) == ["text/html"]
        assert "`CONFIRMATION_REQUIRED`" in page["responses"]["405"]["description"]
        assert {"200", "302"} <= posted["responses"].keys()
        assert "requestBody" in posted


def test_it_says_where_the_server_is_and_what_it_is_called(make_auth: MakeAuth) -> None:
    document = document_of(make_auth(app_name="Lamps", plugins=[OpenAPI()]))
    assert document["openapi"] == "3.1.1"
    assert document["info"]["title"] == "Lamps"
    assert document["servers"] == [{"url": f"{ORIGIN}/api/auth"}]
    assert [tag["name"] for tag in document["tags"]] == ["Default"]


def test_servers_get_a_document_of_their_own(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OpenAPI()])
    first = auth.blocking.api.generate_open_api_schema()
    first["paths"].clear()
    assert auth.blocking.api.generate_open_api_schema()["paths"]


def test_one_plugin_in_two_servers_describes_each(make_auth: MakeAuth) -> None:
    plugin = OpenAPI()
    one = make_auth(plugins=[plugin, OneTimeToken()])
    another = make_auth(plugins=[plugin])
    path = "/one-time-token/generate"
    assert [path in document_of(auth)["paths"] for auth in (one, another, one)] == [
        True,
        False,
        True,
    ]


def test_fields_of_the_application_are_in_it(make_auth: MakeAuth) -> None:
    schemas = document_of(make_auth(user_type=Member, plugins=[OpenAPI()]))["components"]["schemas"]
    user, new, changed = schemas["User"], schemas["SignUpEmail"], schemas["UpdateUser"]
    assert {"nickname", "lang", "tier"} <= user["properties"].keys()
    assert user["properties"]["tier"]["readOnly"] is True
    assert "nickname" in new["required"]
    assert {"nickname", "lang"} <= new["properties"].keys()
    assert "tier" not in new["properties"]
    assert "lang" not in new["required"]
    assert "nickname" in changed["properties"]
    assert "nickname" not in changed.get("required", ())


def test_rows_with_others_around_them_are_described_as_they_are_shown(make_auth: MakeAuth) -> None:
    schemas = document_of(make_auth(plugins=every_plugin()))["components"]["schemas"]
    made = schemas["CreatedOrganization"]
    assert made["properties"]["members"]["items"] == {"$ref": "#/components/schemas/Member"}
    assert made["properties"]["metadata"]["type"] == "object"
    assert "members" in made["required"]
    assert "metadata" not in made["required"]
    assert schemas["Organization"]["properties"]["metadata"]["type"] == ["string", "null"]
    hidden = {"memberCount", "membershipKey"}
    assert not hidden & {*schemas["FullOrganization"]["properties"], *made["properties"]}
    assert schemas["Available"]["properties"]["status"] == {"type": "boolean", "enum": [True]}


def test_nothing_hidden_is_in_it(make_auth: MakeAuth) -> None:
    auth = make_auth(user_type=Member, plugins=every_plugin())
    text = json.dumps(document_of(auth)) + text_of(page_of(auth))
    assert SECRET_DEFAULT not in text
    schemas = document_of(auth)["components"]["schemas"]
    assert "note" not in schemas["User"]["properties"]
    assert "password" not in schemas["Account"]["properties"]
    assert "accessToken" not in schemas["Account"]["properties"]
    assert "secret" not in schemas["TwoFactor"]["properties"]
    assert auth.config.secrets.current not in text
    for endpoint in auth.endpoints.values():
        if endpoint.traits.server_only:
            assert endpoint.path not in document_of(auth)["paths"]


def test_disabled_paths_are_not_in_it_and_it_can_be_one(make_auth: MakeAuth) -> None:
    auth = make_auth(disabled_paths=["/change-password"], plugins=[OpenAPI()])
    assert "/change-password" not in document_of(auth)["paths"]
    closed = make_auth(disabled_paths=[DOCUMENT], plugins=[OpenAPI()])
    assert Browser(closed).get(DOCUMENT).status == 404
    assert closed.blocking.api.generate_open_api_schema()["paths"]


def test_it_says_who_may_ask(make_auth: MakeAuth) -> None:
    document = document_of(make_auth(plugins=[OpenAPI(), Bearer()]))
    schemes = document["components"]["securitySchemes"]
    assert schemes["apiKeyCookie"]["name"] == "better-auth.session_token"
    assert schemes["bearerAuth"] == {"type": "http", "scheme": "bearer"}
    needed = [{"apiKeyCookie": []}, {"bearerAuth": []}]
    assert document["paths"]["/list-sessions"]["get"]["security"] == needed
    assert document["paths"]["/sign-in/email"]["post"]["security"] == [{}, *needed]
    plain = document_of(make_auth(plugins=[OpenAPI()]))
    assert list(plain["components"]["securitySchemes"]) == ["apiKeyCookie"]


def test_errors_are_listed_by_status_and_code(make_auth: MakeAuth) -> None:
    limit = RateLimit(enabled=True)
    document = document_of(make_auth(rate_limit=limit, plugins=[OpenAPI()]))
    answers = document["paths"]["/sign-in/email"]["post"]["responses"]
    assert "`INVALID_EMAIL_OR_PASSWORD`" in answers["401"]["description"]
    assert "`MISSING_OR_NULL_ORIGIN`" in answers["403"]["description"]
    assert "`EMAIL_NOT_VERIFIED`" in answers["403"]["description"]
    waiting = answers["429"]["$ref"].rpartition("/")[2]
    assert "X-Retry-After" in document["components"]["responses"][waiting]["headers"]


def test_what_a_hook_may_answer_is_an_answer(make_auth: MakeAuth) -> None:
    def results(*plugins: Plugin) -> str:
        document = document_of(make_auth(plugins=[OpenAPI(), *plugins]))
        return json.dumps(document["paths"]["/sign-in/email"]["post"]["responses"]["200"])

    assert "SecondFactorAsked" not in results()
    assert "SecondFactorAsked" in results(TwoFactor())


class Odd(Discreet, msgspec.Struct, frozen=True):
    """</script><img src=x onerror=alert(1)> & `<b>`"""

    value: str = "</script><script>alert(2)</script>"


@dataclass(frozen=True, kw_only=True)
class Oddities(Plugin):
    """</script><script>alert(3)</script>"""

    id: ClassVar[str] = "<script>alert(4)</script>"

    @get("/odd")
    async def odd(self, call: Call, query: Odd) -> Odd:
        """</SCRIPT><script>alert(5)</script> `<i>`"""
        return query


def test_no_text_of_an_application_or_plugin_becomes_markup(make_auth: MakeAuth) -> None:
    title = "</title></script><script>alert(0)</script>"
    auth = make_auth(app_name=title, plugins=[OpenAPI(), Oddities()])
    text = text_of(page_of(auth))
    assert len(re.findall("<script", text, re.IGNORECASE)) == 2
    assert len(re.findall("</script", text, re.IGNORECASE)) == 2
    inert = re.search(r'<script type="application/json" id="api-reference">(.*?)</script>', text)
    assert inert is not None
    assert json.loads(inert[1]) == document_of(auth)
    shown = text.replace(inert[0], "")
    assert all(f"alert({number})" in shown for number in (0, 1, 3, 5))
    assert re.search(r"<(script|img|b|i)\b[^>]*>[^<]*alert", shown, re.IGNORECASE) is None


def test_the_page_loads_nothing_and_runs_its_own_script_alone(make_auth: MakeAuth) -> None:
    page = page_of(make_auth(plugins=every_plugin()))
    text, policy = text_of(page), page.header("content-security-policy") or ""
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert re.search(r'(src|href)="(?!#)', text) is None
    for element, rule in (("script", "script-src"), ("style", "style-src")):
        found = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy


def test_nobody_keeps_a_copy(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[OpenAPI()])
    for path in (DOCUMENT, "/reference"):
        answer = Browser(auth).get(path)
        kept = [value for name, value in answer.response.headers if name == "cache-control"]
        assert kept == ["no-store"]


@pytest.mark.parametrize("path", [DOCUMENT, "/reference"])
def test_nobody_gets_copies_without_end(make_auth: MakeAuth, path: str) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True), plugins=[OpenAPI()]))
    assert [browser.get(path).status for _ in range(31)] == [200] * 30 + [429]


def test_what_a_function_makes_of_a_session_may_be_anything(make_auth: MakeAuth) -> None:
    plugins = [OpenAPI(), CustomSession(shape=lambda found, call: [found.user.name])]
    answers = document_of(make_auth(plugins=plugins))["paths"]["/get-session"]["get"]["responses"]
    assert answers["200"]["content"] == {"application/json": {"schema": {}}}


def test_errors_are_named_in_the_words_of_their_protocol(make_auth: MakeAuth) -> None:
    paths = document_of(make_auth(plugins=[OpenAPI(), DeviceAuthorization()]))["paths"]
    polled = paths["/device/token"]["post"]["responses"]["400"]["description"]
    assert "`slow_down`" in polled
    assert "`authorization_pending`" in polled
    looked_up = paths["/device"]["get"]["responses"]["400"]["description"]
    assert "`expired_token`" in looked_up
    assert "`slow_down`" not in looked_up


def test_options_of_the_page(make_auth: MakeAuth) -> None:
    moved = make_auth(plugins=[OpenAPI(path="/docs/auth", theme="dark", nonce="abc123==")])
    text = text_of(page_of(moved, "/docs/auth"))
    assert 'data-theme="dark"' in text
    assert text.count(' nonce="abc123=="') == 2
    assert page_of(moved).status == 404
    none = page_of(make_auth(plugins=[OpenAPI(disable_default_reference=True)]))
    assert (none.status, none.response.body) == (404, b"")


@pytest.mark.parametrize(
    "options",
    [{"path": "reference"}, {"path": "/a b"}, {"path": "/:x"}, {"theme": "x"}, {"nonce": '"><b>'}],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ConfigurationError, match=f"OpenAPI.{name}") as refused:
        OpenAPI(**options)
    assert "<b>" not in str(refused.value)


def test_nothing_is_made_before_somebody_asks(make_auth: MakeAuth) -> None:
    plugin = OpenAPI()
    auth = make_auth(plugins=[plugin])
    assert plugin._made == {}
    document_of(auth)
    first = dict(plugin._made)
    document_of(auth)
    assert plugin._made == first != {}
