"""What the methods give. All identifiers are texts that begin with their kind, such as ``ses_``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, Mapping, Optional, Sequence, Tuple

#: What a recipient may do. Each includes the one before: open and write, grant to others, change and revoke.
Right = Literal["read", "share", "manage"]

#: What a member of a group may do: administrators also add and remove members.
Role = Literal["member", "admin"]


def _time(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, timezone.utc)


@dataclass(frozen=True)
class Profile:
    """Who is signed in."""

    tenant: str
    user: str
    device: str


@dataclass(frozen=True)
class SignUpRequest:
    """What the application's own server has to sign at a sign-up, once it has checked who it is."""

    tenant: str
    #: The new user (``usr_…``).
    user: str
    #: The name by which the application calls the person or job.
    name: str
    #: Salted commitment to the name, base64url: ``cmt`` of the token.
    commitment: str
    #: Index of the name, base64url: ``idx`` of the token.
    index: str


@dataclass(frozen=True)
class Device:
    """A device or recovery method in force."""

    #: ``dev_…``
    id: str
    #: ``device``, ``password``, ``code``, ``passkey``, ``mail`` or ``organisation``.
    kind: str
    #: Whether it is this one.
    current: bool


@dataclass(frozen=True)
class GroupMember:
    """A member of a group."""

    #: A user (``usr_…``) or a group (``grp_…``).
    id: str
    role: Role


@dataclass(frozen=True)
class Group:
    """A group, as this person sees it."""

    #: ``grp_…``
    id: str
    #: Only members can read it.
    name: Optional[str]
    members: Tuple[GroupMember, ...]
    #: This person's role, directly or through another group.
    role: Optional[Role]
    #: How often its key changed.
    epoch: int
    #: Whether it has ended.
    dissolved: bool


@dataclass(frozen=True)
class Recipient:
    """A recipient of a session."""

    #: A user, a group, a parent session, or somebody who has no keys yet (``pnd_…``).
    id: str
    right: Right
    #: How it came in: ``created``, ``granted``, ``claimed`` or ``completed`` (let in by a recipient).
    how: str
    #: Who let it in. For one that claimed: who made the claim.
    by: str
    #: By which device.
    device: str
    #: When, by the author's clock.
    time: datetime
    #: Who changed its right last, and when, if somebody did.
    changed: Optional[Tuple[str, datetime]]

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> Recipient:
        changed = given["changed"]
        changed = None if changed is None else (changed[0], _time(changed[1]))
        return cls(**{**given, "time": _time(given["time"]), "changed": changed})


@dataclass(frozen=True)
class SessionEvent:
    """Something that happened in a session."""

    #: ``created``, ``granted``, ``rights_set``, ``revoked``, ``rotated``, ``claimed``, ``described`` or ``ended``.
    what: str
    #: Its place in the order of everything that happens.
    position: int
    #: When, by the author's clock.
    time: datetime
    #: Who did it.
    by: str
    #: By which device.
    device: str
    #: To whom, and with which right where that is what happened.
    recipients: Tuple[Tuple[str, Optional[Right]], ...]
    #: Under which identifier somebody was awaited who came in (``pnd_…``).
    pending: Optional[str]

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> SessionEvent:
        recipients = tuple((member, right) for member, right in given["recipients"])
        return cls(**{**given, "time": _time(given["time"]), "recipients": recipients})


@dataclass(frozen=True)
class NewSession:
    """A session that is to be made, see :meth:`Sessions.create`."""

    manage: Sequence[str]
    share: Sequence[str] = ()
    read: Sequence[str] = ()
    label: Optional[str] = None
    metadata: Any = None


@dataclass(frozen=True)
class Session:
    """A session, as this person sees it."""

    #: ``ses_…``
    id: str
    recipients: Tuple[Recipient, ...]
    #: Those of them that may manage.
    managing: Tuple[str, ...]
    #: This person's right, directly, through a group or through a parent.
    right: Right
    #: How often its key changed.
    epoch: int
    #: A label in clear, if the application wanted one.
    label: Optional[str]
    #: What the application keeps beside the session, readable by its recipients alone.
    metadata: Any


@dataclass(frozen=True)
class SessionTree:
    """A session and the sessions under it. The keys of all that are named here are at hand."""

    session: Session
    #: The sessions of which it is a parent, oldest first: a thousand at most.
    children: Tuple[str, ...]
    #: What to ask :meth:`Sessions.page` with for more of them.
    next: Optional[int]


@dataclass(frozen=True)
class SessionPage:
    """A page of a list."""

    #: Oldest first.
    sessions: Tuple[str, ...]
    #: What to ask the next page with; ``None`` on the last.
    next: Optional[int]


@dataclass(frozen=True)
class ObjectHeader:
    """What an object says of itself, readable without keys: a claim until it was opened."""

    tenant: str
    session: str
    object: str
    #: From 1. All versions of a document share the object.
    version: int
    #: The epoch of the session under which it is sealed.
    epoch: int
    #: The user who says that he wrote it.
    author: str
    #: His device.
    device: str
    #: When, by the author's clock.
    time: datetime

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> ObjectHeader:
        return cls(**{**given, "time": _time(given["time"])})


@dataclass(frozen=True)
class Completed:
    """The proof that all of a content was authenticated and that its author signed it."""

    header: ObjectHeader
    #: Bytes of content.
    size: int

    @property
    def author(self) -> str:
        """The user who wrote it."""
        return self.header.author

    @classmethod
    def _of(cls, given: Tuple[Mapping[str, Any], int]) -> Completed:
        return cls(ObjectHeader._of(given[0]), given[1])


@dataclass(frozen=True)
class Change:
    """What has changed, as far as it concerns this person."""

    #: ``session``, ``group`` or ``user``.
    kind: str
    id: str


@dataclass(frozen=True)
class RecoveryMethod:
    """A way back in."""

    #: ``password``, ``code``, ``passkey``, ``mail`` or ``organisation``.
    kind: str
    #: The method as a device of the person: what is removed is named by it.
    device: str


@dataclass(frozen=True)
class MethodCheck:
    """What was found out about a method without using it."""

    kind: str
    device: str
    #: ``works``, ``missing``, ``outdated`` or ``unknown``.
    state: str
    #: A stable word for why it does not work.
    reason: Optional[str]
