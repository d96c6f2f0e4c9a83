/** Dates, times and quantities as a language writes them. */
export interface Format {
  /** `24/12/2026`, of milliseconds or of `2026-12-24`. */
  date(at: number | string): string;
  /** `Thu 24 Dec`. */
  day(at: number | string): string;
  /** `24/12/2026, 14:05`. */
  dateTime(at: number): string;
  /** `14:05`. */
  time(at: number): string;
  /** `in 3 hours`, `5 minutes ago`. */
  relative(at: number, now: number): string;
  number(value: number): string;
  /** `12.4 MB`. */
  bytes(value: number): string;
  /** `a, b and c`. */
  list(parts: readonly string[]): string;
}

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, milliseconds: number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** A day without a time is the same day everywhere. */
function dateOf(at: number | string): { date: Date; zone: string | undefined } {
  return typeof at === "number" ? { date: new Date(at), zone: undefined } : { date: new Date(`${at.slice(0, 10)}T00:00:00Z`), zone: "UTC" };
}

function shown(at: number | string, locale: string, options: Intl.DateTimeFormatOptions): string {
  const { date, zone } = dateOf(at);
  if (Number.isNaN(date.getTime())) return "";
  return new Intl.DateTimeFormat(locale, zone === undefined ? options : { ...options, timeZone: zone }).format(date);
}

/** The ways of writing of a locale. */
export function formatOf(locale: string): Format {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const number = new Intl.NumberFormat(locale);
  return {
    date: (at) => shown(at, locale, { day: "2-digit", month: "2-digit", year: "numeric" }),
    day: (at) => shown(at, locale, { weekday: "short", day: "numeric", month: "short" }),
    dateTime: (at) => shown(at, locale, { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" }),
    time: (at) => shown(at, locale, { hour: "2-digit", minute: "2-digit" }),
    relative(at, now) {
      const difference = at - now;
      for (const [unit, length] of STEPS) {
        if (Math.abs(difference) >= length) return relative.format(Math.trunc(difference / length), unit);
      }
      return relative.format(0, "minute");
    },
    number: (value) => number.format(value),
    bytes(value) {
      const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
      let rest = value;
      let at = 0;
      while (rest >= 1000 && at < units.length - 1) {
        rest /= 1000;
        at++;
      }
      const unit = units[at] ?? "byte";
      return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: at === 0 ? "long" : "short", maximumFractionDigits: rest < 10 && at > 0 ? 1 : 0 }).format(rest);
    },
    list: (parts) => new Intl.ListFormat(locale, { type: "conjunction" }).format(parts),
  };
}
