// What people see. Nothing here knows of keys.
import { attempt, element, fail, find, logIn, onSubmit, repeatedly, showPeople, timeOf, type Person } from "../kit/page.js";

import type { Waiting } from "./outbox.js";

export { logIn };

/** Is told how far a file is, in bytes. */
export type Progress = (what: string, done: number, all: number) => void;

/** A file that the server has whole. */
interface Stored {
  readonly address: string;
  readonly name: string;
  readonly size: number;
  readonly author: string;
  readonly time: Date;
}

/** What there is to show. */
interface Content {
  /** Whether this person says who is let in. */
  readonly manages: boolean;
  /** How many files are not what somebody on the list has sealed. */
  readonly broken: number;
  readonly people: readonly Person[];
  readonly files: readonly Stored[];
}

/** What people can do. */
interface Actions {
  look(): Promise<void>;
  add(file: File, signal: AbortSignal, progress: Progress): Promise<void>;
  send(waiting: Waiting, signal: AbortSignal, progress: Progress): Promise<void>;
  waiting(): Promise<Waiting[]>;
  save(address: string): Promise<Blob>;
  /** The beginning of a file. */
  glance(address: string): Promise<Uint8Array>;
  remove(address: string): Promise<void>;
  letIn(name: string): Promise<void>;
  shutOut(user: string): Promise<void>;
}

let actions: Actions;
/** Looks again, after every look that is under way. */
export const look = repeatedly(() => actions.look());

export function start(given: Actions): void {
  actions = given;
  const input = find<HTMLInputElement>("files");
  input.addEventListener("change", () => {
    addAll(input.files);
    input.value = "";
  });
  const zone = find("drop");
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    addAll(event.dataTransfer?.files);
  });
  onSubmit("let-in", "friend", (friend) => given.letIn(friend.toLowerCase()));
  void look();
  // What an earlier page could not finish.
  void attempt(async () => {
    for (const waiting of await given.waiting()) void transfer(waiting.name, (signal, progress) => given.send(waiting, signal, progress));
  });
}

function addAll(files: FileList | null | undefined): void {
  for (const file of files ?? []) void transfer(file.name, (signal, progress) => actions.add(file, signal, progress));
}

/** Shows a file on its way, with a button that stops it. */
async function transfer(name: string, work: (signal: AbortSignal, progress: Progress) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const state = element("small", "", "Waiting");
  const bar = element("progress", "");
  bar.setAttribute("aria-label", name);
  const cancel = element("button", "quiet", "Cancel");
  cancel.setAttribute("aria-label", `Cancel ${name}`);
  cancel.addEventListener("click", () => stop.abort());
  const row = element("li", "transfer", element("b", "name", name), state, cancel, bar);
  find("transfers").append(row);
  try {
    await work(stop.signal, (what, done, all) => {
      bar.max = Math.max(all, 1);
      bar.value = done;
      state.textContent = `${what}: ${sizeOf(done)} of ${sizeOf(all)}`;
    });
    await look();
  } catch (error) {
    if (!stop.signal.aborted) fail(error);
  }
  row.remove();
}

function sizeOf(bytes: number): string {
  const [value, unit] = bytes < 1000 ? [bytes, "byte"] : bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : bytes < 1e9 ? [bytes / 1e6, "megabyte"] : [bytes / 1e9, "gigabyte"];
  return new Intl.NumberFormat(undefined, { style: "unit", unit: unit as string, maximumFractionDigits: 1 }).format(value as number);
}

function button(label: string, file: string, work: () => Promise<void>): HTMLElement {
  const made = element("button", "quiet", label);
  made.setAttribute("aria-label", `${label} ${file}`);
  made.addEventListener("click", () => {
    made.disabled = true;
    void attempt(work).finally(() => {
      made.disabled = false;
    });
  });
  return made;
}

/** What is at the beginning of a file, if that is text. */
function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replace(/\uFFFD$/, "");
  return /[\u0000-\u0008\uFFFD]/.test(text) ? "This file is not text." : text;
}

export function show({ manages, broken, people, files }: Content): void {
  find("stored").replaceChildren(
    ...files.map(({ address, name, size, author, time }) => {
      const glance = element("pre", "glance");
      glance.hidden = true;
      // Long lines are scrolled by the keyboard too.
      glance.tabIndex = 0;
      glance.setAttribute("role", "region");
      glance.setAttribute("aria-label", `The beginning of ${name}`);
      const open = async () => {
        glance.textContent = textOf(await actions.glance(address));
        glance.hidden = false;
      };
      const save = async () => {
        const link = element("a", "");
        link.href = URL.createObjectURL(await actions.save(address));
        link.download = name;
        link.click();
        // The browser has taken the file by then.
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      };
      const actionsOf = element("span", "actions", button("Glance", name, open), button("Save", name, save), button("Delete", name, () => actions.remove(address)));
      return element("li", "file", element("b", "name", name), element("small", "", `${sizeOf(size)}, ${author}, `, timeOf(time)), actionsOf, glance);
    }),
  );
  find("nothing").hidden = files.length > 0;
  find("broken").hidden = broken === 0;
  find("broken").textContent = `${broken} more cannot be opened: changed on the way, or not sealed for this list.`;
  showPeople(people, manages, (user) => attempt(() => actions.shutOut(user)).then(look));
}
