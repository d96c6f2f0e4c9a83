import locales from "@react-aria/optimize-locales-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { pdfjsFiles } from "./build/pdfjs-files.ts";
import { precompressed } from "./build/precompressed.ts";

/** Where the transfer server listens during development. */
const server = process.env["TRANSFER_SERVER"] ?? "http://127.0.0.1:8790";

export default defineConfig({
  plugins: [
    // React Aria brings its own words in thirty languages; the page has three. British English takes the American ones.
    { ...locales.vite({ locales: ["en-US", "fr-FR", "de-DE"] }), enforce: "pre" },
    react(),
    pdfjsFiles(),
    precompressed(),
  ],
  // The SDK finds its WebAssembly and workers beside itself.
  optimizeDeps: { exclude: ["@wardseal/sdk"] },
  worker: { format: "es" },
  build: {
    target: ["chrome125", "firefox128", "safari18"],
    // Nothing inline: the content security policy allows no `data:` scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    port: 5175,
    strictPort: true,
    // The SDK lies outside this directory.
    fs: { allow: ["../../.."] },
    proxy: { "/api": { target: server, changeOrigin: true } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    css: false,
  },
});
