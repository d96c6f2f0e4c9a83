import { api } from "../api/client";
import { ApiError } from "../api/errors";

/** Bytes that are sent at once: what is lost at most when the connection breaks. */
const PART = 4 << 20;

export interface BlobUpload {
  readonly blob: string;
  readonly facility: string;
  readonly bytes: Blob;
  readonly onProgress: (done: number, whole: number) => void;
  readonly signal: AbortSignal;
}

/** Sends a sealed blob, from wherever an earlier attempt has come to. */
export async function sendBlob({ blob, facility, bytes, onProgress, signal }: BlobUpload): Promise<void> {
  let { offset } = await api.blobs.begin(blob, bytes.size, facility);
  onProgress(offset, bytes.size);
  while (offset < bytes.size) {
    signal.throwIfAborted();
    const from = offset;
    try {
      offset = await api.blobs.append(blob, from, bytes.slice(from, from + PART), signal);
    } catch (error) {
      // The server knows better how far it has come: an answer was lost, or another tab sent meanwhile.
      const right = error instanceof ApiError && error.status === 409 ? error.problem["offset"] : undefined;
      if (typeof right !== "number" || right === from) throw error;
      offset = right;
    }
    if (offset === from) throw new ApiError(0, "interrupted", "the upload does not go on");
    onProgress(offset, bytes.size);
  }
}
