"""`watchword mails`: the outbox, for the shell. Neither links nor codes are ever printed, and
addresses only so far that somebody who knows one finds it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import App, Parameter
from cyclopts.validators import Number

from watchword.http.json import jsonable
from watchword.mail.hand import Entry

from .application import NO_APPLICATION, AnyAuth, Application, AsJson, Switch, Yes
from .failures import CommandError
from .screen import confirm, note, say
from .users_shown import print_json, print_rows

_Which: TypeAlias = Annotated[str, Parameter(help="The id of a mail.")]

mails = App(name="mails", help="Look at mails that are not sent; send, retry and drop them.")


@mails.default
def listed(
    *,
    state: Annotated[
        Literal["waiting", "failed", "expired"] | None, Parameter(help="Only those.")
    ] = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000), help="At once.")] = 50,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """List mails that are not sent, those first that are due first."""
    with application.opened() as auth:
        entries = auth.blocking.mails.list(state=state, limit=limit)
    if as_json:
        print_json([_fields(entry) for entry in entries])
        return 0
    print_rows(
        (
            entry.id,
            entry.kind,
            masked(entry.to),
            entry.state,
            str(entry.attempts),
            f"{entry.next_attempt:%Y-%m-%d %H:%M:%S}" if entry.state == "waiting" else "-",
            entry.last_error or "-",
        )
        for entry in entries
    )
    if len(entries) == limit:
        note(f"There may be more: --limit {limit} shows these.")
    return 0


@mails.command
def send(
    mail: Annotated[str | None, Parameter(help="The id of one, whether it is due or not.")] = None,
    *,
    limit: Annotated[
        int | None, Parameter(validator=Number(gte=1), help="Mails that are tried at most.")
    ] = None,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Send what is due, for cron; or one mail now. Status 1 if that one is not sent."""
    with application.opened() as auth:
        if mail is not None:
            return _told(auth, mail, as_json=as_json)
        counts = auth.blocking.mails.send_due(limit=limit)
    if as_json:
        say(json.dumps(counts))
    else:
        say(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "none is due")
    return 0


@mails.command
def retry(
    mail: Annotated[str | None, Parameter(help="The id of a mail.")] = None,
    *,
    every: Annotated[Switch, Parameter(name="--all", help="All that failed.")] = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Let a failed mail be due again, with all its attempts before it."""
    if (mail is None) is not every:
        raise CommandError("nothing says which mails", "Give an id, or --all")
    with application.opened() as auth:
        count = int(auth.blocking.mails.retry(mail)) if mail else auth.blocking.mails.retry_all()
    if mail and not count:
        raise CommandError("there is no such mail, or its link has ended, or it is being sent")
    say(f"{count} due: a server sends it within a minute or so, or `watchword mails send`")
    return 0


@mails.command
def drop(mail: _Which, *, yes: Yes = False, application: Application = NO_APPLICATION) -> int:
    """Delete a mail, so that it is never sent."""
    with application.opened() as auth:
        if not confirm(f"Delete the mail {mail}?", yes=yes):
            return 1
        if not auth.blocking.mails.drop(mail):
            raise CommandError("there is no such mail")
    say(f"{mail} deleted")
    return 0


def masked(address: str) -> str:
    """An address that only who knows it recognizes: `a***@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***{at}{domain}" if at else "-"


def _told(auth: AnyAuth, mail: str, *, as_json: bool) -> int:
    outcome = auth.blocking.mails.send(mail)
    say(json.dumps({outcome: 1}) if as_json else outcome)
    return int(outcome != "sent")


def _fields(entry: Entry) -> dict[str, Any]:
    fields: dict[str, Any] = jsonable(entry)
    return {**fields, "to": masked(entry.to)}
