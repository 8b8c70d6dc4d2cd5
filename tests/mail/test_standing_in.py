"""Where the mailer stands in, and where it does not; and in which language it writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.mail.mailing_auth import ADA, MailingAuth, mailer, mailing_auth
from tests.support.browser import SECRET
from tests.support.mail_server import MailServer
from tests.support.plugins import every_plugin
from watchword import (
    Auth,
    Call,
    Column,
    ConfigurationError,
    DeleteUser,
    EmailAndPassword,
    Mail,
    PasswordReset,
    Request,
    User,
    plugins,
    testing,
)
from watchword.features.letters import Letter, Post
from watchword.features.users import DeleteUser as Deleting
from watchword.mail import SMTP, Console, Mailer
from watchword.plugins import ActionToken, Anonymous, EmailOTP, I18n, MagicLink, TwoFactor
from watchword.plugins.two_factor import OTPOptions


def console(**options: Any) -> Mailer:
    return Mailer(Console(), sender="a@app.example", **options)


class Member(User):
    locale: Annotated[str | None, Column()] = None


def options_of(feature: Any, path: str) -> Any:
    for name in path.split("."):
        feature = getattr(feature, name)
    return feature


def test_every_option_that_mails_has_a_letter(make_auth: MakeAuth) -> None:
    """A feature that gets an option `send_...` says what the mailer is to make of it."""
    auth = make_auth(plugins=every_plugin())
    for feature in auth.config.plugins.values():
        sending = {name for name in vars(feature) if name == "send" or name.startswith("send_")}
        flags = {"send_on_sign_up", "send_on_sign_in", "send_verification_on_sign_up"}
        texts = {"send_otp", "send_password_reset_otp"} if feature.id == "phone-number" else set()
        known = {path.split(".")[0] for path in feature.letters}
        assert sending - flags - texts <= known, feature.id


def test_it_stands_at_every_option_that_is_not_given(make_auth: MakeAuth) -> None:
    needed = {"ActionToken": {}, "EmailOTP": {}, "MagicLink": {}}
    installed = [getattr(plugins, name)(**needed[name]) for name in needed] + [
        TwoFactor(otp=OTPOptions()),
        plugins.Organization(),
    ]
    auth = make_auth(mail=console(), plugins=installed)
    mailing = [feature for feature in auth.config.plugins.values() if feature.letters]
    assert len(mailing) == 11
    for feature in mailing:
        for path in feature.letters:
            assert isinstance(options_of(feature, path), Post), (feature.id, path)


def test_a_given_callback_wins(make_auth: MakeAuth, mails: MailServer, kind: str) -> None:
    own: list[Mail] = []

    def send(mail: Mail, request: Request | None) -> None:
        own.append(mail)

    served = mailing_auth(
        make_auth,
        mails,
        kind,
        password_reset=PasswordReset(send_reset_password=send, reset_page="/x"),
    )
    browser = served.browser()
    browser.sign_up()
    browser.post("/request-password-reset", {"email": ADA})
    assert served.posts() == []
    assert [mail.user.email for mail in own] == [ADA]


def test_features_may_be_left_out(make_auth: MakeAuth) -> None:
    auth = make_auth(
        mail=console(without=("delete-user", "notices")), delete_user=DeleteUser(enabled=True)
    )
    assert auth.config.plugin(Deleting).send_delete_account_verification is None
    browser = MailingAuth(auth, MailServer()).browser()
    browser.sign_up()
    assert browser.post("/delete-user", {"password": "password1234"}).json["success"] is True


def test_nothing_is_reset_where_there_are_no_passwords(make_auth: MakeAuth) -> None:
    auth = make_auth(
        mail=console(),
        plugins=[MagicLink()],
        email_and_password=EmailAndPassword(enabled=False, argon2_cost=FAST),
    )
    assert auth.config.plugin(PasswordReset).send_reset_password is None


def test_a_second_factor_by_mail_is_not_switched_on_by_itself(make_auth: MakeAuth) -> None:
    auth = make_auth(mail=console(), plugins=[TwoFactor()])
    assert auth.config.plugin(TwoFactor).otp is None


@pytest.mark.parametrize(
    ("plugin", "option"),
    [
        (lambda: MagicLink(), "MagicLink.send_magic_link"),
        (lambda: EmailOTP(), "EmailOTP.send_verification_otp"),
        (lambda: ActionToken(), "ActionToken.send_token"),
        (lambda: TwoFactor(otp=OTPOptions()), "OTPOptions.send_otp"),
    ],
)
def test_what_cannot_do_without_mails_needs_one_who_mails(
    make_auth: MakeAuth, plugin: Callable[[], Any], option: str
) -> None:
    with pytest.raises(ConfigurationError, match="nothing to mail with") as told:
        make_auth(plugins=[plugin()])
    assert told.value.option == option
    assert "Mailer" in str(told.value)
    make_auth(plugins=[plugin()], mail=console())
    left_out = plugin().id
    with pytest.raises(ConfigurationError, match="nothing to mail with"):
        make_auth(plugins=[plugin()], mail=console(without=(left_out,)))


def test_plugins_that_change_others_know_how_they_mail(
    make_auth: MakeAuth, mails: MailServer, kind: str
) -> None:
    served = mailing_auth(
        make_auth,
        mails,
        kind,
        plugins=[EmailOTP(override_default_email_verification=True)],
        email_and_password=EmailAndPassword(
            enabled=True, require_email_verification=True, argon2_cost=FAST
        ),
    )
    served.browser().sign_up()
    assert served.last().message["Subject"] == "Your confirmation code for App"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sender": "nobody"}, "Mailer.sender"),
        ({"sender": "App <a@b.example>\r\nBcc: x@y.example"}, "Mailer.sender"),
        ({"sender": "A\r\npp <a@b.example>"}, "Mailer.sender"),
        ({"sender": ""}, "Mailer.sender"),
        ({"reply_to": "a@b, c@d"}, "Mailer.reply_to"),
        ({"language": "xx"}, "Mailer.language"),
        ({"templates": "/nowhere"}, "Mailer.templates"),
        ({"write": {"magic-lnik": str}}, "Mailer.write"),
        ({"write": {"magic-link": "text"}}, "Mailer.write['magic-link']"),
        ({"without": "notices"}, "Mailer.without"),
        ({"without": ["nothing"]}, "Mailer.without"),
        ({"retry_after": (100,)}, "Mailer.retry_after"),
        ({"transport": object()}, "Mailer.transport"),
        ({"transport": "smtp://host"}, "Mailer.transport"),
    ],
)
def test_wrong_options_are_refused(make_auth: MakeAuth, options: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"transport": Console(), "sender": "a@app.example", **options}
    with pytest.raises(ConfigurationError) as refused:
        make_auth(mail=Mailer(**given))
    assert refused.value.option == told


def test_what_is_no_mailer_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Give Mailer"):
        Auth(secret=SECRET, environ={}, mail=SMTP("smtp://localhost"))  # pyright: ignore
    with pytest.raises(ConfigurationError, match="Auth\\(mail="):
        Auth(secret=SECRET, environ={}, plugins=[console()])


@pytest.mark.parametrize(
    ("sender", "header"),
    [
        ("a@app.example", "a@app.example"),
        ("App <a@app.example>", "App <a@app.example>"),
        ('"App, Inc." <a@app.example>', '"App, Inc." <a@app.example>'),
        ("App, Inc. <a@app.example>", '"App, Inc." <a@app.example>'),
        ("Ünïcode <a@bücher.example>", "Ünïcode <a@xn--bcher-kva.example>"),
    ],
)
def test_senders(make_auth: MakeAuth, mails: MailServer, sender: str, header: str) -> None:
    mail = Mailer(SMTP(mails.url), sender=sender, reply_to="Help <help@app.example>")
    served = mailing_auth(make_auth, mails, "blocking", mail=mail, plugins=[MagicLink()])
    served.browser().post("/sign-in/magic-link", {"email": ADA})
    assert served.last().message["From"] == header
    assert served.last().message["Reply-To"] == "Help <help@app.example>"


@pytest.mark.parametrize(
    ("accepted", "subject"),
    [
        ("de-AT,en;q=0.5", "Ihr Anmeldelink für App"),
        ("pt-BR", "O seu link de acesso a App"),
        ("ja", "App のサインインリンク"),
        ("xx", "Your sign-in link for App"),
        ("", "Your sign-in link for App"),
    ],
)
def test_mails_are_in_the_language_of_who_asks(
    make_auth: MakeAuth, mails: MailServer, kind: str, accepted: str, subject: str
) -> None:
    served = mailing_auth(make_auth, mails, kind, plugins=[I18n(), MagicLink()])
    browser = served.browser()
    browser.post("/sign-in/magic-link", {"email": ADA}, accept_language=accepted)
    assert served.last().message["Subject"] == subject


def test_people_with_a_language_of_their_own_are_written_to_in_it(
    make_auth: MakeAuth, mails: MailServer, kind: str
) -> None:
    served = mailing_auth(
        make_auth,
        mails,
        kind,
        user_type=Member,
        plugins=[I18n()],
        password_reset=PasswordReset(reset_page="/x"),
    )
    browser = served.browser()
    browser.sign_up(locale="fr")
    browser.post("/request-password-reset", {"email": ADA}, accept_language="de")
    assert served.last().message["Subject"] == "Choisissez un nouveau mot de passe pour App"
    assert served.last().message["Content-Language"] == "fr"


def test_without_i18n_the_option_says_which(make_auth: MakeAuth, mails: MailServer) -> None:
    spanish = mailer(mails, language="es")
    served = mailing_auth(make_auth, mails, "blocking", mail=spanish, plugins=[MagicLink()])
    served.browser().post("/sign-in/magic-link", {"email": ADA}, accept_language="de")
    assert served.last().message["Subject"] == "Tu enlace de acceso a App"


def test_the_site_is_called_as_the_application_is(make_auth: MakeAuth, mails: MailServer) -> None:
    named = mailer(mails, site_name=None)
    served = mailing_auth(
        make_auth, mails, "blocking", mail=named, app_name="My\r\nShop", plugins=[MagicLink()]
    )
    served.browser().post("/sign-in/magic-link", {"email": ADA})
    assert served.last().message["Subject"] == "Your sign-in link for My Shop"


def test_tests_capture_what_the_mailer_would_send(make_auth: MakeAuth, kind: str) -> None:
    class Forbidden:
        def send(self, message: object, /) -> None:
            raise AssertionError("this is a test")

    auth = make_auth(
        mail=Mailer(Forbidden(), sender="a@app.example"), plugins=[MagicLink(), EmailOTP()]
    )
    browser = MailingAuth(auth, MailServer(), kind).browser()
    with testing.captured(auth) as outbox:
        browser.post("/sign-in/magic-link", {"email": ADA})
        asked = {"email": ADA, "type": "sign-in"}
        browser.post("/email-otp/send-verification-otp", asked)
        link, code = outbox.messages
        assert link.link.startswith("http://localhost:3000/api/auth/magic-link/verify?token=")
        assert (code.to, len(code.code)) == (ADA, 6)
        assert isinstance(link.data, Letter)


def test_an_outbox_of_tests_is_a_transport(make_auth: MakeAuth) -> None:
    outbox = testing.Outbox()
    auth = make_auth(mail=Mailer(outbox, sender="a@app.example"), plugins=[MagicLink()])
    MailingAuth(auth, MailServer()).browser().post("/sign-in/magic-link", {"email": ADA})
    assert outbox.last(ADA).link.startswith("http://localhost:3000/api/auth/magic-link/verify?")
    assert "Your sign-in link" in outbox.last().data


@pytest.mark.parametrize("outbox", [False, True])
def test_addresses_that_are_made_up_get_no_mail(
    make_auth: MakeAuth, mails: MailServer, kind: str, outbox: bool
) -> None:
    served = mailing_auth(
        make_auth,
        mails,
        kind,
        mail=mailer(mails, outbox=outbox),
        plugins=[Anonymous()],
        delete_user=DeleteUser(enabled=True),
    )
    guest = served.browser()
    assert guest.post("/sign-in/anonymous").status == 200
    assert guest.post("/delete-user", {}).status == 200
    served.auth.blocking.runtime.drain()
    assert mails.posts == []
    if outbox:
        assert served.auth.blocking.mails.list() == []


def test_a_given_language_costs_as_much_as_none(
    make_auth: MakeAuth, mails: MailServer, kind: str
) -> None:
    asked: list[str] = []

    def locale(call: Call) -> str:
        asked.append(call.path)
        return "de"

    served = mailing_auth(
        make_auth,
        mails,
        kind,
        user_type=Member,
        mail=mailer(mails, outbox=True),
        plugins=[I18n(detection=("callback",), get_locale=locale)],
        password_reset=PasswordReset(reset_page="/x"),
    )
    browser = served.browser()
    browser.sign_up(locale="fr")
    asked.clear()
    for email in (ADA, "nobody@example.com"):
        browser.post("/request-password-reset", {"email": email})
    assert asked == ["/request-password-reset"] * 2


def test_it_cannot_be_called_as_other_callbacks_are(make_auth: MakeAuth) -> None:
    auth = make_auth(mail=console(), plugins=[MagicLink()])
    post: Any = auth.config.plugin(MagicLink).send_magic_link
    with pytest.raises(TypeError, match="send_mail"):
        post(object(), None)
