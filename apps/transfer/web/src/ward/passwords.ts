const WEAKNESSES = ["too_short", "repetitive", "sequence", "common", "contains_name", "weak"] as const;

/** Why a password is too easy to guess. */
export type Weakness = (typeof WEAKNESSES)[number];

/** Why a password would be refused; nothing when it would not. Nothing leaves the page. */
export async function weaknessOf(password: string, forbidden: readonly string[]): Promise<Weakness | undefined> {
  const { checkPassword } = await import("./sdk");
  try {
    await checkPassword(password, forbidden);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "weak_password") throw error;
    const { reason } = (error as { details?: { reason?: string } }).details ?? {};
    return WEAKNESSES.find((known) => known === reason) ?? "weak";
  }
}
