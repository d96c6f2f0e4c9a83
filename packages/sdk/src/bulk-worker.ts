/** A worker that does AES over frames and nothing else, so that the page stays responsive. */
import { READY, type BulkAnswer, type BulkRequest } from "./bulk-messages.js";
import { openFrame, sealFrame } from "./frames.js";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<BulkRequest>) => void) | null;
  postMessage(answer: BulkAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: { id, seal, key, job, bytes } }) => {
  const work = seal
    ? sealFrame(key, job, bytes)
    : openFrame(key, job, bytes).then(({ plain, leaf }) => ({ bytes: plain, leaf }));
  work.then(
    (done) => scope.postMessage({ id, bytes: done.bytes, leaf: done.leaf }, [done.bytes.buffer]),
    () => scope.postMessage({ id }, []),
  );
};

scope.postMessage({ id: READY }, []);
