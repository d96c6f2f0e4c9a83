"""End-to-end encryption for applications: people, groups, sessions, messages and files.

Begin with :meth:`Wardseal.open`.
"""

from ._client import Cache, Devices, Groups, Recovery, Sessions, Users, Wardseal
from ._errors import WardsealError
from ._opened import Opened
from ._types import (
    Change,
    Completed,
    Device,
    Group,
    GroupMember,
    MethodCheck,
    NewSession,
    ObjectHeader,
    Profile,
    Recipient,
    RecoveryMethod,
    Right,
    Role,
    Session,
    SessionEvent,
    SessionPage,
    SessionTree,
    SignUpRequest,
)

__all__ = [
    "Cache",
    "Change",
    "Completed",
    "Device",
    "Devices",
    "Group",
    "GroupMember",
    "Groups",
    "MethodCheck",
    "NewSession",
    "ObjectHeader",
    "Opened",
    "Profile",
    "Recipient",
    "Recovery",
    "RecoveryMethod",
    "Right",
    "Role",
    "Session",
    "SessionEvent",
    "SessionPage",
    "SessionTree",
    "Sessions",
    "SignUpRequest",
    "Users",
    "Wardseal",
    "WardsealError",
]
