// The package as others get it, and the code of its README.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

test("the package holds what is needed and nothing else", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: at("..") });
  const report = JSON.parse(stdout);
  const [{ files }] = Array.isArray(report) ? report : Object.values(report);
  const names = files.map(({ path }) => path);
  for (const needed of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/index.js", "dist/index.d.ts"]) assert.ok(names.includes(needed), needed);
  assert.deepEqual(names.filter((name) => !/^(dist\/[\w-]+\.(js|d\.ts)|README\.md|LICENSE-\w+|package\.json)$/.test(name)), []);
});

test("a strict compiler accepts the code of the README, with both ways to find modules", async () => {
  const [, code] = /```tsx\n(.*?)```/s.exec(await readFile(at("../README.md"), "utf8"));
  const folder = at("readme/dist");
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/readme.tsx`, code);
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const compilerOptions = { strict: true, noEmit: true, exactOptionalPropertyTypes: true, jsx: "react-jsx", target: "ES2022", module, moduleResolution, lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] };
    await writeFile(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["readme.tsx"] }));
    await run(at("../node_modules/.bin/tsc"), ["--project", `${folder}/tsconfig.json`]).catch((error) => assert.fail(`${moduleResolution}:\n${error.stdout}`));
  }
  await rm(at("readme"), { recursive: true });
});
