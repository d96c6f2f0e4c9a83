// Signs that a name means a user. docs/guides/tenant-server.md explains it; examples/tenant-server has the rest of it, also in Rust and Python.
import { createHash, createPrivateKey, randomBytes, sign } from "node:crypto";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const text = (bytes) => bytes.toString("base64url");

/** The bytes of an identifier such as `ten_…`. */
function bytesOf(identifier) {
  const bits = [...identifier.slice(4)].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((eight) => parseInt(eight, 2)));
}

function indexOf(tenant, name) {
  const framed = [bytesOf(tenant), Buffer.from(name)].flatMap((part) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(part.length));
    return [length, part];
  });
  return text(createHash("sha512-256").update(Buffer.concat([Buffer.from("wardseal/v1/name-index\0"), ...framed])).digest());
}

/** Gives the function that signs a sign-up of somebody of whom the application knows that this is his name. */
export function signsNames({ tenant, kid, seed }) {
  // 32 bytes; PKCS #8 puts 16 before them.
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8" });
  return (name, { user, commitment, index }) => {
    if (index !== indexOf(tenant, name)) throw new Error("the page asked for another name than that of the login");
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: "EdDSA", kid, typ: "wardseal-binding+jwt" };
    const claims = { iss: tenant, sub: user, aud: "wardseal:bind", cmt: commitment, idx: index, iat: now, exp: now + 600, jti: text(randomBytes(16)) };
    const input = [header, claims].map((part) => text(Buffer.from(JSON.stringify(part)))).join(".");
    return `${input}.${text(sign(null, Buffer.from(input), key))}`;
  };
}
