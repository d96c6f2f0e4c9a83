/** Groups of a comparison number, of five digits each. */
const GROUPS = 4;
const LIMIT = 10n ** 20n;

/**
 * Twenty digits of an identity (`usr_…`, `grp_…`), for two people to compare: about 66 bits of a hash. An identifier is
 * itself the hash of the first statement of its chain, so whoever has the same digits has the same keys.
 */
export async function comparisonNumber(id: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`wardseal-transfer/comparison-number/${id}`)));
  const number = hash.subarray(0, 16).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) % LIMIT;
  const digits = number.toString().padStart(GROUPS * 5, "0");
  return Array.from({ length: GROUPS }, (_, at) => digits.slice(at * 5, at * 5 + 5)).join(" ");
}
