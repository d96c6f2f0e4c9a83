import type { Answers } from "../content/content";

/** By what a case is called in front of its own team: the patient's name, once it was entered. */
export function patientName(answers: Answers): string | undefined {
  const { familyName, firstNames } = answers;
  const parts = [typeof familyName === "string" ? familyName.trim().toLocaleUpperCase() : "", typeof firstNames === "string" ? firstNames.trim() : ""];
  const name = parts.filter((part) => part !== "").join(" ");
  return name === "" ? undefined : name;
}

/** The end of an identifier: enough to tell cases apart on the telephone. */
export function shortId(id: string): string {
  return id.slice(-5);
}
