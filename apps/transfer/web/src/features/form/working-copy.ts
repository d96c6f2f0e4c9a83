import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { CareFamily, CaseRecord, CaseUpdate, Urgency } from "../../api";
import { changeCase, useContent, useWard, type WorkingCopy } from "../../ward";
import { readContent, type Answers, type Read, type Value } from "../content/content";
import type { Rules } from "../content/rules";

/** Milliseconds of quiet after which what was typed is sealed and saved. */
const QUIET = 1_000;
/** Milliseconds until a save that failed is tried again. */
const AGAIN = 5_000;

/** What was typed and is not saved yet: `null` takes an answer back. */
export interface Edits {
  readonly answers: Readonly<Record<string, Value | null>>;
  readonly notes?: string;
}

export const noEdits: Edits = { answers: {} };

export function hasEdits(edits: Edits): boolean {
  return edits.notes !== undefined || Object.keys(edits.answers).length > 0;
}

/** Answers with edits on top. */
export function edited(answers: Answers, edits: Edits): Answers {
  const next: Record<string, Value> = { ...answers };
  for (const [field, value] of Object.entries(edits.answers)) {
    if (value === null) delete next[field];
    else next[field] = value;
  }
  return next;
}

/** What is left of edits once `saved` is kept: what was typed meanwhile. */
export function without(edits: Edits, saved: Edits): Edits {
  const answers = Object.fromEntries(Object.entries(edits.answers).filter(([field, value]) => saved.answers[field] !== value));
  return edits.notes === undefined || edits.notes === saved.notes ? { answers } : { answers, notes: edits.notes };
}

/** What the server has to know of edits in clear: the urgency, and the coarse family of care. */
export function inClear(rules: Rules, edits: Edits): Pick<CaseUpdate, "urgency" | "family"> {
  const { urgency, careType } = edits.answers;
  const family = rules.familyOf(careType);
  return {
    ...(typeof urgency === "string" ? { urgency: urgency as Urgency } : {}),
    ...(family === undefined ? {} : { family: family as CareFamily }),
  };
}

export type SaveState = "saved" | "pending" | "saving" | "failed";

export interface Editing {
  /** `undefined` until it is opened. */
  readonly copy: Read | undefined;
  /** Why it could not be opened. */
  readonly error: unknown;
  readonly answer: (field: string, value: Value | undefined) => void;
  readonly setNotes: (notes: string) => void;
  readonly state: SaveState;
  /** Why it could not be saved; it is tried again. */
  readonly failure: unknown;
  /** Saves what is not saved yet, and throws when that fails. */
  readonly save: () => Promise<void>;
}

/** A case's working copy: opened here, changed here, sealed and saved a moment after each change. */
export function useWorkingCopy(record: CaseRecord | undefined, rules: Rules): Editing {
  const { ward } = useWard();
  const client = useQueryClient();
  const opened = useContent(record?.sealed, record?.session, "case");
  const [base, setBase] = useState<Read>();
  const [edits, setEdits] = useState<Edits>(noEdits);
  const [state, setState] = useState<SaveState>("saved");
  const [failure, setFailure] = useState<unknown>();
  const pending = useRef(noEdits);
  const saving = useRef<Promise<void>>(undefined);
  const id = record?.id;

  // The newest version, by whomever. While it is fetched the one before stays in sight.
  useEffect(() => {
    if (opened.data !== undefined) setBase(readContent(opened.data.content));
  }, [opened.data]);

  const change = useCallback((next: Edits): void => {
    pending.current = next;
    setEdits(next);
    setState((before) => (before === "saving" ? before : hasEdits(next) ? "pending" : "saved"));
  }, []);

  const save = useCallback((): Promise<void> => {
    if (saving.current !== undefined) return saving.current.then(() => (hasEdits(pending.current) ? save() : undefined));
    const now = pending.current;
    if (id === undefined || !hasEdits(now)) return Promise.resolve();
    const apply = (copy: WorkingCopy): WorkingCopy => ({
      ...copy,
      answers: edited(readContent(copy).answers, now),
      ...(now.notes === undefined ? {} : { notes: now.notes }),
    });
    setState("saving");
    saving.current = changeCase(ward, client, id, apply, inClear(rules, now))
      .then(
        () => {
          setBase((before) => (before === undefined ? before : { ...before, answers: edited(before.answers, now), notes: now.notes ?? before.notes }));
          pending.current = without(pending.current, now);
          setEdits(pending.current);
          setFailure(undefined);
          setState(hasEdits(pending.current) ? "pending" : "saved");
        },
        (error: unknown) => {
          setFailure(error);
          setState("failed");
          throw error;
        },
      )
      .finally(() => {
        saving.current = undefined;
      });
    return saving.current;
  }, [ward, client, id, rules]);

  useEffect(() => {
    if (state !== "pending" && state !== "failed") return;
    // A failure is shown; here it only means to try again.
    const timer = setTimeout(() => void save().catch(() => undefined), state === "failed" ? AGAIN : QUIET);
    return () => clearTimeout(timer);
  }, [state, edits, save]);

  // What was typed last is saved when somebody goes elsewhere, and the browser asks before the page is closed on it.
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (hasEdits(pending.current)) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => {
      removeEventListener("beforeunload", ask);
      void latest.current().catch(() => undefined);
    };
  }, []);

  const answer = useCallback((field: string, value: Value | undefined) => change({ ...pending.current, answers: { ...pending.current.answers, [field]: value ?? null } }), [change]);
  const setNotes = useCallback((notes: string) => change({ ...pending.current, notes }), [change]);
  const copy = useMemo(() => (base === undefined ? undefined : { ...base, answers: edited(base.answers, edits), notes: edits.notes ?? base.notes }), [base, edits]);
  return { copy, error: opened.error, answer, setNotes, state, failure, save };
}
