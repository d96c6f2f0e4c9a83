// For the page of the tests alone: the package itself needs no bundler.
import { fileURLToPath } from "node:url";

export default {
  root: fileURLToPath(new URL("test/app", import.meta.url)),
  build: { target: "es2022", outDir: fileURLToPath(new URL("test/dist", import.meta.url)), emptyOutDir: true, minify: false },
  // React's own build for development has StrictMode do everything twice.
  mode: "development",
  define: { "process.env.NODE_ENV": JSON.stringify("development") },
  resolve: { alias: { "@wardseal/react": fileURLToPath(new URL("dist/index.js", import.meta.url)) }, dedupe: ["react", "react-dom"] },
};
