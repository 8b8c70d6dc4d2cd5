"""What pages say of the server's own mailer: that it stands in for each callback that mails."""

from __future__ import annotations

import pytest

from tests.support.plugins import every_plugin
from tests.support.services import ROOT
from watchword import Plugin, testing
from watchword.mail import Console, Mailer
from watchword.plugins import Organization
from watchword.plugins.organization import CreateOrganization, InviteMember

MAILING = [one for one in every_plugin() if one.letters]


@pytest.mark.parametrize("plugin", MAILING, ids=lambda one: one.id)
def test_the_page_of_a_plugin_that_mails_says_that_it_needs_no_callback(plugin: Plugin) -> None:
    page = (ROOT / "docs" / "plugins" / f"{plugin.id}.md").read_text()
    assert "With [`Auth(mail=...)`](../mail.md) it needs no callback: " in page


def test_the_page_of_mails_has_every_feature_and_every_kind() -> None:
    page = (ROOT / "docs" / "mail.md").read_text()
    mail = Mailer(Console(), sender="a@app.example")
    auth = testing.auth(base_url="http://localhost:8000", mail=mail, plugins=every_plugin())
    for feature in auth.config.plugins.values():
        if feature.letters:
            assert f"`{feature.id}`" in page
    for kind in mail.desk.dictionary.kinds:
        assert f"`{kind}`" in page


def test_an_invitation_without_a_page_is_mailed_without_a_link() -> None:
    outbox = testing.Outbox()
    mail = Mailer(outbox, sender="a@app.example")
    auth = testing.auth(base_url="http://localhost:8000", mail=mail, plugins=[Organization()])
    ada = testing.make_user(auth)
    headers = {"cookie": "; ".join(map("=".join, testing.session_cookies(auth, ada).items()))}
    api = auth.blocking.api
    api.create_organization(CreateOrganization(name="Acme", slug="acme"), headers=headers)
    api.create_invitation(InviteMember(email="bob@example.com", role="member"), headers=headers)
    sent = outbox.last(to="bob@example.com")
    assert "invites you to join Acme" in sent.data
    assert sent.links == ()
