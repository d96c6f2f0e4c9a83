/** What browsers with Trusted Types offer; the types of the DOM do not have it yet. */
interface Factory {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown;
}

/** Where the server asks for Trusted Types: workers of this origin start, nothing else does. */
export function trustOwnScripts(): void {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  factory?.createPolicy("default", {
    createScriptURL(url) {
      if (new URL(url, location.href).origin !== location.origin) throw new TypeError("scripts come from this server alone");
      return url;
    },
  });
}
