/** What the page and the bulk worker say to each other. */
import type { FrameJob } from "./frames.js";

/** What the page asks. `bytes` is handed over, not copied. */
export interface BulkRequest {
  readonly id: number;
  readonly seal: boolean;
  readonly key: CryptoKey;
  readonly job: FrameJob;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the result may be put: memory that was used before is faster than new memory. */
  readonly room?: ArrayBuffer | undefined;
}

/** The number of the message that says that the worker runs. */
export const READY = -1;

/** What the worker answers: the frame and its leaf hash, or nothing but the number when it does not decrypt. */
export interface BulkAnswer {
  readonly id: number;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly leaf?: Uint8Array<ArrayBuffer>;
  /** The memory of what was asked, to be used again. */
  readonly spent?: ArrayBuffer;
}
