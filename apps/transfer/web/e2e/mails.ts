// Codes and links from the mails that arrived, as people read them.
import { expect } from "./fixtures";
import type { Mail, World } from "./world";

/** The newest mail to somebody that passes, once it is there. */
export async function mailTo(world: World, address: string, passes: (mail: Mail) => boolean): Promise<Mail> {
  let found: Mail | undefined;
  await expect
    .poll(
      async () => {
        found = (await world.mails()).findLast((mail) => mail.to.some((to) => to.includes(address)) && passes(mail));
        return found !== undefined;
      },
      { timeout: 45_000, message: `a mail to ${address}` },
    )
    .toBe(true);
  if (found === undefined) throw new Error("unreachable");
  return found;
}

/** The eight digits of a mail. */
export function codeIn({ text }: Mail): string {
  const [, code] = /(?<![\d-])(\d{4}[ \u00a0]?\d{4})(?![\d-])/.exec(text) ?? [];
  if (code === undefined) throw new Error(`no code in: ${text}`);
  return code.replace(/\D/g, "");
}

/** Both codes of a recovery: each mail shows the characters that the page shows. */
export async function codesFor(world: World, address: string, tag: string): Promise<{ readonly own: string; readonly vault: string }> {
  // The vault serves any application and knows the name of none.
  const isOwn = ({ subject }: Mail): boolean => subject.includes("Wardseal Transfer");
  const [own, vault] = await Promise.all([mailTo(world, address, (mail) => mail.text.includes(tag) && isOwn(mail)), mailTo(world, address, (mail) => mail.text.includes(tag) && !isOwn(mail))]);
  return { own: codeIn(own), vault: codeIn(vault) };
}
