/**
 * AES over frames by WebCrypto, many chunks at once. It runs in the page, in a worker and in Node alike, knows no names
 * and no sessions, and gives the same bytes as the native engine. The format is `spec/07-objects.md`.
 */

const CHUNK = 16_384;
const TAG = 16;
const SEALED_CHUNK = CHUNK + TAG;
const NONCE = 12;
/** Bytes of the length field before a frame's ciphertext, and of the one before its content. */
export const LENGTH = 4;
/** Bytes of content in a full frame. */
export const FRAME_CONTENT = 64 * CHUNK - LENGTH;
/** Bytes of a full frame with its length field. */
export const FRAME_LIMIT = LENGTH + 64 * SEALED_CHUNK;

/** A frame's place, sizes and nonces, as the core says. */
export interface FrameJob {
  readonly index: number;
  /** Bytes of plaintext: the length field, the content, zeros. */
  readonly plain: number;
  /** Bytes of ciphertext. */
  readonly sealed: number;
  readonly last: boolean;
  /** 12 bytes for each chunk. */
  readonly nonces: Uint8Array<ArrayBuffer>;
}

/** A frame that was encrypted. */
export interface SealedFrame {
  /** Length field and ciphertext. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of a zero byte and the ciphertext. */
  readonly leaf: Uint8Array<ArrayBuffer>;
}

/** A frame that was decrypted. */
export interface OpenedFrame {
  /** Length field, content, zeros. */
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly leaf: Uint8Array<ArrayBuffer>;
}

/** The key of an object's chunks. */
export function importKey(raw: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function nonce(job: FrameJob, at: number): AesGcmParams {
  return { name: "AES-GCM", iv: job.nonces.subarray(at * NONCE, (at + 1) * NONCE) };
}

/** Sets the length field before the ciphertext. */
function setLength(bytes: Uint8Array<ArrayBuffer>, length: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, length);
}

/** The hash of a zero byte and the ciphertext that stands after a length field. */
function leafHash(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  // The end of the length field lends its place to the zero byte. WebCrypto takes its copy before it returns.
  const end = bytes[LENGTH - 1] ?? 0;
  bytes[LENGTH - 1] = 0;
  const leaf = crypto.subtle.digest("SHA-256", bytes.subarray(LENGTH - 1));
  bytes[LENGTH - 1] = end;
  return leaf;
}

/** Encrypts a frame into `bytes`, its length field before it. */
export async function encryptFrame(
  key: CryptoKey,
  job: FrameJob,
  content: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const chunks: Promise<void>[] = [];
  for (let at = 0; at * NONCE < job.nonces.length; at++) {
    const start = at * CHUNK;
    const end = Math.min(start + CHUNK, job.plain);
    let plain = content.subarray(start - LENGTH, end - LENGTH);
    if (start === 0 || plain.length < end - start) {
      // The first chunk begins with the length of the content, the last ones end with zeros.
      const whole = new Uint8Array(end - start);
      if (start === 0) {
        setLength(whole, content.length);
        whole.set(content.subarray(0, end - LENGTH), LENGTH);
      } else {
        whole.set(plain);
      }
      plain = whole;
    }
    const sealed = crypto.subtle.encrypt(nonce(job, at), key, plain);
    chunks.push(sealed.then((chunk) => bytes.set(new Uint8Array(chunk), LENGTH + at * SEALED_CHUNK)));
  }
  await Promise.all(chunks);
  setLength(bytes, job.sealed);
}

/** Encrypts a frame, into `bytes` if they are given, and hashes it. */
export async function sealFrame(
  key: CryptoKey,
  job: FrameJob,
  content: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(LENGTH + job.sealed),
): Promise<SealedFrame> {
  await encryptFrame(key, job, content, bytes);
  return { bytes, leaf: new Uint8Array(await leafHash(bytes)) };
}

/** Decrypts a frame, given with its length field. Rejects when it was changed. */
export async function openFrame(key: CryptoKey, job: FrameJob, bytes: Uint8Array<ArrayBuffer>): Promise<OpenedFrame> {
  const plain = new Uint8Array(job.plain);
  const chunks: Promise<void>[] = [];
  for (let at = 0; at * NONCE < job.nonces.length; at++) {
    const start = LENGTH + at * SEALED_CHUNK;
    const sealed = bytes.subarray(start, Math.min(start + SEALED_CHUNK, LENGTH + job.sealed));
    const opened = crypto.subtle.decrypt(nonce(job, at), key, sealed);
    chunks.push(opened.then((chunk) => plain.set(new Uint8Array(chunk), at * CHUNK)));
  }
  const [leaf] = await Promise.all([leafHash(bytes), ...chunks]);
  return { plain, leaf: new Uint8Array(leaf) };
}
