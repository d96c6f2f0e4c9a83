/** Passkeys as a way back in: the secret is what WebAuthn's PRF extension gives. */
import { invalid, toError, WardsealError } from "./errors.js";
import type { AskPasskey, Credentials, NewPasskey } from "./recovery.js";

/** Signs with what nobody checks here: the secret is what counts, and the vault releases nothing without it. */
const ALGORITHMS = [-7, -8, -257];

function credentialsOf(given: Credentials | undefined): Credentials {
  const credentials = given ?? globalThis.navigator?.credentials;
  if (credentials === undefined) throw notSupported();
  return credentials;
}

function notSupported(): Error {
  return new WardsealError("passkey_not_supported", "this browser cannot use passkeys here: it needs a secure page and WebAuthn");
}

function noPrf(): Error {
  return new WardsealError("passkey_no_prf", "this passkey gives no secret (WebAuthn PRF): use another authenticator, or another way back in");
}

/** What `credentials` threw. Browsers give one name to a refusal, to a timeout and to a person who closes the dialog. */
function refused(thrown: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return toError(signal.reason ?? thrown);
  switch (thrown instanceof Error ? thrown.name : "") {
    case "NotAllowedError":
    case "AbortError":
      return new WardsealError("passkey_cancelled", "no passkey was chosen: try again, or use another way back in", {}, thrown);
    case "InvalidStateError":
      return new WardsealError("passkey_exists", "this authenticator has a passkey for this person already", {}, thrown);
    case "SecurityError":
      return new WardsealError("invalid", "the page may not use passkeys of this domain: check rpId", {}, thrown);
    case "NotSupportedError":
      return notSupported();
    default:
      return toError(thrown);
  }
}

async function ask(work: () => Promise<Credential | null>, signal: AbortSignal | undefined): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await work();
  } catch (thrown) {
    throw refused(thrown, signal);
  }
  if (credential === null) throw refused(new DOMException("nothing was chosen", "NotAllowedError"), signal);
  return credential as PublicKeyCredential;
}

/** The extension's output, whatever kind of buffer it is; `undefined` when there is none. */
function secretOf(credential: PublicKeyCredential): Uint8Array<ArrayBuffer> | undefined {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) return undefined;
  const bytes = ArrayBuffer.isView(first) ? new Uint8Array(first.buffer, first.byteOffset, first.byteLength) : new Uint8Array(first);
  return bytes.length === 32 ? new Uint8Array(bytes) : undefined;
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** A passkey that was made or chosen, and its secret. */
export interface Passkey {
  readonly id: Uint8Array<ArrayBuffer>;
  readonly secret: Uint8Array<ArrayBuffer>;
}

/** Makes a discoverable passkey. Authenticators that give no secret when one is made are asked for it at once. */
export async function makePasskey(options: NewPasskey, input: Uint8Array<ArrayBuffer>): Promise<Passkey> {
  const { rpId, name, application, signal } = options;
  if (rpId === "" || name === "") throw invalid("a passkey has a domain and a name");
  const credentials = credentialsOf(options.credentials);
  const made = await ask(
    () =>
      credentials.create({
        publicKey: {
          rp: { id: rpId, name: application ?? rpId },
          // Drawn anew: the authenticator must not take this for the place of another passkey, and nobody looks it up.
          user: { id: random(32), name, displayName: name },
          challenge: random(32),
          pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
          authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
          attestation: "none",
          extensions: { prf: { eval: { first: input } } },
        },
        ...(signal && { signal }),
      }),
    signal,
  );
  const id = new Uint8Array(made.rawId);
  const given = secretOf(made);
  if (given !== undefined) return { id, secret: given };
  if (made.getClientExtensionResults().prf?.enabled === false) throw noPrf();
  return find(credentials, rpId, input, signal, id);
}

/** Asks for one of the passkeys that the person has for this domain. */
export function askPasskey(options: AskPasskey, input: Uint8Array<ArrayBuffer>): Promise<Passkey> {
  if (options.rpId === "") return Promise.reject(invalid("a passkey has a domain"));
  return find(credentialsOf(options.credentials), options.rpId, input, options.signal);
}

async function find(
  credentials: Credentials,
  rpId: string,
  input: Uint8Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
  only?: Uint8Array<ArrayBuffer>,
): Promise<Passkey> {
  const chosen = await ask(
    () =>
      credentials.get({
        publicKey: {
          rpId,
          challenge: random(32),
          ...(only && { allowCredentials: [{ type: "public-key", id: only }] }),
          userVerification: "required",
          extensions: { prf: { eval: { first: input } } },
        },
        ...(signal && { signal }),
      }),
    signal,
  );
  const secret = secretOf(chosen);
  if (secret === undefined) throw noPrf();
  return { id: new Uint8Array(chosen.rawId), secret };
}
