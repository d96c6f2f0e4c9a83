"""The package against the real servers."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any, BinaryIO, ClassVar, List, Optional, Sequence, cast

from servers import Servers, bytes_of, user_of

from wardseal import Cache, Change, NewSession, Opened, Session, Wardseal, WardsealError

PASSWORD = "four quiet grey herons"


class Refusals(unittest.TestCase):
    """Helps to say what is refused."""

    def assert_code(self, code: str) -> "_Code":
        return _Code(self, code)


class _Code:
    def __init__(self, case: unittest.TestCase, code: str) -> None:
        self._case = case
        self._code = code
        self.error: WardsealError

    def __enter__(self) -> "_Code":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if not isinstance(error, WardsealError):
            self._case.fail(f"{self._code} was expected, not {error!r}")
        self._case.assertEqual(error.code, self._code, str(error))
        self.error = error
        return True


class Platform(Refusals):
    servers: ClassVar[Servers]
    anna: ClassVar[Wardseal]
    carla: ClassVar[Wardseal]
    session: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.servers = Servers()
        cls.addClassCleanup(cls.servers.stop)
        cls.anna = cls.servers.person("anna")
        cls.carla = cls.servers.person("carla")
        cls.session = cls.anna.sessions.create(manage=[user_of(cls.anna)])


class People(Platform):
    def test_a_folder_keeps_who_is_signed_in(self) -> None:
        folder = self.servers.folder / "boris"
        with self.servers.open(folder=folder, cache=Cache.persistent(timedelta(hours=1))) as ward:
            self.assertIsNone(ward.profile)
            request = ward.begin_sign_up("boris")
            self.assertEqual(ward.begin_sign_up("boris"), request)
            with self.assert_code("binding_refused"):
                ward.finish_sign_up("no token")
            user = ward.sign_up("boris", self.servers.sign)
            self.assertEqual(user, request.user)
            session = ward.sessions.create(manage=[user])
            sealed = ward.seal(session, "38.4")
        with self.assert_code("invalid"):
            ward.seal(session, "x")
        with self.servers.open(folder=folder) as again:
            self.assertEqual(user_of(again), user)
            self.assertEqual(again.open_bytes(sealed).text(), "38.4")
            self.assertEqual(len(again.prove("https://app.example.org", "drawn")["signature"]), 86)
            again.sign_out()
            self.assertIsNone(again.profile)
            with self.assert_code("no_identity"):
                again.seal(session, "x")

    def test_what_the_application_raises_at_a_sign_up_arrives(self) -> None:
        def sign(_: object) -> str:
            raise PermissionError("not on the list")

        with self.servers.open() as ward, self.assertRaisesRegex(PermissionError, "not on the list"):
            ward.sign_up("stranger", sign)

    def test_names_groups_and_rights(self) -> None:
        self.assertEqual(self.anna.users.by_name(["carla"]), [user_of(self.carla)])
        with self.assert_code("unknown_name"):
            self.anna.users.by_name(["nobody"])
        her = user_of(self.carla)
        group = self.anna.groups.create("North", {her: "member"})
        self.anna.groups.set_role(group, her, "admin")
        self.carla.groups.rename(group, "South")
        found = self.anna.groups.get(group)
        self.assertEqual((found.name, found.role, found.dissolved), ("South", "admin", False))
        self.assertEqual({member.id: member.role for member in found.members}[her], "admin")
        self.anna.groups.remove(group, [her])
        with self.assert_code("not_a_member"):
            self.carla.groups.rename(group, "mine")
        self.anna.groups.add(group, her, from_join=True)
        self.assertIn(group, [each.id for each in self.carla.groups.list()])

        session = self.anna.sessions.create(manage=[user_of(self.anna)], metadata={"case": 4711}, label="clear")
        with self.assert_code("no_access"):
            self.carla.sessions.get(session)
        self.anna.sessions.grant(session, group, "read")
        given: Session = self.carla.sessions.get(session)
        self.assertEqual((given.right, given.metadata, given.label), ("read", {"case": 4711}, "clear"))
        with self.assert_code("not_authorised"):
            self.carla.sessions.grant(session, her, "read")
        self.anna.sessions.set_rights(session, group, "manage")
        self.carla.forget_sessions()
        self.carla.sessions.describe(session, ["changed"])
        self.anna.forget_sessions()
        self.assertEqual(self.anna.sessions.get(session).metadata, ["changed"])
        self.anna.sessions.revoke(session, [group])
        self.carla.forget_sessions()
        with self.assert_code("no_access"):
            self.carla.sessions.get(session)
        self.anna.groups.dissolve(group)
        self.assertTrue(self.anna.groups.get(group).dissolved)
        with self.assertRaises(ValueError):
            self.anna.sessions.grant(session, her, "everything")  # type: ignore[arg-type]
        with self.assert_code("invalid"):
            self.anna.sessions.get("ses_no")

    def test_lists_go_over_pages(self) -> None:
        ward = self.servers.person("lists")
        made = [ward.sessions.create(manage=[user_of(ward)]) for _ in range(3)]
        self.assertEqual(list(ward.sessions.list(page_size=2)), made)
        page = ward.sessions.page(limit=2)
        self.assertEqual(page.sessions, tuple(made[:2]))
        self.assertEqual(ward.sessions.page(after=page.next).sessions, tuple(made[2:]))

    def test_of_many_each_fails_alone(self) -> None:
        def codes(results: Sequence[object]) -> List[Optional[str]]:
            return [each.code if isinstance(each, WardsealError) else None for each in results]

        mine, hers = user_of(self.anna), user_of(self.carla)
        self.assertEqual(codes(self.anna.users.find(["carla", "nobody"])), [None, "unknown_name"])
        group = self.anna.groups.create("Many")
        self.assertEqual(self.anna.groups.add_many(group, {hers: "admin"}), [None])
        self.assertEqual(self.carla.groups.get(group).role, "admin")

        new = NewSession(manage=[mine], metadata=[1])
        made = self.anna.sessions.create_many([new, NewSession(manage=[]), new])
        self.assertEqual(codes(made), [None, "invalid", None])
        first, second = (each for each in made if isinstance(each, str))
        self.assertEqual(self.anna.sessions.grant_many(first, {hers: "read", group: "share"}), [None, None])
        found = self.carla.sessions.get_many([first, second])
        self.assertEqual(codes(found), [None, "no_access"])
        assert isinstance(found[0], Session)
        self.assertEqual((found[0].metadata, found[0].managing), ([1], (mine,)))
        her = next(each for each in found[0].recipients if each.id == hers)
        self.assertEqual((her.right, her.how, her.by, her.changed), ("read", "granted", mine, None))

        under = [self.anna.sessions.create(manage=[first]) for _ in range(2)]
        tree = self.anna.sessions.tree(first)
        self.assertEqual((tree.session.id, tree.children, tree.next), (first, tuple(under), None))
        self.assertEqual(list(self.anna.sessions.list(parent=first, page_size=1)), under)

        self.anna.sessions.set_rights(first, hers, "share")
        self.assertEqual(set(self.anna.sessions.revoke_others(first)), {hers, group})
        revoked = self.anna.sessions.revoke_many([(second, [hers]), ("ses_" + first[4:], [])])
        self.assertEqual(codes(revoked), [None, None])
        history = self.anna.sessions.history(first)
        self.assertEqual([event.what for event in history if event.what != "described"][0], "created")
        self.assertEqual([event.by for event in history], [mine] * len(history))
        self.assertEqual((history[-1].what, {member for member, _ in history[-1].recipients}), ("revoked", {hers, group}))
        self.assertIn(((hers, "share"),), [event.recipients for event in history])
        self.anna.sessions.revoke_all(first)
        with self.assertRaises(WardsealError):
            self.anna.seal(first, "x")

    def test_an_export_opens_without_a_server(self) -> None:
        session = self.anna.sessions.create(manage=[user_of(self.anna)])
        sealed = self.anna.seal(session, "38.4")
        exported = self.anna.sessions.export([session])
        with self.servers.open(keys="http://127.0.0.1:1") as archive:
            with self.assert_code("bad_export"):
                archive.sessions.import_(exported[:-1])
            self.assertEqual(archive.sessions.import_(exported), [session])
            self.assertEqual(archive.open_bytes(sealed).text(), "38.4")
            with self.assert_code("unreachable"):
                archive.seal(session, "x")
        with self.servers.open() as nobody:
            nobody.sessions.import_(exported)
            with self.assert_code("no_identity"):
                nobody.seal(session, "x")
        with self.assert_code("no_access"):
            self.carla.sessions.export([session])

    def test_a_password_and_a_code_open_the_person_elsewhere(self) -> None:
        ward = self.servers.person("doctor-4711", folder=self.servers.folder / "doctor")
        with self.assert_code("weak_password") as weak:
            ward.set_password("my name is doctor-4711", ["doctor-4711"])
        self.assertEqual(weak.error.details["reason"], "contains_name")
        ward.set_password(PASSWORD)
        code = ward.recovery.create_code()
        self.assertEqual({method.kind for method in ward.recovery.methods()}, {"password", "code"})
        self.assertEqual({check.state for check in ward.recovery.check()}, {"works"})
        self.assertEqual({device.kind for device in ward.devices.list()}, {"device", "password", "code"})
        with self.servers.open() as elsewhere:
            with self.assert_code("wrong_password"):
                elsewhere.unlock("doctor-4711", PASSWORD + "!")
            self.assertEqual(elsewhere.unlock("doctor-4711", PASSWORD).user, user_of(ward))
        with self.servers.open() as elsewhere:
            with self.assert_code("bad_recovery_code"):
                elsewhere.recover_by_code("doctor-4711", code[:-1], PASSWORD + " again")
            elsewhere.recover_by_code("doctor-4711", code, PASSWORD + " again")
            self.assertEqual(user_of(elsewhere), user_of(ward))


class Content(Platform):
    def test_bytes_and_text(self) -> None:
        content = bytes_of(100)
        sealed = self.anna.seal(self.session, bytearray(content), name="a.bin", media_type="image/png")
        header = Wardseal.inspect(sealed)
        self.assertEqual((header.session, header.author, header.version), (self.session, user_of(self.anna), 1))
        opened = self.anna.open_bytes(memoryview(sealed))
        self.assertEqual((opened.name, opened.media_type, opened.size), ("a.bin", "image/png", 100))
        self.assertEqual((opened.author, opened.session, opened.verified), (user_of(self.anna), self.session, True))
        self.assertLess(abs(opened.time - datetime.now(timezone.utc)), timedelta(minutes=5))
        self.assertIsNone(opened.completed)
        self.assertEqual(opened.bytes(), content)
        completed = opened.completed
        assert completed is not None
        self.assertEqual((completed.author, completed.size), (opened.author, 100))
        second = self.anna.seal(self.session, "again", object=opened.object, version=2)
        self.assertEqual(self.anna.open_bytes(second).version, 2)
        with self.assert_code("no_access"):
            self.carla.open_bytes(sealed)
        with self.assert_code("not_an_object"):
            self.anna.open_bytes(b"something else")

    def test_many_at_once(self) -> None:
        sealed = [self.anna.seal(self.session, str(at)) for at in range(3)]
        opened = self.anna.open_many([*sealed, b"something else"])
        self.assertEqual([each.text() for each in opened[:3] if isinstance(each, Opened)], ["0", "1", "2"])
        assert isinstance(opened[3], WardsealError)
        self.assertEqual(opened[3].code, "not_an_object")
        [refused] = self.carla.open_many(sealed[:1])
        assert isinstance(refused, WardsealError)
        self.assertEqual(refused.code, "no_access")

    def test_pieces_reads_and_ranges(self) -> None:
        content = bytes_of((2 << 20) + 5)
        sealed = self.anna.seal(self.session, content)
        opened = self.anna.open_bytes(sealed)
        self.assertEqual(opened.range(1 << 20, (1 << 20) + 9), content[1 << 20 : (1 << 20) + 9])
        self.assertEqual(opened.read(7), content[:7])
        self.assertEqual(opened.read(1 << 20), content[7 : 7 + (1 << 20)])
        self.assertEqual(b"".join(opened), content[7 + (1 << 20) :])
        self.assertEqual((opened.read(1), opened.read()), (b"", b""))
        opened.rewind()
        pieces = list(opened)
        self.assertEqual(b"".join(pieces), content)
        self.assertTrue(all(len(piece) <= 1 << 20 for piece in pieces))

        changed = bytearray(sealed)
        changed[1_500_000] ^= 1
        opened = self.anna.open_bytes(changed)
        self.assertEqual(opened.read(5), content[:5])
        with self.assert_code("object_rejected"):
            opened.read()
        self.assertIsNone(opened.completed)

    def test_files(self) -> None:
        folder = self.servers.folder / "files"
        folder.mkdir()
        content = bytes_of(1_500_000)
        (folder / "scan.dcm").write_bytes(content)
        told: List[int] = []
        header = self.anna.seal_file(
            self.session, folder / "scan.dcm", folder / "scan.wseal", media_type="application/dicom", progress=told.append
        )
        self.assertEqual(told[-1], len(content))
        opened = self.anna.open_file(folder / "scan.wseal")
        self.assertEqual((opened.name, opened.object), ("scan.dcm", header.object))
        self.assertEqual(opened.save(folder / "copy.dcm").size, len(content))
        self.assertEqual((folder / "copy.dcm").read_bytes(), content)
        if os.name == "posix":
            self.assertEqual((folder / "copy.dcm").stat().st_mode & 0o777, 0o600)
        with self.assert_code("io") as missing:
            self.anna.open_file(folder / "missing")
        self.assertIn("missing", str(missing.error))
        self.assertEqual(len(list(folder.iterdir())), 3)

    def test_file_objects(self) -> None:
        content = bytes_of(1_200_000)
        target = io.BytesIO()
        self.anna.seal_stream(self.session, io.BytesIO(content), target, size=len(content))
        opened = self.anna.open_stream(io.BytesIO(target.getvalue()))
        self.assertFalse(opened.verified)
        out = io.BytesIO()
        self.assertEqual(opened.write_to(out).author, user_of(self.anna))
        self.assertEqual(out.getvalue(), content)
        self.assertTrue(opened.verified)
        with self.assert_code("invalid"):
            opened.bytes()
        with self.assert_code("invalid"):
            self.anna.open_stream(io.BytesIO(target.getvalue())).range(0, 1)
        with self.assert_code("object_truncated"):
            self.anna.open_stream(io.BytesIO(target.getvalue()[:-100_000])).bytes()

    @unittest.skipUnless(sys.platform == "linux", "peaks are counted in kilobytes on Linux")
    def test_streams_of_any_length_pass_in_the_same_memory(self) -> None:
        import resource

        class Zeros(io.RawIOBase):
            left = 192 << 20

            def read(self, size: int = -1) -> bytes:
                given = min(size, self.left)
                self.left -= given
                return bytes(given)

        class Counter(io.RawIOBase):
            written = 0

            def write(self, data: Any) -> int:
                self.written += len(data)
                return len(data)

        path = self.servers.folder / "large.wseal"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(path, "wb") as target:
            self.anna.seal_stream(self.session, cast(BinaryIO, Zeros()), target)
        counter = Counter()
        with open(path, "rb") as sealed:
            self.anna.open_stream(sealed).write_to(cast(BinaryIO, counter))
        pieces = sum(len(piece) for piece in self.anna.open_file(path))
        self.assertEqual((counter.written, pieces), (192 << 20, 192 << 20))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, 64 << 10, "kilobytes")

    def test_what_a_file_object_raises_arrives(self) -> None:
        class Broken(io.BytesIO):
            def read(self, size: "int | None" = -1) -> bytes:
                raise ZeroDivisionError("the tape ended")

        with self.assertRaisesRegex(ZeroDivisionError, "the tape ended"):
            self.anna.seal_stream(self.session, Broken(), io.BytesIO())
        with self.assertRaisesRegex(TypeError, "binary mode"):
            self.anna.seal_stream(self.session, io.StringIO("text"), io.BytesIO())  # type: ignore[arg-type]

        class Full(io.BytesIO):
            def write(self, data: object) -> int:
                raise OSError("no room")

        opened = self.anna.open_bytes(self.anna.seal(self.session, b"x"))
        with self.assertRaisesRegex(OSError, "no room"):
            opened.write_to(Full())


class Waiting(Platform):
    def test_changes_are_heard_and_other_threads_run(self) -> None:
        changes = self.carla.changes()
        heard: List[Change] = []
        listening = threading.Thread(target=lambda: heard.append(next(changes)))
        listening.start()
        session = self.anna.sessions.create(manage=[user_of(self.anna)], read=[user_of(self.carla)])
        listening.join(60)
        self.assertEqual(heard, [Change("session", session)])
        sealed = self.anna.seal(session, "38.4")
        self.assertEqual(self.carla.open_bytes(sealed).text(), "38.4")
        self.anna.sessions.revoke(session, [user_of(self.carla)])
        self.assertEqual(next(changes), Change("session", session))
        with self.assert_code("no_access"):
            self.carla.open_bytes(sealed)

    @unittest.skipUnless(os.name == "posix", "signals of POSIX")
    def test_ctrl_c_ends_a_call_that_waits(self) -> None:
        script = (
            "import sys\n"
            "sys.path.insert(0, sys.argv[1])\n"
            "from wardseal import Wardseal\n"
            "ward = Wardseal.open(tenant=sys.argv[2], keys=sys.argv[3], folder=sys.argv[4])\n"
            "changes = ward.changes()\n"
            "try:\n"
            "    print('waiting', flush=True)\n"
            "    next(changes)\n"
            "except KeyboardInterrupt:\n"
            "    print(ward.profile.user, flush=True)\n"
        )
        folder = self.servers.folder / "interrupted"
        user = self.servers.person("interrupted", folder=folder)
        path = self.servers.environment()["PYTHONPATH"].split(os.pathsep)[0]
        given = [path, self.servers.tenant, self.servers.keys, str(folder)]
        waiting = subprocess.Popen([sys.executable, "-c", script, *given], stdout=subprocess.PIPE, text=True)
        assert waiting.stdout is not None
        self.assertEqual(waiting.stdout.readline(), "waiting\n")
        waiting.send_signal(signal.SIGINT)
        said, _ = waiting.communicate(timeout=60)
        self.assertEqual((said.strip(), waiting.returncode), (user_of(user), 0))

    def test_without_a_server_it_can_be_tried_again(self) -> None:
        with self.servers.open(keys="http://127.0.0.1:1") as ward:
            with self.assert_code("unreachable") as lost:
                ward.unlock("anna", PASSWORD)
            self.assertTrue(lost.error.retryable)
            self.assertEqual(lost.error.help, "errors/unreachable.html")
            again = pickle.loads(pickle.dumps(lost.error))
            self.assertEqual((again.code, again.retryable, str(again)), ("unreachable", True, str(lost.error)))
        with self.assert_code("invalid"):
            Wardseal.open(tenant="ten_no", keys=self.servers.keys)
        with self.assert_code("invalid"):
            self.servers.open(keys="http://keys.example.org")


if __name__ == "__main__":
    unittest.main()
