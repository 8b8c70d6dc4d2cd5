"""Where the demonstration's mails go: a page instead of mailboxes. Never do this elsewhere."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import render_template_string

from watchword import Request
from watchword.plugins.action_token import ActionTokenMail
from watchword.plugins.email_otp import CodeMail
from watchword.plugins.magic_link import MagicLinkMail
from watchword.plugins.organization import InvitationMail

_KEPT = 50
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Mailbox of the watchword demo</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/static/style.css">
</head>
<body>
  <header>
    <p class="mark" aria-hidden="true">w</p>
    <div>
      <h1>Mailbox</h1>
      <p>What the demo would have mailed, newest first. <a href="/mailbox">Look again</a>,
         or go <a href="/">back</a>.</p>
    </div>
  </header>
  <main>
    {% for mail in mails %}
    <article class="card mail">
      <h2>{{ mail.subject }}</h2>
      <p class="hint">To {{ mail.to }}, {{ mail.sent.strftime("%H:%M:%S") }} UTC</p>
      <p>{{ mail.text }}</p>
      {% if mail.code %}<p>Code: <code class="code">{{ mail.code }}</code></p>{% endif %}
      {% if mail.link %}<p><a class="link" href="{{ mail.link }}">{{ mail.link }}</a></p>{% endif %}
    </article>
    {% else %}
    <p>There is no mail.</p>
    {% endfor %}
  </main>
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True)
class SentMail:
    """One mail; `code` or `link` is what its reader needs."""

    to: str
    subject: str
    text: str
    code: str = ""
    link: str = ""
    sent: datetime = field(default_factory=lambda: datetime.now(UTC))


class Mailbox:
    """All mails of this run, the newest first."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._mails: deque[SentMail] = deque(maxlen=_KEPT)

    def put_link(self, mail: MagicLinkMail, request: Request | None) -> None:
        """Deliver a link that signs in."""
        text = "Open this link to sign in. It is good once, for five minutes."
        self._put(SentMail(to=mail.email, subject="Your link", text=text, link=mail.url))

    def put_code(self, mail: CodeMail, request: Request | None) -> None:
        """Deliver a code that signs in."""
        text = "Type this code to sign in. It is good once, for five minutes."
        self._put(SentMail(to=mail.email, subject="Your code", text=text, code=mail.otp))

    def put_confirmation(self, mail: ActionTokenMail, request: Request | None) -> None:
        """Deliver a code that allows what cannot be undone."""
        text = "Somebody, hopefully you, is about to do something that cannot be undone."
        confirm = SentMail(to=mail.user.email, subject="Confirm it", text=text, code=mail.token)
        self._put(confirm)

    def put_invitation(self, mail: InvitationMail, request: Request | None) -> None:
        """Deliver an invitation into an organization. Its id alone lets nobody in."""
        text = f"{mail.inviter.name} invites you into {mail.organization.name}."
        link = f"{self._origin}/#invitation={mail.invitation.id}"
        self._put(SentMail(to=mail.email, subject="Come in", text=text, link=link))

    def page(self) -> str:
        """All of them as HTML."""
        return render_template_string(_PAGE, mails=list(self._mails))

    def _put(self, mail: SentMail) -> None:
        self._mails.appendleft(mail)
