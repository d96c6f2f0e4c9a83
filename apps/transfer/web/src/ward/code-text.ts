/** How a recovery code is written: groups of four letters and digits, the last of two. */
export const GROUPS = 9;
const GROUP = 4;
const SYMBOLS = 34;

const readable = /^[0-9A-Z]$/;

/** The letters and digits of a code, as they were typed. */
function symbols(text: string): readonly string[] {
  return [...text.toUpperCase().replace(/[\s-]/g, "")];
}

/** What is plainly wrong with a code before anything is asked: its length, or a sign in one of its groups, counted from 1. */
export function wrongGroup(text: string): number | "short" | undefined {
  const typed = symbols(text);
  // U is no sign of the code: it is left out lest codes spell words.
  const at = typed.findIndex((symbol) => !readable.test(symbol) || symbol === "U");
  if (at >= 0) return Math.floor(at / GROUP) + 1;
  return typed.length === SYMBOLS ? undefined : "short";
}

/** The groups of a code, for a sheet. */
export function groupsOf(code: string): readonly string[] {
  const all = symbols(code);
  return Array.from({ length: Math.ceil(all.length / GROUP) }, (_, at) => all.slice(at * GROUP, (at + 1) * GROUP).join(""));
}

/** Letters that look like digits are taken for what is meant. */
const alike: Readonly<Record<string, string>> = { O: "0", I: "1", L: "1" };

/** Whether somebody has read a group right. */
export function isGroup(group: string, typed: string): boolean {
  const plain = (text: string): string => symbols(text).map((symbol) => alike[symbol] ?? symbol).join("");
  return plain(typed) === plain(group);
}
