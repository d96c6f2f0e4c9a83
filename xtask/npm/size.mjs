// Prints what a file weighs, as it is and as a browser downloads it.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const bytes = readFileSync(process.argv[2]);
const packed = brotliCompressSync(bytes, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
});
const kilobytes = (length) => `${(length / 1000).toFixed(1)} kB`;
console.log(`${kilobytes(bytes.length)}, brotli ${kilobytes(packed.length)}`);
