/** Crockford's base32, in which identifiers sort by the time at which they were drawn. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new identifier of a case, a request or a blob: 48 bits of time and 80 of chance. */
export function ulid(now = Date.now()): string {
  let time = "";
  for (let rest = now, at = 0; at < 10; at++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  const chance = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(chance, (byte) => ALPHABET.charAt(byte % 32)).join("");
}
