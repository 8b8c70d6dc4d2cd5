"""Plain CSV, JSON and NDJSON: one user per row, under names that are easily guessed.

`id`, `email`, `name` (or `first_name` and `last_name`), `image`, `email_verified`, `created_at`,
`updated_at`, `password_hash`, `disabled` (or `active`), and `accounts`: a list of objects with
`provider` and `account_id`, or text like `google:123 github:456`. And what the application's users
have beyond that, by the names of these fields.
"""

from __future__ import annotations

from functools import partial

from .file_source import FileSource
from .files import elements, lines, rows
from .imported import ImportedAccount, ImportedUser, SourceOptions
from .providers import account, accounts
from .reading import Fields, flag, items, moment, text

_INACTIVE = ("disabled", "blocked", "banned")
_READ = {
    *("id", "userid", "email", "name", "firstname", "lastname", "image", "picture", "avatarurl"),
    *("emailverified", "verified", "active", "isactive", *_INACTIVE, "createdat", "updatedat"),
    *("passwordhash", "password", "accounts"),
}


def plain_csv(options: SourceOptions) -> FileSource:
    """The rows of a CSV file."""
    return FileSource(options.location, rows, _user, read=_READ)


def plain_json(options: SourceOptions) -> FileSource:
    """The elements of a JSON array, or of the array `users` of a JSON object."""
    return FileSource(options.location, partial(elements, key="users"), _user, read=_READ)


def plain_ndjson(options: SourceOptions) -> FileSource:
    """The lines of a file, each a JSON object."""
    return FileSource(options.location, lines, _user, read=_READ)


def _user(place: str, it: Fields) -> ImportedUser:
    names = [text(it.get("firstname")), text(it.get("lastname"))]
    active = text(it.get("active"), it.get("isactive"))
    inactive = active is not None and not flag(active)
    return ImportedUser(
        place=place,
        source_id=text(it.get("id"), it.get("userid")),
        email=text(it.get("email")),
        name=text(it.get("name")) or " ".join(filter(None, names)),
        image=text(it.get("image"), it.get("picture"), it.get("avatarurl")),
        verified=flag(it.get("emailverified") or it.get("verified")),
        disabled=inactive or any(flag(it.get(name)) for name in _INACTIVE),
        created_at=moment(it.get("createdat")),
        updated_at=moment(it.get("updatedat")),
        password=text(it.get("passwordhash"), it.get("password")),
        accounts=_accounts(it.get("accounts")),
    )


def _accounts(value: object) -> tuple[ImportedAccount, ...]:
    if isinstance(value, str):
        pairs = (one.partition(":") for one in value.replace(",", " ").split())
        return accounts(*(account(provider, own) for provider, _, own in pairs))
    return accounts(
        *(
            account(
                text(row.get("provider"), row.get("providerid")),
                text(row.get("accountid"), row.get("provideraccountid")),
            )
            for row in items(value)
        )
    )
