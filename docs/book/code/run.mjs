// Runs one program of the book to its end: run.mjs PROGRAM.js
import { pathToFileURL } from "node:url";

const { end } = await import("#servers");
try {
  await import(pathToFileURL(process.argv[2]).href);
} finally {
  await end();
}
process.exit(0);
