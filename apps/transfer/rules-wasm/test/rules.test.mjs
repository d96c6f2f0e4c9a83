// The package as a page uses it: objects in, objects out, refusals thrown. What the rules say is tested in Rust.
// Run by `node --test` after `cargo xtask wasm`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

const generated = new URL("../../web/src/generated/rules/", import.meta.url);
const fixtures = new URL("../../rules/tests/fixtures/", import.meta.url);
const NOW = Date.UTC(2026, 2, 1, 12);

/** @type {typeof import("../../web/src/generated/rules/rules.js")} */
let rules;

before(async () => {
  rules = await import(new URL("rules.js", generated).href);
  await rules.default({ module_or_path: await readFile(new URL("rules_bg.wasm", generated)) });
});

const refused = (code) => (error) => {
  assert.equal(error.code, code);
  assert.equal(typeof error.message, "string");
  return true;
};
const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
const office = {
  zone: "Europe/Berlin",
  week: [...Array.from({ length: 5 }, () => [["08:00", "16:00"]]), [], []],
};

test("the catalogue is an object with words in three languages", () => {
  const catalogue = rules.catalogue();
  assert.equal(catalogue.version, 1);
  assert.equal(catalogue.maxOpenRequests, 10);
  const offered = catalogue.requestStates.find((state) => state.code === "offered");
  assert.deepEqual(offered.labels, { en: "Offer with date", fr: "Accord avec date", de: "Zusage mit Termin" });
  assert.deepEqual(rules.moves("interested", "sender").map((move) => move.to).sort(), [
    "cancelled", "declined", "disclosed", "offered", "referred_onward", "waitlisted",
  ]);
});

test("a form is checked as an object and as JSON", () => {
  const answers = { barthel: 101 };
  const problems = rules.checkForm(1, answers);
  assert.ok(problems.some(({ field, code }) => field === "barthel" && code === "too_large"));
  assert.deepEqual(rules.checkForm(1, JSON.stringify(answers)), problems);
  assert.deepEqual(rules.capabilitiesNeeded({ isolation: "contact" }), ["isolation.contact"]);
});

test("moves are refused by code, or not at all", () => {
  const decline = { caseState: "searching", from: "viewed", to: "declined", side: "receiver", sealed: true };
  assert.equal(rules.moveRefusal(decline), "reason_required");
  assert.equal(rules.moveRefusal({ ...decline, reasonGroups: ["cap"] }), undefined);
  assert.equal(rules.caseMoveRefusal("searching", "closed"), "no_such_move");
  assert.equal(rules.caseMoveRefusal("admitted", "closed"), undefined);
  assert.equal(rules.sendRefusal("searching", Array(10).fill("sent"), 1), "too_many_open");
  assert.equal(rules.sendRefusal("searching", ["sent"], 1), undefined);
});

test("a choice says what becomes of all", () => {
  const requests = [{ id: "a", state: "offered" }, { id: "b", state: "viewed" }, { id: "c", state: "declined" }];
  assert.deepEqual(rules.choose("offers", requests, "a"), {
    moves: [{ id: "a", state: "chosen" }, { id: "b", state: "not_selected" }],
    release: ["b", "c"],
  });
  assert.equal(rules.caseAfter("offers", ["chosen", "not_selected", "declined"]), "chosen");
  assert.throws(() => rules.choose("offers", requests, "b"), refused("no_such_move"));
  assert.deepEqual(rules.endCase([{ id: "a", state: "sent" }]), {
    moves: [{ id: "a", state: "cancelled" }],
    release: ["a"],
  });
});

test("deadlines are milliseconds, in the hours of the facility", () => {
  const sent = Date.parse("2026-03-06T15:00:00+01:00");
  assert.equal(rules.deadline("planned", "REHAB", sent, office), Date.parse("2026-03-09T11:00:00+01:00"));
  assert.equal(rules.offerDeadline("planned", "REHAB", sent, office), Date.parse("2026-03-09T15:00:00+01:00"));
  assert.equal(rules.isOpen(office, sent), true);
  assert.equal(rules.isOpen(office, sent + 3_600_000), false);
});

test("what is no code, no time or no hours is refused", () => {
  assert.throws(() => rules.moves("sold", "sender"), refused("unknown_code"));
  assert.throws(() => rules.deadline("planned", "REHAB", Number.NaN, office), refused("bad_argument"));
  assert.throws(() => rules.deadline("planned", "REHAB", 0, { ...office, week: [] }), refused("bad_argument"));
  assert.throws(() => rules.checkForm(1, undefined), refused("bad_argument"));
  assert.throws(() => rules.importBundle("{}", NOW), refused("bad_argument"));
});

test("a bundle becomes answers", async () => {
  const { answers, warnings } = rules.importBundle(new Uint8Array(await readFile(new URL("de.json", fixtures))), NOW);
  assert.equal(answers.familyName, "TEST-Amsel");
  assert.equal(answers.stayDays, 11);
  assert.deepEqual(answers.germs, ["mrsa"]);
  assert.deepEqual(warnings[0], { code: "not_asked", detail: "Immunization", count: 1 });
});

test("what is no bundle is thrown with its code", () => {
  const cases = {
    not_json: new TextEncoder().encode("<Bundle/>"),
    not_fhir: bytes({ hello: "world" }),
    not_a_bundle: bytes({ resourceType: "Observation" }),
    no_patient: bytes({ resourceType: "Bundle" }),
    wrong_version: bytes({ resourceType: "Bundle", meta: { fhirVersion: "5.0.0" } }),
    too_large: new Uint8Array(64 * 1024 * 1024 + 1),
  };
  for (const [code, content] of Object.entries(cases)) {
    assert.throws(() => rules.importBundle(content, NOW), refused(code));
  }
});

test("a bundle of thirty megabytes is read, and the next one too", async () => {
  const german = JSON.parse(await readFile(new URL("de.json", fixtures), "utf8"));
  const claim = { resource: { resourceType: "Claim", item: Array(200).fill({ text: "TEST" }) } };
  const observation = german.entry.find(({ resource }) => resource?.resourceType === "Observation");
  const filling = Array.from({ length: 40_000 }, (_, index) => (index % 4 ? observation : claim));
  const large = bytes({ ...german, entry: [...german.entry, ...filling] });
  assert.ok(large.length > 30_000_000, `${large.length}`);
  for (let round = 0; round < 2; round += 1) {
    assert.equal(rules.importBundle(large, NOW).answers.familyName, "TEST-Amsel");
  }
});
