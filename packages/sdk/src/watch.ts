import type { CallOptions } from "./calls.js";

/** Who does the AES: WebCrypto here, WebCrypto in a worker, or the WebAssembly. */
export type BulkEngine = "here" | "worker" | "wasm";

/** How a caller follows and stops a stream. `signal` stops it: what was given until then is no object, or no whole content. */
export interface Watch extends CallOptions {
  /** Is told how many bytes of content were sealed or opened so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Who does the AES. By default WebCrypto, in a worker for more than one frame, and the WebAssembly where there is none. */
  readonly engine?: BulkEngine | undefined;
}
