import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

const root = fileURLToPath(new URL("../node_modules/pdfjs-dist/", import.meta.url));

/** What pdf.js fetches by itself: decoders of scanned images, and the fonts that a PDF need not bring along. */
const files = ["wasm", "standard_fonts"].flatMap((directory) =>
  readdirSync(root + directory)
    .filter((name) => !name.endsWith(".js"))
    .map((name) => `${directory}/${name}`),
);

/** Serves those files below `/pdfjs/`. */
export function pdfjsFiles(): Plugin {
  return {
    name: "pdfjs-files",
    generateBundle() {
      for (const file of files) this.emitFile({ type: "asset", fileName: `pdfjs/${file}`, source: readFileSync(root + file) });
    },
    configureServer(server) {
      server.middlewares.use("/pdfjs/", (request, response, next) => {
        const file = files.find((each) => `/${each}` === request.url);
        if (file === undefined) return next();
        response.setHeader("content-type", file.endsWith(".wasm") ? "application/wasm" : "application/octet-stream");
        response.end(readFileSync(root + file));
      });
    },
  };
}
