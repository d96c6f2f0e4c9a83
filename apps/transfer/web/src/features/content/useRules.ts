import { use } from "react";

import { Rules } from "./rules";

let loading: Promise<Rules> | undefined;

/** The rules, compiled from the same code as the server's; loaded once, when a screen needs them first. */
export function loadRules(): Promise<Rules> {
  loading ??= import("../../generated/rules/rules.js").then(async (engine) => {
    await engine.default();
    return new Rules(engine.catalogue(), engine);
  });
  // The next screen tries again.
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}

/** The rules. Suspends while they are loaded. */
export function useRules(): Rules {
  return use(loadRules());
}
