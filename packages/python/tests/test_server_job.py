"""The example of a job that is a member of a group, against the real servers."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest

from servers import ROOT, Servers

from wardseal import SignUpRequest

JOB = ROOT / "examples/server-job/job.py"


class ServerJob(unittest.TestCase):
    def test_it_opens_what_arrives_and_seals_a_summary(self) -> None:
        servers = Servers()
        self.addCleanup(servers.stop)
        folder = servers.folder
        command = [sys.executable, str(JOB), "--folder", str(folder / "job")]

        # It signs up: the application's server gives it its name.
        job = subprocess.Popen(
            [*command, "sign-up", "job:summaries"],
            env=servers.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert job.stdin is not None and job.stdout is not None
        request = SignUpRequest(**json.loads(job.stdout.readline()))
        self.assertEqual(request.name, "job:summaries")
        said, _ = job.communicate(servers.sign(request) + "\n", timeout=60)
        self.assertEqual((said.strip(), job.returncode), (request.user, 0))

        # Anna, at the command line, makes a group with the job in it and seals for it.
        servers.sign_up_natively("anna")
        anna = ["anna"]
        group = servers.program(*anna, "group", "create", "Statistics", "--member", "job:summaries")["id"]
        made = servers.program(*anna, "session", "create", "--manage", "anna", "--read", group)
        session = made["id"]
        inbox, outbox = folder / "inbox", folder / "outbox"
        inbox.mkdir()
        outbox.mkdir()

        def arrives(name: str, content: str, of: str) -> None:
            (folder / name).write_text(content)
            given = ["seal", "--session", of, str(folder / name), "-o", str(inbox / f"{name}.wseal")]
            servers.program(*anna, *given)

        for at, temperature in enumerate([37.1, 38.4, 36.9]):
            arrives(f"report-{at}.json", json.dumps({"temperature": temperature}), session)
        private = servers.program(*anna, "session", "create", "--manage", "anna")["id"]
        arrives("private.json", "{}", private)

        run = [*command, "run", str(inbox), str(outbox)]
        done = subprocess.run(run, env=servers.environment(), check=True, capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), f"{session}: 3 reports")
        self.assertEqual(done.stderr.strip(), "private.json.wseal: no_access")
        sealed = outbox / f"{session}.wseal"
        servers.program(*anna, "open", str(sealed), "-o", str(folder / "summary.json"))
        self.assertEqual(json.loads((folder / "summary.json").read_text()), {"reports": 3, "highest": 38.4})

        # Who is taken out of the group reads nothing that is sealed afterwards.
        servers.program(*anna, "group", "remove", group, "job:summaries")
        sealed.unlink()
        for path in inbox.iterdir():
            path.unlink()
        arrives("later.json", json.dumps({"temperature": 40.0}), session)
        done = subprocess.run(run, env=servers.environment(), check=True, capture_output=True, text=True)
        self.assertEqual((done.stdout.strip(), done.stderr.strip()), ("", "later.json.wseal: no_access"))


if __name__ == "__main__":
    unittest.main()
