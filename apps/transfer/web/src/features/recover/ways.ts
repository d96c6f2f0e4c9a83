/** How somebody proves who he is. */
export type Way = "mail" | "code" | "help" | "passkey" | "nothing";

/** Ends a recovery with a new password. */
export type SetPassword = (password: string) => Promise<void>;
