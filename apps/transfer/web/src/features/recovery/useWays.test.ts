import { describe, expect, it } from "vitest";

import { dangerOf } from "./useWays";

const password = { kind: "password", device: "dev_p" } as const;
const code = { kind: "code", device: "dev_c" } as const;

describe("being locked out", () => {
  it("is near with nothing but this browser, or nothing but a password", () => {
    expect(dangerOf([], [])).toBe("browser");
    expect(dangerOf([password], [])).toBe("password");
    expect(dangerOf([password, code], [])).toBeUndefined();
  });

  it("counts what does not work any more as nothing", () => {
    expect(dangerOf([password, code], [{ device: "dev_c", state: "missing" }])).toBe("password");
    expect(dangerOf([password], [{ device: "dev_p", state: "missing" }])).toBe("browser");
    expect(dangerOf([password, code], [{ device: "dev_c", state: "outdated" }])).toBe("broken");
    // What could not be asked is not lost.
    expect(dangerOf([password, code], [{ device: "dev_c", state: "unknown" }])).toBeUndefined();
  });
});
