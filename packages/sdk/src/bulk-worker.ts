/** A worker that does AES over frames and nothing else, so that the page stays responsive. */
import { READY, type BulkAnswer, type BulkRequest } from "./bulk-messages.js";
import { LENGTH, openFrame, sealFrame } from "./frames.js";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<BulkRequest>) => void) | null;
  postMessage(answer: BulkAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: { id, seal, key, job, bytes, room } }) => {
  const work = seal
    ? sealFrame(key, job, bytes, room && new Uint8Array(room, 0, LENGTH + job.sealed))
    : openFrame(key, job, bytes).then(({ plain, leaf }) => ({ bytes: plain, leaf }));
  work.then(
    (done) => scope.postMessage({ id, bytes: done.bytes, leaf: done.leaf, spent: bytes.buffer }, [done.bytes.buffer, bytes.buffer]),
    () => scope.postMessage({ id }, []),
  );
};

scope.postMessage({ id: READY }, []);
