/** The real rules, for tests: the WebAssembly that the page loads. */
import * as engine from "../../generated/rules/rules.js";
import { Rules } from "./rules";
import { wasm } from "./wasm-bytes.js";

engine.initSync({ module: wasm });

export const rules = new Rules(engine.catalogue(), engine);

/** Bytes of the kind that this realm knows: jsdom has its own. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(new TextEncoder().encode(text));

/** A request that is complete, and of whom: all invented. */
export const complete = {
  urgency: "planned",
  careType: "rehab.geriatric",
  purpose: "rehabilitation",
  dateFrom: "2026-12-01",
  dateTo: "2026-12-08",
  readyOn: "2026-11-28",
  area: "67",
  ageBand: "80-84",
  sex: "female",
  language: "fr",
  payer: "general",
  diagnosisGroup: "hipFracture",
  stability: "stable",
  isolation: "contact",
  germs: ["mrsa"],
  allergies: "yes",
  risks: ["fall"],
  equipment: ["oxygen"],
  oxygenFlow: 2,
  wounds: "none",
  mobility: "person",
  hygiene: "partial",
  eating: "independent",
  continence: "continent",
  cognition: "mild",
  behaviour: ["none"],
  careLoad: "medium",
  barthel: 45,
  braden: 15,
  rehabPotential: "good",
  planAfter: "homeServices",
  patientWish: "agrees",
} as const;

/** The second stage of the same. */
export const identity = {
  familyName: "TEST-Canary",
  firstNames: "Jeanne",
  birthDate: "1941-02-03",
  contactPhone: "TEST 4711",
  diagnosis: "TEST fracture",
  medication: "TEST drug",
  allergyList: "TEST penicillin",
} as const;
