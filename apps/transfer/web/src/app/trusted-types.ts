/** What browsers with Trusted Types offer; the types of the DOM do not have it yet. */
interface Factory {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string; createHTML: (html: string) => string }): unknown;
}

/** Where the server asks for Trusted Types: workers of this origin start and elements are emptied, nothing else is let through. */
export function trustOwnScripts(): void {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  factory?.createPolicy("default", {
    createScriptURL(url) {
      if (new URL(url, location.href).origin !== location.origin) throw new TypeError("scripts come from this server alone");
      return url;
    },
    // The component library empties its announcements for screen readers so.
    createHTML(html) {
      if (html !== "") throw new TypeError("no text becomes HTML here");
      return html;
    },
  });
}
