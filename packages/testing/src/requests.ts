/** Who was asked: the key server, the vault, or the application's own server. */
export type Role = "keys" | "vault" | "tenant";

/** A request that came. Bodies are not kept. */
export interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly role: Role;
  /** When, by the clock of the platform, in milliseconds since 1970. */
  readonly time: number;
  /** How it was answered; `undefined` while it waits, or when the connection broke. */
  readonly status: number | undefined;
}
