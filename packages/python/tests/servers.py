"""The real servers on loopback ports, a tenant, and the program's own client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Dict, List

import wardseal
from wardseal import SignUpRequest, Wardseal

ROOT = Path(__file__).resolve().parents[3]
BIN = os.environ.get("WARDSEAL_BIN", str(ROOT / "target/debug/wardseal"))


class Servers:
    """Key server, vault and a tenant."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="wardseal-python-")
        self.folder = Path(self._folder.name)
        self._running: List[subprocess.Popen[str]] = []
        try:
            self.keys = self._serve("keys")
            self.vault = self._serve("vault")
            created = self.program("operator", "tenant", "create", "--name", "Test", "--dir", str(self.folder / "tenant"))
            self.tenant: str = created["tenant"]
        except BaseException:
            self.stop()
            raise

    def _serve(self, role: str) -> str:
        command = [BIN, "serve", "--role", role, "--listen", "127.0.0.1:0", "--data", str(self.folder / role)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._running.append(server)
        assert server.stdout is not None
        for line in server.stdout:
            found = re.match(r"listening on (http:\S+)$", line)
            if found:
                # Nobody may wait for room in the pipe.
                threading.Thread(target=server.stdout.read, daemon=True).start()
                return found.group(1)
        raise RuntimeError(f"the {role} server ended")

    def stop(self) -> None:
        for server in self._running:
            server.terminate()
        for server in self._running:
            server.wait()
            if server.stdout is not None:
                server.stdout.close()
        self._folder.cleanup()

    def program(self, home: str, *given: str) -> Any:
        """Runs the program for a person; gives what it answers."""
        servers = ["--server", self.keys, "--vault", getattr(self, "vault", self.keys)]
        command = [BIN, *given, "--home", str(self.folder / home), *servers, "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def sign_up_natively(self, name: str) -> None:
        """Signs a person up with the program's own client."""
        given = ["user", "sign-up", "--name", name, "--tenant-dir", str(self.folder / "tenant")]
        self.program(name, *given, "--tenant", self.tenant)

    def sign(self, request: SignUpRequest) -> str:
        """Signs a sign-up, as the application's server does once it knows who it is."""
        file = self.folder / f"{request.user}.json"
        file.write_text(json.dumps(vars(request)))
        answer = self.program("operator", "tenant", "token", "--dir", str(self.folder / "tenant"), str(file))
        token: str = answer["tokens"][0]["token"]
        return token

    def open(self, **options: Any) -> Wardseal:
        """A client of these servers."""
        return Wardseal.open(**{"tenant": self.tenant, "keys": self.keys, "vault": self.vault, **options})

    def person(self, name: str, **options: Any) -> Wardseal:
        """Somebody who is signed up."""
        ward = self.open(**options)
        ward.sign_up(name, self.sign)
        return ward

    def environment(self) -> Dict[str, str]:
        """What a program in Python needs that uses these servers."""
        path = os.pathsep.join(filter(None, [str(Path(wardseal.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
        return {
            **os.environ,
            "PYTHONPATH": path,
            "WARDSEAL_TENANT": self.tenant,
            "WARDSEAL_SERVER": self.keys,
        }


def user_of(ward: Wardseal) -> str:
    """Who is signed in."""
    profile = ward.profile
    assert profile is not None
    return profile.user


def bytes_of(length: int) -> bytes:
    """Bytes that are the same each time and do not repeat."""
    return bytes((at * 2654435761 >> 24) & 0xFF for at in range(length))
