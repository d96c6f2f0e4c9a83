/** Hooks for React over `@wardseal/sdk`. Begin with {@link WardsealProvider}. */
export { useChanges, useOpened, useProfile, useSession, useSessions } from "./hooks.js";
export { WardsealProvider, useWardseal, type WardsealProviderProps } from "./provider.js";
export { useSeal, type Sealing } from "./seal.js";
export type { Content, Form, Listed, Repeatable } from "./shared.js";
export type { Lookup } from "./state.js";
