import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { absorbRequest, api, ApiError, keys, type RequestRecord, type RequestState } from "../../api";
import { useFacility } from "../../app/facility";
import { putContent, useWard, type SealedAnswer } from "../../ward";
import type { Rules } from "../content/rules";

/** What comes with a move, in words and codes; it is sealed for both sides. */
export type Said = Omit<SealedAnswer, "kind" | "state">;

/** Whether anything was said. */
export function saysSomething(said: Said): boolean {
  return Object.values(said).some((value) => (typeof value === "string" ? value.trim() !== "" : value.length > 0));
}

/** Makes a move of a request: seals what was said, tells the server, and shows what became of it. */
export function useMove(rules: Rules): (request: RequestRecord, to: RequestState, said?: Said) => Promise<RequestRecord> {
  const { ward } = useWard();
  const { group } = useFacility();
  const client = useQueryClient();
  return useCallback(
    async (request, to, said = {}) => {
      const { id, version, session } = request;
      const sealed = saysSomething(said) ? await putContent(ward, group, session, { kind: "answer", state: to, ...said }) : undefined;
      // The server learns the groups of the reasons and nothing more.
      const reasonGroups = rules.groupsOf(said.reasons ?? []);
      try {
        const record = await api.requests.move(id, { version, to, ...(sealed === undefined ? {} : { sealed }), ...(reasonGroups.length === 0 ? {} : { reasonGroups }) });
        absorbRequest(client, record);
        return record;
      } catch (error) {
        // Somebody was faster: what is shown is not how it is.
        if (error instanceof ApiError && !error.retryable) {
          void client.invalidateQueries({ queryKey: keys.request(id) });
          void client.invalidateQueries({ queryKey: keys.requests(request.to) });
          void client.invalidateQueries({ queryKey: keys.case(request.case) });
        }
        throw error;
      }
    },
    [ward, group, client, rules],
  );
}
