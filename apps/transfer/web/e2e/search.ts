// Looks for texts in bytes, however somebody may have written them down.

/** What an encoding makes of a text, wherever in a longer one it stands. */
function base64(text: string): readonly string[] {
  // With one, two or three bytes before it, a text becomes other letters; those that depend on its neighbours are left out.
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
    return whole.slice(before === 0 ? 0 : 4);
  });
}

/** Every way in which a text is looked for, by name. */
export function formsOf(text: string): ReadonlyMap<string, Buffer> {
  const utf16 = Buffer.from(text, "utf16le");
  const hex = Buffer.from(text).toString("hex");
  const forms = new Map<string, Buffer>([
    ["as it is", Buffer.from(text)],
    ["hex", Buffer.from(hex)],
    ["HEX", Buffer.from(hex.toUpperCase())],
    ["UTF-16, little end first", utf16],
    ["UTF-16, big end first", Buffer.from(utf16).swap16()],
    ["percent", Buffer.from(encodeURIComponent(text))],
    ["numbers", Buffer.from([...Buffer.from(text)].join(","))],
    ["numbers with spaces", Buffer.from([...Buffer.from(text)].join(", "))],
  ]);
  base64(text).forEach((form, at) => {
    forms.set(`base64 from ${at}`, Buffer.from(form));
    forms.set(`base64url from ${at}`, Buffer.from(form.replaceAll("+", "-").replaceAll("/", "_")));
  });
  return forms;
}

export interface Place {
  readonly where: string;
  readonly bytes: Buffer;
}

/** Where any of the texts stands, in whatever form. */
export function search(places: readonly Place[], texts: readonly string[]): readonly string[] {
  const forms = texts.flatMap((text) => [...formsOf(text)].map(([how, bytes]) => ({ text, how, bytes })));
  return places.flatMap(({ where, bytes }) => forms.filter((form) => bytes.includes(form.bytes)).map(({ text, how }) => `"${text}" (${how}) in ${where}`));
}
