"""Whether a provider's word on an address is enough (spec: social, 5 and 6; security A5)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from watchword.call import Call

from .person import Person

_log = logging.getLogger("watchword")


async def is_believed(call: Call, person: Person) -> bool:
    """Whether the provider has made sure that the address is the person's, or is trusted anyway.

    Ask outside of transactions: a function of the application may have to answer.
    """
    if person.vouched:
        return True
    trusted = call.config.options.account.linking.trusted_providers
    if not callable(trusted):
        return person.provider_id in trusted
    try:
        named = cast("Sequence[str] | None", await call.run(trusted, call.request))
    except Exception as error:
        # Nobody gets into an account because a function failed.
        _log.error("account.linking.trusted_providers failed with %s", type(error).__name__)
        return False
    return not isinstance(named, str) and person.provider_id in (named or ())
