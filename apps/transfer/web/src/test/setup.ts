import "fake-indexeddb/auto";

import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// jsdom draws nothing, and complains when axe measures letters.
if ("HTMLCanvasElement" in globalThis) HTMLCanvasElement.prototype.getContext = () => null;

// Nor does it have this, which every browser does; the tests' identifiers need no escaping.
globalThis.CSS ??= { escape: (text: string) => text } as typeof CSS;

// Nor has anything a size in it that could change.
globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};

afterEach(() => {
  cleanup();
  globalThis.localStorage?.clear();
});
