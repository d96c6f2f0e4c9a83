import { first, results, type CallOptions, type Result } from "./calls.js";
import type { ClientState } from "./client.js";

/** People by the names that the application gave them. */
export class Users {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  /**
   * The users (`usr_…`) whom the application calls by these names, in the same order. Throws `identity_changed` when a
   * name means another user than before; ask the person, then {@link confirm}.
   */
  async byName(names: readonly string[], options: CallOptions = {}): Promise<string[]> {
    return (await this.find(names, options)).map((found) => first([found]));
  }

  /** The same with a result for each name: what is wrong with one fails alone. */
  find(names: readonly string[], { signal }: CallOptions = {}): Promise<Result<string>[]> {
    return this.#state.run(async (core) => results<string>(await core.findUsers([...names])), signal);
  }

  /** Accepts that a name means another user than before; gives the user. */
  confirm(name: string, { signal }: CallOptions = {}): Promise<string> {
    return this.#state.run((core) => core.confirmIdentity(name) as Promise<string>, signal);
  }
}

/** A device or recovery method in force. */
export interface Device {
  /** `dev_…` */
  readonly id: string;
  /** A machine of the person's own, or the one that a password opens from anywhere. */
  readonly kind: "ordinary" | "password" | "other";
  /** Whether it is this one. */
  readonly current: boolean;
}

/** The devices of the person who is signed in. */
export class Devices {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  list({ signal }: CallOptions = {}): Promise<Device[]> {
    return this.#state.run((core) => core.devices() as Promise<Device[]>, signal);
  }

  /** Revokes devices. What is sealed from now on stays closed to them, whatever they kept. */
  revoke(devices: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.revokeDevices([...devices]), signal);
  }
}
