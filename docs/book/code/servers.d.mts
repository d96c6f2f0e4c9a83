import type { Options, SignUpRequest, Wardseal } from "@wardseal/sdk";

/** What `Wardseal.open` takes. */
export function options(): Promise<Pick<Options, "tenant" | "keys"> & { readonly vault: string }>;
/** What the application's own server answers to a sign-up. */
export function sign(request: SignUpRequest): Promise<string>;
/** A client of somebody who has signed up. */
export function person(name: string): Promise<Wardseal>;
/** Ends what was started. */
export function end(): Promise<void>;
