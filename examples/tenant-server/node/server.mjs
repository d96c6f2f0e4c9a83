// The server side of an application, in Node: names at sign-up, and its half of the two-man rule.
// docs/guides/tenant-server.md says what each part is for, and what belongs in the place of the Maps.
import { createHash, createHmac, createPrivateKey, randomBytes, randomInt, sign } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
const { TENANT, TOKEN_KID: kid, TOKEN_KEY, VAULT_URL, SESSIONS = "", OUTBOX = "/dev/stderr", PORT = "0" } = process.env;
const seed = readFileSync(TOKEN_KEY); // 32 bytes; PKCS #8 puts 16 before them
const key = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8" });
const [text, base32] = [(bytes) => bytes.toString("base64url"), "abcdefghijklmnopqrstuvwxyz234567"];
const bits = (values, width) => [...values].map((value) => value.toString(2).padStart(width, "0")).join("");
const id = (prefix, bytes) => prefix + bits(bytes, 8).match(/.{1,5}/g).map((five) => base32[parseInt(five.padEnd(5, "0"), 2)]).join("");
const bytesOf = (name) => Buffer.from(bits([...name.slice(4)].map((letter) => base32.indexOf(letter)), 5).match(/.{8}/g).map((eight) => parseInt(eight, 2)));
const framed = (part) => [Buffer.from(part.length.toString(16).padStart(16, "0"), "hex"), part];
const indexOf = (name) => createHash("sha512-256").update(Buffer.concat([Buffer.from("wardseal/v1/name-index\0"), ...framed(bytesOf(TENANT)), ...framed(Buffer.from(name))])).digest("base64url");
function token(typ, claims) { // a JWS of the one form that is accepted, for ten minutes
  const iat = Math.floor(Date.now() / 1000);
  const parts = [{ alg: "EdDSA", kid, typ }, { iss: TENANT, ...claims, iat, exp: iat + 600, jti: text(randomBytes(16)) }];
  const input = parts.map((part) => text(Buffer.from(JSON.stringify(part)))).join(".");
  return `${input}.${text(sign(null, Buffer.from(input), key))}`;
}
const sessions = new Map(SESSIONS.split(",").map((pair) => pair.split("="))); // your login
const [shares, attempts, starts] = [new Map(), new Map(), new Map()]; // your database
const mail = (to, line) => appendFileSync(OUTBOX, `${to}: ${line}\n`); // your mailer

const routes = {
  "POST /sign-up": ({ user, commitment, index }, name) => // the name is the login's, never the page's
    index === indexOf(name) ? { token: token("wardseal-binding+jwt", { sub: user, aud: "wardseal:bind", cmt: commitment, idx: index }) } : undefined,
  "PUT /recovery/share": ({ user, record, share, address }, name) => shares.set(name, { user, record, share, address }) && {},
  "POST /recovery/start": ({ name, clientKey }) => {
    const decoy = (what) => createHmac("sha256", seed).update(`${what} ${name}`).digest(); // nobody learns who has a share
    const kept = shares.get(name) ?? { user: id("usr_", decoy("user")), record: text(decoy("record")) };
    const [code, attempt, now] = [`${randomInt(1e8)}`.padStart(8, "0"), text(randomBytes(32)), Date.now()];
    const cli = createHash("sha256").update(Buffer.from(clientKey, "base64url")).digest();
    const tag = bits(cli.subarray(0, 4), 8).slice(0, 30).match(/.{5}/g).map((five) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[parseInt(five, 2)]).join("").replace(/^.../, "$&-");
    starts.set(name, [now, ...(starts.get(name) ?? []).filter((then) => then > now - 86_400_000)]);
    if (starts.get(name).length > 5) return undefined; // five tokens a day, also for nobody
    if (kept.share) {
      attempts.set(attempt, { name, code, until: now + 600_000, tries: 3 });
      mail(kept.address, `your code for ${tag} is ${code}`); // the page shows the tag too: the person compares
    }
    const signed = token("wardseal-recovery+jwt", { aud: VAULT_URL, sub: kept.user, rec: kept.record, cli: text(cli) });
    return { attempt, token: signed, user: kept.user, record: kept.record, tag };
  },
  "POST /recovery/finish": ({ attempt, code }) => {
    const asked = attempts.get(attempt);
    if (!asked || asked.tries-- <= 0 || Date.now() > asked.until || asked.code !== code) return undefined;
    return attempts.delete(attempt) && { share: shares.get(asked.name).share };
  },
};
async function reply(request) {
  const [route, name] = [`${request.method} ${request.url}`, sessions.get(request.headers.authorization?.slice(7))];
  const body = JSON.parse(Buffer.concat(await request.toArray()));
  return name || route.startsWith("POST /recovery/") ? routes[route]?.(body, name) : undefined;
}
const server = createServer(async (request, response) => {
  const answer = await reply(request).catch(() => undefined);
  response.writeHead(answer ? 200 : 403, { "content-type": "application/json" }).end(JSON.stringify(answer ?? { code: "refused" }));
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
