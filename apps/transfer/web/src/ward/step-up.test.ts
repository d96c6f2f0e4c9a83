import { afterEach, describe, expect, it, vi } from "vitest";

import { needsPassword, onPasswordNeeded, withPassword } from "./step-up";

const refused = Object.assign(new Error("needs the password"), { code: "password_needed" });
let stop = (): void => undefined;
afterEach(() => stop());

describe("what needs the password", () => {
  it("is done again once it was given, and asked for once", async () => {
    let given = false;
    const ask = vi.fn(async () => {
      given = true;
    });
    stop = onPasswordNeeded(ask);
    const work = vi.fn(async () => {
      if (!given) throw refused;
      return "done";
    });
    await expect(Promise.all([withPassword(work), withPassword(work)])).resolves.toEqual(["done", "done"]);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(work).toHaveBeenCalledTimes(4);
  });

  it("fails as it did when nobody gives it", async () => {
    stop = onPasswordNeeded(() => Promise.reject(new Error("closed")));
    await expect(withPassword(() => Promise.reject(refused))).rejects.toBe(refused);
    expect(needsPassword(refused)).toBe(true);
  });

  it("asks nobody for what fails otherwise", async () => {
    const ask = vi.fn(async () => undefined);
    stop = onPasswordNeeded(ask);
    await expect(withPassword(() => Promise.reject(new Error("other")))).rejects.toThrow("other");
    expect(ask).not.toHaveBeenCalled();
  });
});
