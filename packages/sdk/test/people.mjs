// People over the real servers, whose requests are counted, held back and refused.
import { Wardseal, memoryStore } from "../dist/index.js";

/** A `fetch` that notes each request, and does with it what `network.answer` says. */
export function startNetwork() {
  const network = {
    requests: [],
    /** Gets path, init and the way on. */
    answer: undefined,
    /** How many requests went to this path since `clear`. */
    count: (path) => network.requests.filter((each) => each === path).length,
    clear: () => {
      network.requests.length = 0;
    },
    offline: false,
    fetch: (address, init) => {
      const { pathname } = new URL(address);
      network.requests.push(pathname);
      if (network.offline) return Promise.reject(new TypeError("offline"));
      const go = () => fetch(address, init);
      return network.answer === undefined ? go() : network.answer(pathname, init, go);
    },
  };
  return network;
}

/** People of one tenant. `person` signs one up; `client` opens one over what a store holds. */
export function startPeople(servers) {
  const opened = [];
  const client = async (more = {}) => {
    const network = startNetwork();
    const ward = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys, fetch: network.fetch, store: memoryStore(), ...more });
    opened.push(ward);
    return { ward, network };
  };
  return {
    client,
    person: async (name, more = {}) => {
      const { ward, network } = await client(more);
      await ward.signUp(name, servers.sign);
      return { ward, network, id: ward.profile.user };
    },
    stop: () => Promise.all(opened.map((ward) => ward.close())),
  };
}

/** For `assert.rejects`: a `WardsealError` with one of these codes. */
export function refused(...codes) {
  return (error) => error.name === "WardsealError" && codes.includes(error.code);
}

export const FETCH = "/v1/chains/fetch";
export const APPEND = "/v1/statements/append";
