import { AlarmClock } from "lucide-react";
import { useSyncExternalStore } from "react";

import { useI18n } from "../i18n/context";
import { Tag, type Tone } from "./surfaces";

/** Milliseconds between two looks at the clock. */
const TICK = 15_000;

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const each of listeners) each();
    }, TICK);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** The time in milliseconds, a few times a minute. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** A time: how long ago in words, with the whole date for whoever points at it. */
export function Clock({ at, exact = false }: { readonly at: number; readonly exact?: boolean }) {
  const { format } = useI18n();
  const current = useNow();
  const whole = format.dateTime(at);
  return (
    <time dateTime={new Date(at).toISOString()} title={whole} className="nowrap">
      {exact ? whole : format.relative(at, current)}
    </time>
  );
}

/** Milliseconds before a deadline from which it is shown as pressing. */
const PRESSING = 60 * 60_000;

export interface DeadlineProps {
  readonly at: number;
  /** Since when the clock stands still, if it does. */
  readonly pausedSince?: number | null;
}

/** When an answer is due, how long that still is, and whether the clock stands still. */
export function Deadline({ at, pausedSince = null }: DeadlineProps) {
  const { t, format } = useI18n();
  const current = useNow();
  if (pausedSince !== null) {
    return (
      <Tag tone="neutral" icon={<AlarmClock size={13} aria-hidden="true" />}>
        {t("common.clockPaused")}
      </Tag>
    );
  }
  const left = at - current;
  const tone: Tone = left < 0 ? "bad" : left < PRESSING ? "wait" : "neutral";
  return (
    <Tag tone={tone} icon={<AlarmClock size={13} aria-hidden="true" />}>
      <time dateTime={new Date(at).toISOString()} title={format.dateTime(at)}>
        {left < 0 ? t("common.overdue", { since: format.relative(at, current) }) : t("common.due", { when: format.relative(at, current) })}
      </time>
    </Tag>
  );
}
