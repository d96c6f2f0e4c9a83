import type {
  Catalogue,
  Choice,
  Field as FormField,
  Import,
  Move,
  CaseMove,
  CaseStateInfo,
  CareType,
  CareFamily,
  Country,
  Labels,
  Problem,
  Reason,
  RequestStateInfo,
  Section as FormSection,
  Side,
  Tone as RuleTone,
} from "../../generated/rules/rules.js";
import type { Tone } from "../../design";
import type { Answers, Value } from "./content";

export type { Catalogue, Choice, FormField, Import, Move, CaseMove, CaseStateInfo, CareType, Country, Problem, Reason, RequestStateInfo, FormSection, Side };
export type Stage = 1 | 2;

/** A code with its words. */
export interface Coded {
  readonly code: string;
  readonly labels: Labels;
}

/** The functions of the compiled rules that pages ask. */
export interface Engine {
  checkForm(stage: number, answers: string): Problem[];
  capabilitiesNeeded(answers: string): string[];
  importBundle(bytes: Uint8Array, now: number): Import;
}

function byCode<T extends Coded>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.code, row]));
}

/** A code that this version of the rules does not know stands for itself. */
function itself(code: string): Coded {
  return { code, labels: { en: code, fr: code, de: code } };
}

const TONES: Readonly<Record<RuleTone, Tone>> = { neutral: "neutral", active: "progress", attention: "wait", positive: "good", negative: "bad", muted: "neutral" };

/** The rules, looked up by code. */
export class Rules {
  readonly catalogue: Catalogue;
  readonly #engine: Engine;
  readonly #caseStates: ReadonlyMap<string, CaseStateInfo>;
  readonly #requestStates: ReadonlyMap<string, RequestStateInfo>;
  readonly #reasons: ReadonlyMap<string, Reason>;
  readonly #careTypes: ReadonlyMap<string, CareType>;
  readonly #fields: ReadonlyMap<string, FormField>;

  constructor(catalogue: Catalogue, engine: Engine) {
    this.catalogue = catalogue;
    this.#engine = engine;
    this.#caseStates = byCode(catalogue.caseStates);
    this.#requestStates = byCode(catalogue.requestStates);
    this.#reasons = byCode(catalogue.reasons);
    this.#careTypes = byCode(catalogue.careTypes);
    this.#fields = new Map(catalogue.fields.map((field) => [field.id, field]));
  }

  caseState(code: string): Omit<CaseStateInfo, "code"> {
    return this.#caseStates.get(code) ?? { ...itself(code), tone: "neutral", final: false, asks: false };
  }

  requestState(code: string): Pick<RequestStateInfo, "labels" | "tone" | "final" | "open" | "access"> {
    return this.#requestStates.get(code) ?? { ...itself(code), tone: "neutral", final: false, open: false, access: "nothing" };
  }

  reason(code: string): Coded & { readonly group?: string } {
    return this.#reasons.get(code) ?? itself(code);
  }

  /** Reasons that a side may give, in their groups. */
  reasons(side: Side): readonly { readonly group: Coded; readonly reasons: readonly Reason[] }[] {
    return this.catalogue.reasonGroups.flatMap((group) => {
      const reasons = this.catalogue.reasons.filter((reason) => reason.group === group.code && reason.sides.includes(side));
      return reasons.length === 0 ? [] : [{ group, reasons }];
    });
  }

  /** The groups of reasons, each once: what the server learns of them. */
  groupsOf(codes: readonly string[]): string[] {
    return [...new Set(codes.flatMap((code) => this.#reasons.get(code)?.group ?? []))];
  }

  careType(code: string): Coded {
    return this.#careTypes.get(code) ?? itself(code);
  }

  familyOf(careType: unknown): CareFamily | undefined {
    return typeof careType === "string" ? this.#careTypes.get(careType)?.family : undefined;
  }

  family(code: string): Coded {
    return this.catalogue.families.find((family) => family.code === code) ?? itself(code);
  }

  urgency(code: string): Coded {
    return this.catalogue.urgencies.find((urgency) => urgency.code === code) ?? itself(code);
  }

  capability(code: string): Coded {
    return this.catalogue.capabilities.find((capability) => capability.code === code) ?? itself(code);
  }

  field(id: string): FormField | undefined {
    return this.#fields.get(id);
  }

  /** Moves of a request that a side has from a state; with a button, unless `automatic` is wanted. */
  moves(from: string, side: Side): readonly Move[] {
    return this.catalogue.moves.filter((move) => move.from === from && move.side === side && !move.automatic);
  }

  /** Moves of a case that its sender has from a state. */
  caseMoves(from: string): readonly CaseMove[] {
    return this.catalogue.caseMoves.filter((move) => move.from === from && move.side === "sender" && !move.automatic);
  }

  /** The sections of a stage with the fields that are asked in a country, given the other answers. */
  form(stage: Stage, answers: Answers, country?: Country): readonly { readonly section: FormSection; readonly fields: readonly FormField[] }[] {
    return this.catalogue.sections.flatMap((section) => {
      const fields = this.catalogue.fields.filter((field) => field.stage === stage && field.section === section.id && this.isAsked(field, answers, country));
      return section.stage !== stage || fields.length === 0 ? [] : [{ section, fields }];
    });
  }

  /** Whether a field is asked. What was answered is shown in any case. */
  isAsked(field: FormField, answers: Answers, country?: Country): boolean {
    if (isAnswered(answers[field.id])) return true;
    const { countries, families, when } = field;
    const family = this.familyOf(answers["careType"]);
    if (countries.length > 0 && country !== undefined && !countries.includes(country)) return false;
    if (families.length > 0 && (family === undefined || !families.includes(family))) return false;
    return when === null || when.codes.some((code) => holds(answers[when.field], code));
  }

  problem(code: string): Coded {
    return this.catalogue.problems.find((problem) => problem.code === code) ?? itself(code);
  }

  /** Why a bundle was refused, or what of it was left out. */
  importNote(code: string): Coded {
    const { importRefusals, importWarnings } = this.catalogue;
    return importRefusals.find((note) => note.code === code) ?? importWarnings.find((note) => note.code === code) ?? itself(code);
  }

  /** What is missing or wrong. */
  check(stage: Stage, answers: Answers): readonly Problem[] {
    return this.#engine.checkForm(stage, JSON.stringify(answers));
  }

  /** What a facility must be able to do for these answers: codes of capabilities. */
  capabilitiesNeeded(answers: Answers): readonly string[] {
    return this.#engine.capabilitiesNeeded(JSON.stringify(answers));
  }

  /** Reads a FHIR bundle, in this page. Throws {@link ImportError}. */
  importBundle(bytes: Uint8Array, now = Date.now()): Import {
    try {
      return this.#engine.importBundle(bytes, now);
    } catch (thrown) {
      throw new ImportError(codeOf(thrown));
    }
  }
}

/** How a tone of the rules looks. */
export function toneOf(info: { readonly tone: RuleTone }): Tone {
  return TONES[info.tone];
}

/** Whether there is an answer: an empty text or list is none. */
export function isAnswered(value: Value | undefined): boolean {
  if (value === undefined) return false;
  if (typeof value === "string") return value.trim() !== "";
  return typeof value === "object" ? value.length > 0 : true;
}

/** Whether an answer is a code, or holds it among others. */
export function holds(value: Value | undefined, code: string): boolean {
  return value === code || (typeof value === "object" && value.includes(code));
}

/** Why a file could not be read as a bundle. */
export class ImportError extends Error {
  override readonly name = "ImportError";
  readonly code: string;

  constructor(code: string) {
    super(`the bundle was refused: ${code}`);
    this.code = code;
  }
}

function codeOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string") return thrown.code;
  return thrown instanceof Error ? thrown.message : "unknown";
}
