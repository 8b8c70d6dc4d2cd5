"""The pages of who is signed in."""

from __future__ import annotations

from .account_deletion import AccountDeleted, DeleteAccount
from .account_keys import ApiKeys
from .account_linked import LinkedAccounts
from .account_passkeys import Passkeys
from .account_password import ChangePassword
from .account_profile import Profile
from .account_second_factor import TwoFactor
from .account_sessions import Sessions
from .device_approval import Device
from .organization_invitation import Invitation
from .organization_members import Members
from .organizations import Organizations
from .page import Page

ACCOUNT_PAGES: tuple[Page, ...] = (
    Profile(),
    ChangePassword(),
    TwoFactor(),
    Passkeys(),
    LinkedAccounts(),
    Sessions(),
    ApiKeys(),
    DeleteAccount(),
    AccountDeleted(),
    Organizations(),
    Members(),
    Invitation(),
    Device(),
)
