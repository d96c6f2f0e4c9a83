/** Which facility somebody is registering, over a reload: its public identifier. */
const KEPT = "wardseal.registering";

export function beginRegistration(identifier: string): void {
  localStorage.setItem(KEPT, identifier);
}

export function registration(): string | null {
  return localStorage.getItem(KEPT);
}

export function endRegistration(): void {
  localStorage.removeItem(KEPT);
}
