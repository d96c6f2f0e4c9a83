"""The client of one person or job on one machine."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO, Callable, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from . import _native
from ._errors import WardsealError, invalid
from ._opened import Opened
from ._types import (
    Change,
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

Path = Union[str, "os.PathLike[str]"]
Bytes = Union[bytes, bytearray, memoryview]
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Cache:
    """How long keys of sessions are kept.

    Whoever was revoked reads what he had opened before for that long at most; what is sealed after the
    revocation never.
    """

    kind: str
    time: timedelta

    @classmethod
    def off(cls) -> Cache:
        """Not at all: every opening asks the server."""
        return cls("off", timedelta(0))

    @classmethod
    def memory(cls, time: timedelta) -> Cache:
        """In memory. A quarter of an hour is the default."""
        return cls("memory", time)

    @classmethod
    def persistent(cls, time: timedelta) -> Cache:
        """Also in the folder: sessions open without a connection meanwhile."""
        return cls("persistent", time)


class _Shared:
    """What the parts of a client share."""

    def __init__(self, native: _native.Client) -> None:
        self._native: Optional[_native.Client] = native

    def get(self) -> _native.Client:
        if self._native is None:
            raise invalid("this client was closed")
        return self._native

    def close(self) -> None:
        self._native = None


class Wardseal:
    """End-to-end encryption for one person or job on one machine.

    Methods may be called from several threads, and each can be called again after a failure: none
    leaves anything half-done. While one waits, other threads run, and Ctrl+C ends it.
    """

    def __init__(self, native: _native.Client) -> None:
        shared = _Shared(native)
        self._shared = shared
        #: People by the names that the application gave them.
        self.users = Users(shared)
        #: The devices of the person.
        self.devices = Devices(shared)
        #: Groups of people.
        self.groups = Groups(shared)
        #: Who may open what.
        self.sessions = Sessions(shared)
        #: Ways back in, and whether they work.
        self.recovery = Recovery(shared)

    @classmethod
    def open(
        cls,
        *,
        tenant: str,
        keys: str,
        vault: Optional[str] = None,
        folder: Optional[Path] = None,
        cache: Cache = Cache.memory(timedelta(minutes=15)),
        audience: Optional[str] = None,
        timeout: float = 60,
        insecure_http: bool = False,
    ) -> Wardseal:
        """Opens a client over what its folder holds; without one, over memory.

        ``tenant`` comes with the application, never from a server: everything is checked against it.
        ``keys`` and ``vault`` are the addresses of the servers; the vault is for passwords. The folder
        is made for its owner only. ``timeout`` counts seconds. ``insecure_http`` accepts plain HTTP to
        other machines, for test networks only.
        """
        return cls(
            _native.Client.open(
                tenant,
                keys,
                vault,
                None if folder is None else os.fspath(folder),
                (cache.kind, cache.time.total_seconds()),
                audience,
                timeout,
                insecure_http,
            )
        )

    @staticmethod
    def inspect(object: Bytes) -> ObjectHeader:
        """Reads what an object says of itself, without keys: a claim, not a fact."""
        return ObjectHeader._of(_native.Client.inspect(bytes(object)))

    def __enter__(self) -> Wardseal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of memory and connections. Nothing is erased."""
        self._shared.close()

    @property
    def profile(self) -> Optional[Profile]:
        """Who is signed in here, if anybody is."""
        given = self._shared.get().profile()
        return None if given is None else Profile(**given)

    def begin_sign_up(self, name: str) -> SignUpRequest:
        """Draws the keys of a new user. Asking again for the same name gives the same user, until it is signed up."""
        return SignUpRequest(**json.loads(self._shared.get().begin_sign_up(name)))

    def finish_sign_up(self, token: str) -> str:
        """Registers the user of :meth:`begin_sign_up` with the token of the application's server; gives the user."""
        return self._shared.get().finish_sign_up(token)

    def sign_up(self, name: str, sign: Callable[[SignUpRequest], str]) -> str:
        """Signs somebody up: ``sign`` has the application's server sign the request and gives its token."""
        return self.finish_sign_up(sign(self.begin_sign_up(name)))

    def prove(self, audience: str, challenge: str) -> Mapping[str, str]:
        """Proves to the application's own server who is here, by a signature of this machine's device.

        What it gives is posted to that server as JSON.
        """
        proof: Mapping[str, str] = json.loads(self._shared.get().prove(audience, challenge))
        return proof

    def set_password(self, password: str, forbidden: Sequence[str] = ()) -> None:
        """Sets the password with which this person can sign in on any machine. The one before ends at once.

        ``forbidden`` is what is known about the person, such as the name: no password may contain it.
        """
        self._shared.get().set_password(password, list(forbidden))

    def unlock(self, name: str, password: str) -> Profile:
        """Signs a person in by name and password, in memory alone."""
        return Profile(**self._shared.get().unlock(name, password))

    def recover_by_code(
        self, name: str, code: str, new_password: str, forbidden: Sequence[str] = ()
    ) -> None:
        """Signs a person in by a recovery code, and sets a new password, which ends the forgotten one.

        Raises ``bad_recovery_code`` with ``details["group"]`` when the code was not copied correctly,
        before anything is asked.
        """
        self._shared.get().recover_by_code(name, code, new_password, list(forbidden))

    def trust_this_machine(self) -> str:
        """Makes the unlocked person's machine a device: no password is asked until :meth:`sign_out`."""
        return self._shared.get().trust_this_machine()

    def sign_out(self) -> None:
        """Erases everything from this machine. The device stays listed until another device revokes it."""
        self._shared.get().sign_out()

    def forget_sessions(self) -> None:
        """Drops the keys of all sessions: the same as :meth:`Sessions.forget`."""
        self.sessions.forget()

    def changes(self) -> Iterator[Change]:
        """What changes from now on that concerns this person, for as long as it is iterated.

        Keys in doubt are dropped before a change is given. It reconnects by itself.
        """
        native = self._shared.get().changes()

        def follow() -> Iterator[Change]:
            while True:
                yield Change(*native.next())

        return follow()

    def stay_connected(self) -> None:
        """Hears of changes until it fails or is interrupted, so that revoked keys are dropped at once: for a thread."""
        self._shared.get().stay_connected()

    def seal(
        self,
        session: str,
        content: Union[Bytes, str],
        *,
        name: Optional[str] = None,
        media_type: Optional[str] = None,
        object: Optional[str] = None,
        version: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> bytes:
        """Seals what fits in memory for a session.

        If somebody lost the right to the session, directly or in a group beneath, it gets a new key
        first.
        """
        given = content.encode() if isinstance(content, str) else bytes(content)
        how = (name, media_type, None, object, version)
        return self._shared.get().seal(session, given, how, progress)

    def seal_file(
        self,
        session: str,
        source: Path,
        target: Path,
        *,
        name: Optional[str] = None,
        media_type: Optional[str] = None,
        object: Optional[str] = None,
        version: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> ObjectHeader:
        """Seals a file into a file, in constant memory. It appears when it is whole, in place of what has its name."""
        how = (name, media_type, None, object, version)
        paths = (os.fspath(source), os.fspath(target))
        return ObjectHeader._of(self._shared.get().seal_file(session, *paths, how, progress))

    def seal_stream(
        self,
        session: str,
        source: BinaryIO,
        target: BinaryIO,
        *,
        name: Optional[str] = None,
        media_type: Optional[str] = None,
        size: Optional[int] = None,
        object: Optional[str] = None,
        version: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> ObjectHeader:
        """Seals what a file object gives until its end into another, in constant memory.

        What was written before an error is no object and cannot be opened.
        """
        how = (name, media_type, size, object, version)
        return ObjectHeader._of(self._shared.get().seal_stream(session, source, target, how, progress))

    def open_bytes(self, object: Bytes) -> Opened:
        """Opens an object that is in memory."""
        return Opened(self._shared.get().open_bytes(bytes(object)))

    def open_file(self, path: Path) -> Opened:
        """Opens a file."""
        return Opened(self._shared.get().open_file(os.fspath(path)))

    def open_many(self, objects: Iterable[Bytes]) -> Sequence[Union[Opened, WardsealError]]:
        """Opens many objects at once; gives for each itself or the error, in their order.

        What they need of the server is asked for once.
        """
        opened = self._shared.get().open_many([bytes(object) for object in objects])
        return [each if isinstance(each, WardsealError) else Opened(each) for each in opened]

    def open_files(self, paths: Iterable[Path]) -> Sequence[Union[Opened, WardsealError]]:
        """The same with files."""
        opened = self._shared.get().open_files([os.fspath(path) for path in paths])
        return [each if isinstance(each, WardsealError) else Opened(each) for each in opened]

    def open_stream(self, source: BinaryIO) -> Opened:
        """Opens what a file object gives. Its author is verified at the end."""
        return Opened(self._shared.get().open_stream(source))


class Users:
    """People by the names that the application gave them."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared

    def by_name(self, names: Sequence[str]) -> Sequence[str]:
        """The users whom the application calls by these names, in the same order.

        Raises ``identity_changed`` when a name means another user than before; ask the person, then
        :meth:`confirm`.
        """
        return self._shared.get().users_by_name(list(names))

    def find(self, names: Sequence[str]) -> Sequence[Union[str, WardsealError]]:
        """The same with an answer for each name: the error for one does not hold up the others."""
        return self._shared.get().find_users([*names])

    def confirm(self, name: str) -> str:
        """Accepts that a name means another user than before; gives the user."""
        return self._shared.get().confirm_user(name)


class Devices:
    """The devices of the person who is signed in."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared

    def list(self) -> Sequence[Device]:
        """The devices and recovery methods in force."""
        return [Device(**given) for given in self._shared.get().devices()]

    def revoke(self, devices: Sequence[str]) -> None:
        """Revokes devices. What is sealed from now on stays closed to them, whatever they kept."""
        self._shared.get().revoke_devices([*devices])


class Groups:
    """Groups of people and groups."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared

    @staticmethod
    def _of(given: Mapping[str, Any]) -> Group:
        members = tuple(GroupMember(*member) for member in given["members"])
        return Group(**{**given, "members": members})

    def create(self, name: str, members: Mapping[str, Role] = {}) -> str:
        """Makes a group, of which this person is an administrator; gives its identifier."""
        return self._shared.get().create_group(name, [*members.items()])

    def list(self) -> Sequence[Group]:
        """The groups of which this person is a member, oldest first."""
        return [self._of(given) for given in self._shared.get().groups()]

    def get(self, group: str) -> Group:
        """A group."""
        return self._of(self._shared.get().group(group))

    def add(self, group: str, member: str, role: Role = "member", *, from_join: bool = False) -> None:
        """Adds a user or a group. With ``from_join`` it sees only what is sealed from now on."""
        self._shared.get().add_member(group, member, role, from_join)

    def add_many(self, group: str, members: Mapping[str, Role]) -> Sequence[Optional[WardsealError]]:
        """Adds many members with one request; gives for each the error, or ``None``. They see the past too."""
        return self._shared.get().add_members(group, [*members.items()])

    def remove(self, group: str, members: Sequence[str]) -> None:
        """Removes members; the group gets a new key in the same step."""
        self._shared.get().remove_members(group, [*members])

    def set_role(self, group: str, member: str, role: Role) -> None:
        """Changes a member's role."""
        self._shared.get().set_role(group, member, role)

    def rename(self, group: str, name: str) -> None:
        """Changes the name, which only members can read."""
        self._shared.get().rename_group(group, name)

    def dissolve(self, group: str) -> None:
        """Ends a group. Nothing can be sealed to it any more; what was sealed stays readable."""
        self._shared.get().dissolve_group(group)


class Sessions:
    """Who may open what."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared

    @staticmethod
    def _of(given: Mapping[str, Any]) -> Session:
        recipients = tuple(Recipient._of(recipient) for recipient in given["recipients"])
        metadata = given["metadata"]
        metadata = None if metadata is None else json.loads(metadata)
        managing = tuple(given["managing"])
        return Session(**{**given, "recipients": recipients, "managing": managing, "metadata": metadata})

    @staticmethod
    def _new(new: NewSession) -> Tuple[List[str], List[str], List[str], Optional[str], Optional[str]]:
        encoded = None if new.metadata is None else json.dumps(new.metadata)
        return ([*new.manage], [*new.share], [*new.read], new.label, encoded)

    def create(
        self,
        *,
        manage: Sequence[str],
        share: Sequence[str] = (),
        read: Sequence[str] = (),
        label: Optional[str] = None,
        metadata: Any = None,
    ) -> str:
        """Makes a session for users, groups and parent sessions; gives its identifier.

        This person must be among them. The servers can read the label; metadata is anything that is
        JSON, up to 15 kB, readable by recipients alone.
        """
        new = NewSession(manage, share, read, label, metadata)
        return self._shared.get().create_session(*self._new(new))

    def create_many(self, sessions: Sequence[NewSession]) -> Sequence[Union[str, WardsealError]]:
        """Makes many sessions with one request, up to 500; gives for each its identifier or the error."""
        return self._shared.get().create_sessions([self._new(new) for new in sessions])

    def get(self, session: str) -> Session:
        """A session."""
        return self._of(self._shared.get().session(session))

    def get_many(self, sessions: Sequence[str]) -> Sequence[Union[Session, WardsealError]]:
        """Many sessions with one request, up to a thousand, in their order; for each itself or the error.

        Objects of those that are given open without another request.
        """
        found = self._shared.get().sessions([*sessions])
        return [each if isinstance(each, WardsealError) else self._of(each) for each in found]

    def tree(self, session: str) -> SessionTree:
        """A session and the sessions of which it is a parent, with one request."""
        found, children, following = self._shared.get().tree(session)
        return SessionTree(self._of(found), tuple(children), following)

    def page(
        self, *, parent: Optional[str] = None, after: Optional[int] = None, limit: int = 100
    ) -> SessionPage:
        """A page of the sessions that this person may open, or of those under one.

        It may hold fewer than asked for although another one follows.
        """
        sessions, following = self._shared.get().session_page(parent, after, limit)
        return SessionPage(tuple(sessions), following)

    def list(self, *, parent: Optional[str] = None, page_size: int = 1000) -> Iterator[str]:
        """The sessions that this person may open, or those under one, oldest first, fetched page by page."""
        after: Optional[int] = None
        while True:
            page = self.page(parent=parent, after=after, limit=page_size)
            yield from page.sessions
            after = page.next
            if after is None:
                return

    def grant(self, session: str, recipient: str, right: Right, *, from_join: bool = False) -> None:
        """Grants a right to one more recipient: nobody grants more than he has."""
        self._shared.get().grant(session, recipient, right, from_join)

    def grant_many(
        self, session: str, recipients: Mapping[str, Right]
    ) -> Sequence[Optional[WardsealError]]:
        """Grants rights to many with one request; gives for each the error, or ``None``. They see the past too."""
        return self._shared.get().grant_many(session, [*recipients.items()])

    def set_rights(self, session: str, recipient: str, right: Right) -> None:
        """Changes a recipient's right."""
        self._shared.get().set_rights(session, recipient, right)

    def revoke(self, session: str, recipients: Sequence[str]) -> None:
        """Revokes recipients; the session gets a new key in the same step."""
        self._shared.get().revoke(session, [*recipients])

    def revoke_many(
        self, revocations: Sequence[Tuple[str, Sequence[str]]]
    ) -> Sequence[Optional[WardsealError]]:
        """Revokes recipients of many sessions with one request; gives for each the error, or ``None``."""
        given = [(session, [*recipients]) for session, recipients in revocations]
        return self._shared.get().revoke_many(given)

    def revoke_others(self, session: str) -> Sequence[str]:
        """Revokes every recipient but the one through which this person manages the session; gives who it was."""
        return self._shared.get().revoke_others(session)

    def revoke_all(self, session: str) -> None:
        """Ends a session for everybody, this person too. That cannot be undone."""
        self._shared.get().revoke_all(session)

    def history(self, session: str) -> Sequence[SessionEvent]:
        """What happened in a session: who did what, when, in order."""
        return [SessionEvent._of(event) for event in self._shared.get().history(session)]

    def export(self, sessions: Sequence[str]) -> bytes:
        """Writes down what opens everything that was sealed for these sessions up to now.

        It is a secret: whoever holds it opens all of that, and no revocation reaches it.
        """
        return self._shared.get().export_sessions([*sessions])

    def import_(self, exported: Bytes) -> Sequence[str]:
        """Takes in what :meth:`export` wrote, after verifying it; gives the sessions that are in it.

        What was sealed for them opens here without an identity and without a connection, for as long as
        the cache keeps keys. Nothing can be sealed by it.
        """
        return self._shared.get().import_sessions(bytes(exported))

    def describe(self, session: str, metadata: Any) -> None:
        """Replaces the metadata."""
        self._shared.get().describe(session, json.dumps(metadata))

    def forget(self) -> None:
        """Drops the keys of all sessions: what is opened from now on is asked for again."""
        self._shared.get().forget_sessions()


class Recovery:
    """The recovery methods of the person who is signed in."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared

    def methods(self) -> Sequence[RecoveryMethod]:
        """The methods in force. The password is one."""
        return [RecoveryMethod(*given) for given in self._shared.get().recovery_methods()]

    def create_code(self) -> str:
        """Draws a recovery code, which opens the person for whoever holds it; the one before ends."""
        return self._shared.get().create_recovery_code()

    def set_organisation(self, group: str, quorum: int) -> str:
        """Lets administrators of a group help: ``quorum`` of them, one or two. Gives the method's device."""
        return self._shared.get().set_organisation(group, quorum)

    def remove(self, method: str) -> None:
        """Removes a method. It opens nothing from now on."""
        self._shared.get().remove_recovery(method)

    def check(self) -> Sequence[MethodCheck]:
        """Finds out about every method whether it would work, without using it."""
        return [MethodCheck(*given) for given in self._shared.get().check_recovery()]
