import { results, type CallOptions, type Result } from "./calls.js";
import type { ClientState } from "./client.js";

/** What a member of a group may do: administrators also add and remove members. */
export type Role = "member" | "admin";

/** A member of a group. */
export interface GroupMember {
  /** A user (`usr_…`) or a group (`grp_…`). */
  readonly id: string;
  readonly role: Role;
}

/** A group, as this person sees it. */
export interface Group {
  /** `grp_…` */
  readonly id: string;
  /** Only members can read it. */
  readonly name?: string;
  readonly members: readonly GroupMember[];
  /** This person's role, directly or through another group. */
  readonly role?: Role;
  /** How often its key changed. */
  readonly epoch: number;
  /** Whether it has ended. */
  readonly dissolved: boolean;
}

/** What a new member sees of the past. */
export interface JoinOptions extends CallOptions {
  /** Only what is sealed from now on. By default everything. */
  readonly fromJoin?: boolean;
}

/** What the application's own server has to sign when a name is bound to a group. */
export interface GroupNameRequest {
  readonly tenant: string;
  /** The group (`grp_…`). */
  readonly group: string;
  readonly name: string;
  /** Salted commitment to the name, base64url: `cmt` of the token. */
  readonly commitment: string;
  /** Index of the name, base64url: `idx` of the token. */
  readonly index: string;
}

/** Groups of people. */
export class Groups {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  /** Makes a group, of which this person is an administrator; gives its identifier. */
  create(name: string, members: readonly GroupMember[] = [], { signal }: CallOptions = {}): Promise<string> {
    const ids = members.map((member) => member.id);
    const roles = members.map((member) => member.role);
    return this.#state.run((core) => core.createGroup(name, ids, roles) as Promise<string>, signal);
  }

  /** The groups of which this person is a member, oldest first. */
  list({ signal }: CallOptions = {}): Promise<Group[]> {
    return this.#state.run((core) => core.groups() as Promise<Group[]>, signal);
  }

  get(group: string, { signal }: CallOptions = {}): Promise<Group> {
    return this.#state.run((core) => core.group(group) as Promise<Group>, signal);
  }

  /** Adds a user or a group. */
  add(group: string, member: string, role: Role = "member", { fromJoin = false, signal }: JoinOptions = {}): Promise<void> {
    return this.#state.run((core) => core.addMember(group, member, role, fromJoin), signal);
  }

  /** Adds many users or groups in one step, who see everything. What is wrong with one fails alone. */
  addMany(group: string, members: readonly GroupMember[], { signal }: CallOptions = {}): Promise<Result<void>[]> {
    const ids = members.map(({ id }) => id);
    const roles = members.map(({ role }) => role);
    return this.#state.run(async (core) => results<void>(await core.addMembers(group, ids, roles)), signal);
  }

  /** Removes members; the group gets a new key in the same step. */
  remove(group: string, members: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.removeMembers(group, [...members]), signal);
  }

  setRole(group: string, member: string, role: Role, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.setRole(group, member, role), signal);
  }

  rename(group: string, name: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.renameGroup(group, name), signal);
  }

  /**
   * Binds a name of the application's to a group, such as `finess:750000001`: `sign` has the application's server sign it and gives
   * its token. Who has the name first keeps it. Binding it again changes nothing.
   */
  bind(group: string, name: string, sign: (request: GroupNameRequest) => Promise<string> | string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run(async (core) => {
      const drawn = await core.newGroupName(name);
      const token = await sign({ tenant: this.#state.tenant, group, name, commitment: drawn.commitment(), index: drawn.index() });
      await core.bindGroup(group, drawn, token);
    }, signal);
  }

  /** Ends a group. Nothing can be sealed to it any more; what was sealed stays readable. */
  dissolve(group: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.dissolveGroup(group), signal);
  }
}
