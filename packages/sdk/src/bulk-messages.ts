/** What the page and the bulk worker say to each other. */
import type { FrameJob } from "./frames.js";

/** What the page asks. `bytes` is handed over, not copied. */
export interface BulkRequest {
  readonly id: number;
  readonly seal: boolean;
  readonly key: CryptoKey;
  readonly job: FrameJob;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The number of the message that says that the worker runs. */
export const READY = -1;

/** What the worker answers: the frame and its leaf hash, or nothing but the number when it does not decrypt. */
export interface BulkAnswer {
  readonly id: number;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly leaf?: Uint8Array<ArrayBuffer>;
}
