"""A mail server for tests: aiosmtpd, on a free port of this machine.

Arguments: how it is encrypted (starttls, tls, plain), certificate, key. Prints its port, then one
line of JSON for each mail that came and each login that was tried.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

MODE, CERTIFICATE, KEY = sys.argv[1:4]


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "mail": envelope.content.decode(),
                "encrypted": session.ssl is not None or MODE == "tls",
                "login": session.authenticated,
            }
        )
        return "250 Taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 There is nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 Good"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"vault@example.org", "p:ss/wörd".encode())
    say({"mechanism": mechanism, "good": good, "encrypted": session.ssl is not None or MODE == "tls"})
    return AuthResult(success=good, handled=good)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    starttls = MODE == "starttls"

    def protocol():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate,
            auth_required=MODE != "plain",
            auth_require_tls=starttls,
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if MODE == "tls" else None
    )
    say(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
