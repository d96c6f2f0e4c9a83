import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import type { Plugin } from "vite";

/** Kinds of files that become smaller; fonts and images are as small as they get. */
const KINDS = /\.(?:html|js|mjs|css|svg|wasm|pfb|ttf)$/;
/** Beyond it brotli takes ten times as long for a few percent. Those are worth it for the WebAssembly, which is most of it. */
const QUALITY = 9;
const BEST = 11;

/** Writes `.br` and `.gz` beside what was built, which the transfer server sends to browsers that take them. */
export function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir }) {
      if (dir === undefined) return;
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        if (!KINDS.test(name)) continue;
        const content = readFileSync(join(dir, name));
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: name.endsWith(".wasm") ? BEST : QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}
