// What programs of the book find around them: a key server, a vault and an application's server, which signs names.
import { Wardseal } from "@wardseal/sdk";

let started;
const wards = [];

async function servers() {
  // Only programs that need servers wait for them.
  const { startServers } = await import("./node_modules/@wardseal/sdk/test/servers.mjs");
  started ??= startServers();
  return started;
}

/** What `Wardseal.open` takes. */
export async function options() {
  const { tenant, keys, vault } = await servers();
  return { tenant, keys, vault };
}

/** What the application's own server answers to a sign-up. */
export async function sign(request) {
  return (await servers()).sign(request);
}

/** A client of somebody who has signed up. */
export async function person(name) {
  const ward = await Wardseal.open(await options());
  wards.push(ward);
  await ward.signUp(name, sign);
  return ward;
}

/** Ends what was started. */
export async function end() {
  for (const ward of wards) await ward.close();
  if (started !== undefined) await (await started).stop();
}
