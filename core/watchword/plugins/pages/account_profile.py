"""One's profile: the name, a picture, the application's own fields, and the e-mail address."""

from __future__ import annotations

from datetime import date

import msgspec

from watchword.features.change_email import ChangeEmail
from watchword.features.email_verification import EmailVerification
from watchword.features.identifiers import same_email
from watchword.http.response import Response
from watchword.pipeline.validation import LONGEST_EMAIL
from watchword.records import User

from .account_page import AccountPage
from .installed import Installed
from .own_fields import OwnField
from .visit import Visit


class Profile(AccountPage):
    """Where the account begins."""

    path = "account"
    template = "account-profile.html"

    async def values(self, visit: Visit) -> dict[str, object]:
        user = (await self.signed_in(visit)).user
        return {
            "user": user,
            "fields": _fields(visit, user),
            "changes_email": _changes_email(visit.installed),
        }

    async def act(self, visit: Visit) -> Response:
        form = visit.form
        if form.get("do") == "email":
            return await self._change_email(visit)
        if form.get("do") != "profile":
            return await self.show(visit)
        # A template of the application's own may have fewer fields; a box that is not ticked is
        # never there.
        own = visit.installed.own_fields
        data: dict[str, object] = {
            **{name: form[name].strip() for name in ("name", "image") if name in form},
            **{
                one.name: form.get(one.name, "")
                for one in own
                if one.name in form or one.kind == "checkbox"
            },
        }
        done = await visit.submit("update_user", data)
        if not done.ok:
            return await self.refused(visit, done)
        return visit.go(self.path, notice="profile_saved")

    async def _change_email(self, visit: Visit) -> Response:
        if not _changes_email(visit.installed):
            return await self.show(visit)
        new, found = visit.form.get("newEmail", "").strip(), await self.signed_in(visit)
        if len(new) <= LONGEST_EMAIL and same_email(new, found.user.email):
            # What the endpoint says of this has no code, and so no translation.
            shown = await self.shown(visit)
            errors = {"newEmail": "account.same_email"}
            return await visit.wrong(errors, shown, given={"newEmail": new})
        data = {"newEmail": new, "callbackURL": visit.target("email-verified")}
        done = await visit.submit("change_email", data)
        if not done.ok:
            return await self.refused(visit, done)
        return visit.go(self.path, notice="email_change_asked")


def _changes_email(installed: Installed) -> bool:
    change: ChangeEmail = installed.plugin(ChangeEmail.id)
    verification: EmailVerification = installed.plugin(EmailVerification.id)
    has_mail = verification.send_verification_email is not None
    return change.enabled and (has_mail or change.update_email_without_verification)


def _fields(visit: Visit, user: User) -> list[OwnField]:
    """The application's fields, with what is stored in them."""
    known = visit.call.config.tables.of(User).attributes
    stored = {one.wire: getattr(user, name, None) for name, one in known.items()}
    return [
        msgspec.structs.replace(one.told(visit.words), value=_typed(stored.get(one.name)))
        for one in visit.installed.own_fields
    ]


def _typed(value: object) -> str:
    """A stored value as the text of a form's field."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return "" if value is None else str(value)
