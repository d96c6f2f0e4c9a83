import type { Bytes, SealOptions, WardsealError } from "@wardseal/sdk";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { useShared } from "./provider.js";
import { asError } from "./state.js";

type Progress =
  | { readonly status: "idle"; readonly progress: undefined; readonly error: undefined }
  | { readonly status: "sealing"; readonly progress: number; readonly error: undefined }
  | { readonly status: "done"; readonly progress: number; readonly error: undefined }
  | { readonly status: "error"; readonly progress: undefined; readonly error: WardsealError };

/** What {@link useSeal} gives. `progress` is bytes of content. */
export type Sealing = Progress & {
  /**
   * Seals: bytes and text give bytes, a Blob gives a Blob. Rejects with the same error that `error` has, and with the
   * signal's reason when it was cancelled.
   */
  readonly seal: {
    (content: Bytes | string, options?: SealOptions): Promise<Uint8Array<ArrayBuffer>>;
    (content: Blob, options?: SealOptions): Promise<Blob>;
  };
  /** Stops what is being sealed. It is also stopped when the component goes. */
  readonly cancel: () => void;
};

const IDLE: Progress = { status: "idle", progress: undefined, error: undefined };

/** Seals for a session, one thing at a time: another call stops the one before. */
export function useSeal(session: string): Sealing {
  const { ward } = useShared();
  const [state, setState] = useState<Progress>(IDLE);
  const running = useRef<AbortController>(undefined);
  const cancel = useCallback(() => {
    running.current?.abort();
    running.current = undefined;
    setState(IDLE);
  }, []);
  useEffect(() => cancel, [cancel]);

  const seal = useCallback(
    async (content: Bytes | string | Blob, options: SealOptions = {}) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      const tell = (next: Progress): void => {
        if (running.current === controller) setState(next);
      };
      tell({ status: "sealing", progress: 0, error: undefined });
      let progress = 0;
      const onProgress = (bytes: number): void => {
        progress = bytes;
        options.onProgress?.(bytes);
        tell({ status: "sealing", progress, error: undefined });
      };
      const signal = options.signal == null ? controller.signal : AbortSignal.any([controller.signal, options.signal]);
      try {
        const sealed = await ward.seal(session, content as Blob, { ...options, signal, onProgress });
        tell({ status: "done", progress, error: undefined });
        return sealed;
      } catch (thrown) {
        if (signal.aborted) {
          tell(IDLE);
          throw signal.reason;
        }
        const error = asError(thrown);
        tell({ status: "error", progress: undefined, error });
        throw error;
      }
    },
    [ward, session],
  ) as Sealing["seal"];

  return useMemo(() => ({ ...state, seal, cancel }), [state, seal, cancel]);
}
