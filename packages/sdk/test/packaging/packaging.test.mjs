// The SDK as it is published, in the hands of others: Vite, Node with both kinds of modules, a strict compiler.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build, createServer } from "vite";

import { startApplication, startBrowser } from "../browser/pages.mjs";
import { startServers } from "../servers.mjs";

const run = promisify(execFile);
const SDK = fileURLToPath(new URL("../..", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));
const TSC = join(SDK, "node_modules/.bin/tsc");

let directory;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "wardseal-packaging-"));
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", directory], { cwd: SDK });
  await writeFile(join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const [tarball] = (await readdir(directory)).filter((name) => name.endsWith(".tgz"));
  await run("npm", ["install", "--silent", "--offline", "--no-audit", "--no-fund", "--no-package-lock", join(directory, tarball)], { cwd: directory });
  for (const folder of ["vite", "types", "node"]) await cp(join(HERE, folder), join(directory, folder), { recursive: true });
});
after(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("the package holds what is needed and nothing else", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: SDK });
  const report = JSON.parse(stdout);
  const [{ files }] = Array.isArray(report) ? report : Object.values(report);
  const names = files.map(({ path }) => path);
  for (const needed of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/index.js", "dist/index.d.ts", "dist/node.js", "dist/bulk-worker.js", "dist/generated/core_bg.wasm", "dist/generated/recovery_bg.wasm"]) {
    assert.ok(names.includes(needed), needed);
  }
  assert.deepEqual(names.filter((name) => !/^(dist\/|README\.md|LICENSE-|package\.json)/.test(name)), []);
});

test("Node imports it, from both kinds of modules", async () => {
  const module = await run(process.execPath, ["consumer.mjs", join(directory, "state")], { cwd: join(directory, "node") });
  const said = JSON.parse(module.stdout);
  assert.match(said.user, /^usr_/);
  assert.equal(said.code, "not_an_object");
  const again = await run(process.execPath, ["consumer.mjs", join(directory, "state")], { cwd: join(directory, "node") });
  assert.equal(JSON.parse(again.stdout).user, said.user, "the pending sign-up is kept in the directory");
  const common = await run(process.execPath, ["consumer.cjs"], { cwd: join(directory, "node") });
  assert.equal(JSON.parse(common.stdout).code, "unreachable");
});

test("a strict compiler accepts right uses and refuses wrong ones", async () => {
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const options = { strict: true, noEmit: true, exactOptionalPropertyTypes: true, target: "ES2022", module, moduleResolution: resolution, lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] };
    const file = join(directory, "types", `tsconfig.${resolution}.json`);
    await mkdir(join(directory, "types"), { recursive: true });
    await writeFile(file, JSON.stringify({ compilerOptions: options, files: ["consumer.ts"] }));
    await run(TSC, ["--project", file], { cwd: directory }).catch((error) => assert.fail(`${resolution}:\n${error.stdout}`));
  }
});

test("Vite builds it and Chromium runs the result; passwords are loaded on demand", async () => {
  const servers = await startServers();
  const browser = await startBrowser();
  const root = join(directory, "vite");
  try {
    await build({ root, logLevel: "silent", build: { target: "es2022" } });
    const built = await startApplication({ root: join(root, "dist"), policy: null });
    const said = await story(browser, built.address, servers);
    await built.stop();
    checkStory(said);
    const assets = await readdir(join(root, "dist/assets"));
    for (const part of [/^core_bg-.*\.wasm$/, /^recovery_bg-.*\.wasm$/, /^bulk-worker-.*\.js$/, /^recovery-worker-.*\.js$/]) {
      assert.equal(assets.filter((name) => part.test(name)).length, 1, `${part} in ${assets}`);
    }
    const loaded = (names) => names.map((name) => new URL(name).pathname);
    assert.ok(loaded(said.loadedBefore).some((name) => name.includes("core_bg")));
    assert.ok(!loaded(said.loadedBefore).some((name) => name.includes("recovery")), "passwords came before they were needed");
    assert.ok(loaded(said.loadedAfter).some((name) => name.includes("recovery-worker")));

    const development = await createServer({ root, logLevel: "silent", cacheDir: join(directory, "cache"), optimizeDeps: { exclude: ["@wardseal/sdk"] }, server: { host: "127.0.0.1", port: 0 } });
    await development.listen();
    const { port } = development.httpServer.address();
    checkStory(await story(browser, `http://127.0.0.1:${port}`, servers));
    await development.close();
  } finally {
    await browser.close();
    await servers.stop();
  }
});

async function story(browser, address, servers) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error.stack));
  page.on("console", (message) => message.type() === "error" && !message.location().url.endsWith("/favicon.ico") && console.error(message.text()));
  await page.exposeFunction("sign", servers.sign);
  await page.goto(address);
  await page.waitForFunction(() => "story" in globalThis);
  const { tenant, keys, vault } = servers;
  const said = await page.evaluate((options) => globalThis.story(options, globalThis.sign), { tenant, keys, vault });
  await context.close();
  return said;
}

function checkStory(said) {
  assert.deepEqual([said.name, said.same], ["file", true]);
}
