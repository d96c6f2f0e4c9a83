/** What is sealed, and for whom. The server sees none of it. */
import type { RequestState } from "../api/types";

/** The answer to one question of the form. */
export type Answer = string | number | boolean | readonly string[] | null;
/** Answers by the identifier of the field, as the rules have them. */
export type Answers = Readonly<Record<string, Answer>>;

/** A document of a case, as its sender and those to whom it was disclosed see it. */
export interface DocumentEntry {
  readonly blob: string;
  readonly name: string;
  /** Media type, as the sender's machine has it. */
  readonly type: string;
  /** Bytes of content. */
  readonly size: number;
  /** When it was added, in milliseconds since 1970. */
  readonly added: number;
}

/** C: the sender's working copy of the whole form. */
export interface WorkingCopy {
  readonly kind: "case";
  readonly answers: Answers;
  /** For the sender's own team. */
  readonly notes: string;
  readonly documents: readonly DocumentEntry[];
}

/** S1: what a facility sees when it is asked. Without a name. */
export interface StageOne {
  readonly kind: "stage1";
  readonly answers: Answers;
}

/** S2: the full record, when it was disclosed. */
export interface StageTwo {
  readonly kind: "stage2";
  readonly answers: Answers;
  readonly documents: readonly DocumentEntry[];
}

/** In S1: what comes with a move, from either side. */
export interface SealedAnswer {
  readonly kind: "answer";
  readonly state: RequestState;
  /** Codes of reasons, the first is the main one. */
  readonly reasons?: readonly string[];
  /** Offered: the day, `2026-12-24`. */
  readonly date?: string;
  readonly conditions?: string;
  readonly question?: string;
  readonly text?: string;
}

export type Content = WorkingCopy | StageOne | StageTwo | SealedAnswer;
