"""What the README shows, against the real servers."""

from __future__ import annotations

import contextlib
import io
import os
import re
import unittest

from servers import ROOT, Servers, user_of

README = ROOT / "packages/python/README.md"


class Readme(unittest.TestCase):
    def test_its_program_runs(self) -> None:
        programs = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
        self.assertEqual(len(programs), 1)
        servers = Servers()
        self.addCleanup(servers.stop)
        servers.sign_up_natively("doctor-4712")
        other = servers.person("doctor-9000")
        given = {
            "tenant": servers.tenant,
            "keys": servers.keys,
            "vault": servers.vault,
            "ask_our_server": servers.sign,
            "theirs": other.groups.create("South"),
        }
        (servers.folder / "report.pdf").write_bytes(b"a report")
        before = os.getcwd()
        os.chdir(servers.folder)
        self.addCleanup(os.chdir, before)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(programs[0], str(README), "exec"), given)
        self.assertRegex(said.getvalue(), r"^note\.txt usr_\w+ Temperature 38\.4\n$")
        self.assertEqual((servers.folder / "copy.pdf").read_bytes(), b"a report")
        # The other group may open it too.
        opened = other.open_file(servers.folder / "report.wseal")
        self.assertEqual(opened.bytes(), b"a report")
        self.assertNotEqual(opened.author, user_of(other))


if __name__ == "__main__":
    unittest.main()
