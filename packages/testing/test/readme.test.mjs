// The example in README.md runs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const [example, ...more] = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

test("there is one example", () => {
  assert.ok(example?.includes("TestPlatform.create") && more.length === 0);
});

// Modules without a file find nothing by name, so the name is looked up here. The example is a test itself.
const module = example.replace('"@wardseal/testing"', JSON.stringify(import.meta.resolve("@wardseal/testing")));
assert.notEqual(module, example);
await import(`data:text/javascript,${encodeURIComponent(module)}`);
