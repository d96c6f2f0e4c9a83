"""A job of a server that is a member of a group: it opens what arrives and seals a summary of it.

Keys are in a folder of its own, for its system user alone. Whoever takes the job out of its group ends what it can read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from wardseal import Wardseal, WardsealError


def sign_up(ward: Wardseal, name: str) -> None:
    """Once: shows what the application's server has to sign, and takes its token from standard input."""
    print(json.dumps(vars(ward.begin_sign_up(name))), flush=True)
    print(ward.finish_sign_up(sys.stdin.readline().strip()))


def summarise(ward: Wardseal, inbox: Path, outbox: Path) -> None:
    """Opens what lies in the inbox and seals one summary for each session, for whoever may read that session."""
    totals: dict[str, list[float]] = {}
    paths = sorted(inbox.glob("*.wseal"))
    for path, opened in zip(paths, ward.open_files(paths)):
        try:
            if isinstance(opened, WardsealError):
                raise opened
            report = json.loads(opened.text())
        except WardsealError as error:
            if error.retryable:
                raise
            # Not for this job, not any more, or damaged: others are none the worse for it.
            print(f"{path.name}: {error.code}", file=sys.stderr)
            continue
        totals.setdefault(opened.session, []).append(report["temperature"])
    for session, values in totals.items():
        summary = {"reports": len(values), "highest": max(values)}
        sealed = ward.seal(session, json.dumps(summary), name="summary.json", media_type="application/json")
        (outbox / f"{session}.wseal").write_bytes(sealed)
        print(f"{session}: {len(values)} reports")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the job keeps its keys")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("sign-up").add_argument("name")
    run = commands.add_parser("run")
    run.add_argument("inbox", type=Path)
    run.add_argument("outbox", type=Path)
    given = parser.parse_args()

    tenant, keys = os.environ["WARDSEAL_TENANT"], os.environ["WARDSEAL_SERVER"]
    with Wardseal.open(tenant=tenant, keys=keys, folder=given.folder) as ward:
        if given.command == "sign-up":
            sign_up(ward, given.name)
        else:
            summarise(ward, given.inbox, given.outbox)


if __name__ == "__main__":
    main()
