"""Credential generations: what ends mailed links and codes before their time.

Whoever takes an account back raises its generation: a reset, a new password, a new address, the
end of all sessions, the deletion. What was promised under an earlier one is void. Mails to the
mailbox itself (a link that signs in or resets) have a generation of their own: proving the mailbox
voids what sessions had asked for, not the other mails that wait in it.

A generation is a random text, not a moment: clocks of several servers differ, and a request knows
only when it began. It is noted beside other promises, so that a database of the reference needs no
column, for as long as the longest promise lives; without a note nothing that lives is void.
"""

from __future__ import annotations

import msgspec

from watchword.call import Call
from watchword.crypto.signing import hash_identifier
from watchword.discreet import Discreet
from watchword.verifications.verifications import newest_verification, replace_verification

_LEAST_LIFE = 86_400
"""Seconds: as long as the reference's longest link, should one share the database."""


class Generation(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """The generations of a subject, and when they were last raised (Unix milliseconds)."""

    account: str = ""
    """Of what somebody asked for who was signed in."""
    mailbox: str = ""
    """Of what anybody may ask for, since the mailbox is the proof."""
    account_at: int = 0
    mailbox_at: int = 0


FIRST = Generation()
"""Where nothing was raised lately."""


ACCOUNT, ADDRESS = "account:", "address:"
"""What subjects begin with. The rest is a hash: notes outlive whom they are about."""


def account_subject(user_id: str) -> str:
    """The subject of promises to an account."""
    return ACCOUNT + hash_identifier(user_id)


def address_subject(email: str) -> str:
    """The subject of promises to a mailbox (lower-case address) that no account has yet."""
    return ADDRESS + hash_identifier(email)


async def current_generation(call: Call, subject: str) -> Generation:
    """The generation of an account, or of an address without one.

    To decide by it, hold the user (`lock_user`).
    """
    note = await newest_verification(call, _identifier(subject))
    if note is None or note.expires_at <= call.now:
        return FIRST
    try:
        return msgspec.json.decode(note.value, type=Generation)
    except msgspec.MsgspecError:
        # What cannot be read voids everything up to its own making, and spares nothing.
        made = int(note.created_at.timestamp() * 1000)
        return Generation("?", "?", made, made)


async def raise_generation(call: Call, subject: str, *, mailbox: bool = True) -> None:
    """Void what was promised so far; call it inside a transaction, under `lock_user`.

    `mailbox=False` spares what was mailed for a proof of the mailbox.
    """
    fresh = call.random(16)
    # The clock as it is now: `call.now` is when the request began.
    moment = int(call.config.options.clock().timestamp() * 1000)
    raised = Generation(fresh, fresh, moment, moment)
    if not mailbox:
        kept = await current_generation(call, subject)
        raised = Generation(fresh, kept.mailbox, moment, kept.mailbox_at)
    value = msgspec.json.encode(raised).decode()
    life = max(_LEAST_LIFE, *(one.promise_life() for one in call.config.plugins.values()))
    await replace_verification(call, _identifier(subject), value, call.after(life))


def _identifier(subject: str) -> str:
    return f"credential-generation:{subject}"
