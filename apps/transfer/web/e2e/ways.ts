// What people do to get back in, in the steps that several tests take.
import type { Locator } from "@playwright/test";

import { expect, go, signIn, type Person } from "./fixtures";
import type { Role } from "./world";

/** A password that nobody had before. */
export const NEW = "regen gabel turm 47";

/** Signs in by hand, with a password of one's own. */
export async function signInWith(person: Person, name: string, password: string): Promise<void> {
  await signIn(person, { name, password, person: "", facility: "", country: "FR" });
}

/** Leaves the page and this browser's keys. */
export async function signOut({ page, t }: Person): Promise<void> {
  await page.getByRole("button", { name: new RegExp(`^${t("nav.account")}: `) }).click();
  await page.getByRole("menuitem", { name: t("nav.signOut") }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: t("nav.signOut"), exact: true }).click();
  await expect(page.getByRole("button", { name: t("unlock.action"), exact: true })).toBeVisible();
}

/** The beginning of somebody's name, as tests call people. */
export const shortOf = ({ name }: Role): string => name.split("@")[0] ?? name;

/** A way back in. */
export type Kind = "password" | "passkey" | "code" | "mail" | "organisation";

/** The row of a way back in. */
export function way({ page, t }: Person, kind: Kind): Locator {
  return page.getByRole("list", { name: t("ways.list") }).getByRole("listitem").filter({ hasText: t(`ways.kind.${kind}`) });
}

/** Opens what sets a way back in up. */
export async function setUp(person: Person, kind: Kind): Promise<Locator> {
  const { page, t } = person;
  await go(person, "nav.account");
  await way(person, kind).getByRole("button", { name: new RegExp(`^${t(`ways.kind.${kind}`)}: `) }).click();
  return page.locator(".modal");
}

/** Its row says that it works. */
export async function works(person: Person, kind: Kind): Promise<void> {
  await expect(way(person, kind)).toContainText(person.t("ways.state.works"), { timeout: 45_000 });
}

/** Begins at the sign-in page. */
export async function forgot({ page, t }: Person, name: string): Promise<void> {
  await page.getByRole("button", { name: t("recover.forgot") }).click();
  await page.getByRole("textbox", { name: t("unlock.name"), exact: true }).fill(name);
}

/** Types the new password twice, and goes on into the page. */
export async function choosePassword({ page, t }: Person, password: string): Promise<void> {
  await page.getByLabel(t("account.password.new"), { exact: true }).fill(password);
  await expect(page.getByText(t("strength.good"))).toBeVisible();
  await page.getByLabel(t("signUp.again"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("recover.setPassword"), exact: true }).click();
  await expect(page.getByText(t("recover.done"))).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: t("recover.go"), exact: true }).click();
  await expect(page.getByRole("navigation", { name: t("nav.main") })).toBeVisible({ timeout: 60_000 });
}
