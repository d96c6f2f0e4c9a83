import type { Wardseal } from "@wardseal/sdk";
import { describe, expect, it } from "vitest";

import { ContentError, encode, openContent } from "./sealed";
import { safeName } from "./documents";
import { pick } from "./jobs";

/** A client that opens whatever it is given as what the test says. */
function opening(session: string, text: string): Wardseal {
  return { open: async () => ({ session, author: "usr_a", time: new Date(7), text: async () => text }) } as unknown as Wardseal;
}

const bytes = new Uint8Array();

describe("sealed contents", () => {
  it("are filled up, so that their length says little", () => {
    const short = encode({ kind: "stage1", answers: {} });
    const longer = encode({ kind: "stage1", answers: { diagnosisGroup: "stroke", age: "80-84" } });
    expect(short.length).toBe(4096);
    expect(longer.length).toBe(4096);
    expect(encode({ kind: "stage1", answers: { text: "é".repeat(3_000) } }).length).toBe(8192);
    expect(JSON.parse(new TextDecoder().decode(longer))).toEqual({ kind: "stage1", answers: { diagnosisGroup: "stroke", age: "80-84" } });
  });

  it("are taken for what they are: of this session, of this kind", async () => {
    const text = JSON.stringify({ kind: "stage1", answers: { a: 1 } });
    const opened = await openContent(opening("ses_1", text), bytes, "ses_1", "stage1");
    expect(opened).toEqual({ content: { kind: "stage1", answers: { a: 1 } }, author: "usr_a", time: 7 });
    await expect(openContent(opening("ses_2", text), bytes, "ses_1", "stage1")).rejects.toThrow(ContentError);
    await expect(openContent(opening("ses_1", text), bytes, "ses_1", "stage2")).rejects.toThrow(ContentError);
    for (const other of ["null", "[]", "7", "not json", '"case"']) {
      await expect(openContent(opening("ses_1", other), bytes, "ses_1", "case")).rejects.toThrow(ContentError);
    }
  });

  it("of a stage have the fields of the stage and nothing else", () => {
    expect(pick({ area: "67", lastName: "Muster", empty: null, flag: false }, ["area", "flag", "empty", "unknown"])).toEqual({ area: "67", flag: false });
  });
});

describe("safeName", () => {
  it("leaves nothing that means something to a file system", () => {
    expect(safeName("../../etc/passwd")).toBe("_.._etc_passwd");
    expect(safeName("Arztbrief (März).pdf")).toBe("Arztbrief (März).pdf");
    expect(safeName("invoice\u202efdp.exe")).toBe("invoice_fdp.exe");
    expect(safeName(" . ")).toBe("document");
    expect(safeName("C:\\a|b?.pdf")).toBe("C__a_b_.pdf");
  });
});
