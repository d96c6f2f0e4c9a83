// What people do with a facility that has no keys yet, in the steps that several tests take.
import type { Locator } from "@playwright/test";

import { ask, box, expect, type Person } from "./fixtures";
import { mailTo } from "./mails";
import type { Mail, World } from "./world";

/** A facility that is in the directory. */
export interface Announced {
  readonly group: string | null;
  readonly name: string;
  readonly contact: string | null;
}

/** The facilities that are in the directory and have no keys. */
export async function announced({ page }: Person): Promise<readonly (Announced & { readonly contact: string })[]> {
  const all = await ask<readonly Announced[]>(page, "/api/facilities");
  return all.flatMap((facility) => (facility.group === null && facility.contact !== null ? [{ ...facility, contact: facility.contact }] : []));
}

/** Ticks one of them in the list of facilities; gives the dialog that asks how it proves who it is. */
export async function chooseUnregistered({ page, t }: Person, facility: Announced): Promise<Locator> {
  await box(page, t("ask.choose", { facility: facility.name })).click();
  const dialog = page.getByRole("dialog", { name: t("escrow.title", { facility: facility.name }) });
  await expect(dialog.getByLabel(t("escrow.address"))).toHaveValue(facility.contact ?? "");
  return dialog;
}

/** Chooses how it proves who it is. */
export async function choosePolicy({ t }: Person, dialog: Locator, policy: "verified" | "code" | "confirmed"): Promise<void> {
  await dialog.locator("label").filter({ hasText: t(`escrow.policy.${policy}Note`) }).click();
}

/** Asks one of them. */
export async function askInEscrow(person: Person, facility: Announced, policy: "verified" | "code" | "confirmed" = "verified"): Promise<void> {
  const { page, t } = person;
  await page.getByRole("button", { name: t("case.ask"), exact: true }).click();
  const dialog = await chooseUnregistered(person, facility);
  // The first is chosen unless somebody wants another.
  if (policy !== "verified") await choosePolicy(person, dialog, policy);
  await dialog.getByRole("button", { name: t("escrow.action"), exact: true }).click();
  await page.getByRole("button", { name: t("ask.send", { n: 1 }), exact: true }).click();
}

/** The mail that invites it, and the link in it. */
export async function invitationFor(world: World, { contact }: Announced): Promise<{ readonly mail: Mail; readonly link: string }> {
  const mail = await mailTo(world, contact ?? "", ({ text }) => text.includes("#facility="));
  const [link = ""] = /https?:\/\/\S+#facility=\S+/.exec(mail.text) ?? [];
  return { mail, link };
}

/** Makes an account for its first person from the link. */
export async function register({ page, t }: Person, link: string, password: string): Promise<void> {
  await page.goto(link);
  await page.reload();
  await page.getByLabel(t("unlock.password"), { exact: true }).fill(password);
  await page.getByLabel(t("signUp.again"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("signUp.action"), exact: true }).click();
}

/** The mail of the key server with the code that proves the mailbox. */
export function letterTo(world: World, { contact }: Announced): Promise<Mail> {
  return mailTo(world, contact ?? "", (mail) => !mail.text.includes("#facility=") && /\d{4} ?\d{4}/.test(mail.text));
}
