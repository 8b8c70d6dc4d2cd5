"""Firebase: the JSON of `firebase auth:export users.json --format=json`.

Passwords take the parameters that the console shows for the project (Authentication, Users, the
menu above the list: password hash parameters).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from watchword.crypto.foreign_firebase import firebase_hash

from .file_source import FileSource
from .files import elements
from .imported import ImportedUser, ImportFailure, SourceOptions
from .parameters import read_parameters
from .providers import account, accounts
from .reading import Fields, flag, items, moment, text

_SIGNER, _SEPARATOR = "base64_signer_key", "base64_salt_separator"
_Hashed = Callable[[str, str], str]


def firebase(options: SourceOptions) -> FileSource:
    """The users of an export. Raises `ImportFailure` for a hash without its parameters."""
    if options.hash_parameters is None:
        return FileSource(options.location, elements, partial(_user, _without_parameters))
    given = read_parameters(options.hash_parameters)
    missing = [name for name in (_SIGNER, "rounds", "mem_cost") if not given.get(name)]
    if missing:
        raise ImportFailure(f"the hash parameters have no {', '.join(missing)}")
    if not (given["rounds"].isdecimal() and given["mem_cost"].isdecimal()):
        raise ImportFailure("rounds and mem_cost of the hash parameters must be numbers")

    def hashed(salt: str, key: str) -> str:
        return firebase_hash(
            signer=given[_SIGNER],
            separator=given.get(_SEPARATOR, ""),
            rounds=int(given["rounds"]),
            mem_cost=int(given["mem_cost"]),
            salt=salt,
            key=key,
        )

    return FileSource(options.location, elements, partial(_user, hashed))


def _without_parameters(salt: str, key: str) -> str:
    raise ImportFailure(
        "Firebase's password hashes need the parameters of the project",
        "Copy them from the console into a file and give --hash-parameters FILE",
    )


def _user(hashed: _Hashed, place: str, it: Fields) -> ImportedUser:
    salt, key = text(it.get("salt")), text(it.get("passwordhash"))
    return ImportedUser(
        place=place,
        source_id=text(it.get("localid")),
        email=text(it.get("email")),
        name=text(it.get("displayname")) or "",
        image=text(it.get("photourl")),
        verified=it.get("emailverified") is True,
        disabled=flag(it.get("disabled")),
        created_at=moment(it.get("createdat")),
        password=hashed(salt, key) if salt and key else key,
        accounts=accounts(
            *(
                account(row.get("providerid"), row.get("rawid"))
                for row in items(it.get("provideruserinfo"))
            )
        ),
        second_factor=bool(items(it.get("mfainfo"))),
    )
