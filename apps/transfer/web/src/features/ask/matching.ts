import type { Facility } from "../../api";

/** Why a facility suits, or does not: every fact in words on its row. Nothing of this leaves the page. */
export interface Match {
  readonly facility: Facility;
  /** Kilometres from the sender, as the crow flies; nothing when one of the two has no place. */
  readonly distance: number | undefined;
  /** Whether it offers the family of care that is sought. */
  readonly offers: boolean;
  /** What it would have to be able to do and does not say that it can. */
  readonly missing: readonly string[];
  /** What it would have to be able to do and can. */
  readonly able: readonly string[];
  /** Whether the patient's language is spoken there; nothing when that is not known. */
  readonly speaks: boolean | undefined;
  readonly suits: boolean;
}

export interface Needs {
  readonly family: string | undefined;
  readonly capabilities: readonly string[];
  readonly language: string | undefined;
  readonly from: Pick<Facility, "latitude" | "longitude"> | undefined;
}

/** Mean radius of the earth, in kilometres. */
const RADIUS = 6371;

/** Kilometres between two places, as the crow flies. */
export function kilometres(a: Pick<Facility, "latitude" | "longitude">, b: Pick<Facility, "latitude" | "longitude">): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const [latitude, longitude] = [radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)];
  const chord = Math.sin(latitude / 2) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(longitude / 2) ** 2;
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(chord)));
}

function hasPlace({ latitude, longitude }: Pick<Facility, "latitude" | "longitude">): boolean {
  return Number.isFinite(latitude) && Number.isFinite(longitude) && !(latitude === 0 && longitude === 0);
}

/** How one facility matches. */
export function matchOf(facility: Facility, { family, capabilities, language, from }: Needs): Match {
  const able = capabilities.filter((code) => facility.capabilities.includes(code));
  const missing = capabilities.filter((code) => !facility.capabilities.includes(code));
  const offers = family === undefined || facility.families.some((each) => each === family);
  const distance = from !== undefined && hasPlace(from) && hasPlace(facility) ? kilometres(from, facility) : undefined;
  const speaks = language === undefined || facility.languages.length === 0 ? undefined : facility.languages.includes(language);
  return { facility, distance, offers, missing, able, speaks, suits: offers && missing.length === 0 };
}

/** Those that suit first, then those that lack least, then the nearest; by name where nothing else tells them apart. */
export function ranked(facilities: readonly Facility[], needs: Needs): readonly Match[] {
  return facilities
    .map((facility) => matchOf(facility, needs))
    .toSorted(
      (a, b) =>
        Number(b.suits) - Number(a.suits) ||
        Number(b.offers) - Number(a.offers) ||
        a.missing.length - b.missing.length ||
        (a.distance ?? Infinity) - (b.distance ?? Infinity) ||
        a.facility.name.localeCompare(b.facility.name),
    );
}

export interface Filter {
  readonly text: string;
  readonly country: "" | "FR" | "DE";
  readonly family: string;
  /** Kilometres; 0 for any. */
  readonly within: number;
  readonly suiting: boolean;
}

export const noFilter: Filter = { text: "", country: "", family: "", within: 0, suiting: false };

/** Letters without accents, in lower case: `Münster` is found by `munster`. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Whether a facility is shown. */
export function passes({ facility, distance, suits }: Match, { text, country, family, within, suiting }: Filter): boolean {
  if (suiting && !suits) return false;
  if (country !== "" && facility.country !== country) return false;
  if (family !== "" && !facility.families.some((each) => each === family)) return false;
  if (within > 0 && (distance === undefined || distance > within)) return false;
  const words = plain(text).split(/\s+/).filter((word) => word !== "");
  const about = plain(`${facility.name} ${facility.city} ${facility.postcode}`);
  return words.every((word) => about.includes(word));
}
