import { Wardseal } from "@wardseal/sdk";

declare global {
  var story: (options: { tenant: string; keys: string; vault: string }, sign: (request: unknown) => Promise<string>) => Promise<object>;
}

globalThis.story = async (options, sign) => {
  const ward = await Wardseal.open(options);
  const name = `person-${crypto.randomUUID()}`;
  await ward.signUp(name, sign);
  const session = await ward.sessions.create({ manage: [ward.profile!.user] });
  const content = new Uint8Array(3_000_000).fill(7);
  const sealed = await ward.seal(session, new Blob([content]), { name: "file" });
  const before = performance.getEntriesByType("resource").map((entry) => entry.name);
  await ward.setPassword("Drei Igel tanzen 1 Walzer");
  const opened = await ward.open(sealed);
  const bytes = await opened.bytes();
  return {
    name: opened.name,
    same: bytes.length === content.length && bytes.every((byte) => byte === 7),
    loadedBefore: before,
    loadedAfter: performance.getEntriesByType("resource").map((entry) => entry.name),
  };
};
