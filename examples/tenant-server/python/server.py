"""The server side of an application, in Python, as docs/guides/tenant-server.md describes it."""
import base64, hashlib, hmac, json, os, secrets, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
TENANT, KID, VAULT = os.environ["TENANT"], os.environ["TOKEN_KID"], os.environ["VAULT_URL"]
SEED = open(os.environ["TOKEN_KEY"], "rb").read()
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
SESSIONS = dict(pair.split("=") for pair in os.environ["SESSIONS"].split(","))  # your login
SHARES, ATTEMPTS, STARTS = {}, {}, {}  # your database
def mail(to, line): print(f"{to}: {line}", file=open(os.environ.get("OUTBOX", "/dev/stderr"), "a"))  # your mailer
def text(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def token(typ, **claims):  # a JWS of the one form that is accepted, for ten minutes
    iat = int(time.time())
    parts = {"alg": "EdDSA", "kid": KID, "typ": typ}, {"iss": TENANT, **claims, "iat": iat, "exp": iat + 600, "jti": text(secrets.token_bytes(16))}
    signed = ".".join(text(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{text(KEY.sign(signed.encode()))}"
def index_of(name):
    framed = [len(part).to_bytes(8, "big") + part for part in (base64.b32decode(TENANT[4:].upper() + "===="), name.encode())]
    return text(hashlib.new("sha512_256", b"wardseal/v1/name-index\0" + b"".join(framed)).digest())
def sign_up(me, user, commitment, index):  # the name is the login's, never the page's
    if index == index_of(me):
        return {"token": token("wardseal-binding+jwt", sub=user, aud="wardseal:bind", cmt=commitment, idx=index)}
def keep(me, **share):
    SHARES[me] = {name: share[name] for name in ("user", "record", "share", "address")}
    return {}
def start(_, name, clientKey):
    decoy = lambda what: hmac.digest(SEED, f"{what} {name}".encode(), "sha256")  # nobody learns who has a share
    kept = SHARES.get(name, {"user": "usr_" + base64.b32encode(decoy("user")).decode().rstrip("=").lower(), "record": text(decoy("record"))})
    code, attempt, now = f"{secrets.randbelow(10**8):08}", text(secrets.token_bytes(32)), time.time()
    client = hashlib.sha256(base64.urlsafe_b64decode(clientKey + "==")).digest()
    tag = ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int.from_bytes(client[:4], "big") >> 27 - 5 * at & 31] for at in range(6)]
    tag = "".join(tag[:3] + ["-"] + tag[3:])  # the page shows it too: the person compares
    STARTS[name] = [now] + [then for then in STARTS.get(name, []) if then > now - 86400]
    if len(STARTS[name]) > 5: return None  # five tokens a day, also for nobody
    if "share" in kept:
        ATTEMPTS[attempt] = {"name": name, "code": code, "until": now + 600, "tries": 3}
        mail(kept["address"], f"your code for {tag} is {code}")
    answer = {"attempt": attempt, "user": kept["user"], "record": kept["record"], "tag": tag}
    return answer | {"token": token("wardseal-recovery+jwt", aud=VAULT, sub=kept["user"], rec=kept["record"], cli=text(client))}

def finish(_, attempt, code):
    asked = ATTEMPTS.get(attempt, {"tries": 0, "until": 0, "code": ""})
    asked["tries"] -= 1
    if asked["tries"] >= 0 and time.time() < asked["until"] and hmac.compare_digest(asked["code"], code):
        return {"share": SHARES[ATTEMPTS.pop(attempt)["name"]]["share"]}
ROUTES = {"POST /sign-up": sign_up, "PUT /recovery/share": keep, "POST /recovery/start": start, "POST /recovery/finish": finish}
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        me, route = SESSIONS.get(self.headers.get("authorization", "")[7:]), f"{self.command} {self.path}"
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = ROUTES[route](me, **body) if route in ROUTES and (me or route.startswith("POST /recovery/")) else None
        self.send_response(403 if answer is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"code": "refused"} if answer is None else answer).encode())
    do_PUT = do_POST
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True) or server.serve_forever()
