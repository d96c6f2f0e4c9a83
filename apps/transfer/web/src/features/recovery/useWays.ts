import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { MethodCheck, RecoveryMethod } from "@wardseal/sdk";
import { useCallback } from "react";

import { api, keys } from "../../api";
import { useWard } from "../../ward";
import { checkWays } from "../../ward/recovery";

/** Milliseconds for which what was checked counts. */
const FRESH = 60 * 60_000;

/** What stands between somebody and being locked out for good. */
export type Danger = "browser" | "password" | "broken";

/** What is wrong with the ways back in, the worst first; nothing when one can be lost without harm. */
export function dangerOf(methods: readonly Pick<RecoveryMethod, "kind" | "device">[], checks: readonly Pick<MethodCheck, "device" | "state">[]): Danger | undefined {
  const fails = (device: string): boolean => checks.some((check) => check.device === device && check.state === "missing");
  const working = methods.filter(({ device }) => !fails(device));
  if (working.length === 0) return "browser";
  if (working.every(({ kind }) => kind === "password")) return "password";
  return checks.some(({ state }) => state === "missing" || state === "outdated") ? "broken" : undefined;
}

export interface Ways {
  readonly methods: readonly RecoveryMethod[] | undefined;
  readonly checks: readonly MethodCheck[] | undefined;
  /** When they were checked last, in milliseconds since 1970. */
  readonly checked: number | undefined;
  readonly isChecking: boolean;
  readonly error: unknown;
  readonly check: () => void;
  /** After a method was set or removed. */
  readonly changed: () => Promise<void>;
}

/** The ways back in of whoever is signed in, tried without being asked. */
export function useWays(): Ways {
  const { ward } = useWard();
  const client = useQueryClient();
  const methods = useQuery({ queryKey: keys.methods, queryFn: () => ward.recovery.methods() });
  const checks = useQuery({ queryKey: keys.checks, queryFn: () => checkWays(ward), staleTime: FRESH, retry: false });
  const changed = useCallback(async () => {
    await client.invalidateQueries({ queryKey: keys.methods });
    void client.invalidateQueries({ queryKey: keys.devices });
    await Promise.all([client.invalidateQueries({ queryKey: keys.checks }), client.invalidateQueries({ queryKey: keys.shares })]);
  }, [client]);
  return {
    methods: methods.data,
    checks: checks.data,
    checked: checks.data === undefined ? undefined : checks.dataUpdatedAt,
    isChecking: checks.isFetching,
    error: methods.error,
    check: () => void checks.refetch(),
    changed,
  };
}

/** Where codes go, by this server's word; asked where there are codes. */
export function useShares(enabled: boolean) {
  return useQuery({ queryKey: keys.shares, queryFn: ({ signal }) => api.recovery.shares(signal), enabled });
}
