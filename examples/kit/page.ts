// What the pages of the examples have in common: a login, forms, sentences for errors, and the list of people. Nothing here knows of keys.

export const find = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;

/** Makes an element. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, kind: string, ...content: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = kind;
  made.append(...content);
  return made;
}

/** When something was, in the language of the browser. */
export function timeOf(time: Date): HTMLElement {
  const made = element("time", "", new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(time));
  made.dateTime = time.toISOString();
  return made;
}

/** One of: login, waiting, failed, outside, inside. The style sheet shows what belongs to it. */
export function enter(state: string): void {
  document.body.dataset["state"] = state;
}

/** Errors that have a sentence of the page's own. Every other one has a message. */
const SENTENCES: Readonly<Record<string, string>> = {
  name_taken: "This name is somebody's in another browser. Leave, and take another.",
  unknown_name: "Nobody has logged in by this name yet.",
};

/** What an error says to people. */
export function sentence(error: { code?: string; message: string }): string {
  const text = SENTENCES[error.code ?? ""] ?? error.message;
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".");
}

/** Says what went wrong. Whoever is not let in sees what to do instead. */
export function fail(thrown: unknown): void {
  const error = thrown as { code?: string; message: string };
  if (error.code === "no_access") return enter("outside");
  find("error").textContent = sentence(error);
  if (document.body.dataset["state"] === "waiting") enter("failed");
}

/** Runs `work`; what goes wrong is said in the page. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    find("error").textContent = "";
  } catch (error) {
    fail(error);
  }
}

/** Calls `work` with the text of a form's field whenever it is submitted. */
export function onSubmit(form: string, field: string, work: (text: string) => Promise<void>): void {
  find(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const input = find<HTMLInputElement>(field);
    const button = find(form).querySelector("button")!;
    const text = input.value.trim();
    if (text === "" || button.disabled) return;
    button.disabled = true;
    const done = attempt(async () => {
      await work(text);
      input.value = "";
    });
    void done.finally(() => {
      button.disabled = false;
    });
  });
}

/** Who is logged in in this tab: two tabs can be two people. */
export const name = () => sessionStorage.getItem("name") ?? "";

/** Asks for a name, unless this tab has one. */
export async function logIn(): Promise<string> {
  addEventListener("error", ({ error }) => fail(error));
  find("leave").addEventListener("click", () => {
    sessionStorage.clear();
    location.reload();
  });
  if (name() === "") {
    enter("login");
    find("name").focus();
    await new Promise<void>((resolve) => {
      onSubmit("login", "name", async (given) => {
        sessionStorage.setItem("name", given.toLowerCase());
        resolve();
      });
    });
  }
  find("me").textContent = name();
  enter("waiting");
  return name();
}

/** Somebody on the list. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly mine: boolean;
}

/** Shows who is on the list. Whoever manages it can remove the others. */
export function showPeople(people: readonly Person[], manages: boolean, remove: (user: string) => Promise<void>): void {
  find("let-in").hidden = !manages;
  const sorted = [...people].sort((a, b) => Number(b.mine) - Number(a.mine) || a.name.localeCompare(b.name));
  find("people").replaceChildren(
    ...sorted.map(({ id, name, mine }) => {
      const person = element("li", "person", element("span", "", mine ? `${name} (you)` : name));
      if (manages && !mine) {
        const button = element("button", "quiet", "Remove");
        button.setAttribute("aria-label", `Remove ${name}`);
        button.addEventListener("click", () => {
          button.disabled = true;
          void attempt(() => remove(id)).finally(() => {
            button.disabled = false;
          });
        });
        person.append(button);
      }
      return person;
    }),
  );
  enter("inside");
}

/** Gives a function that runs `look`, one run after the other, and says what goes wrong. */
export function repeatedly(look: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => attempt(look));
    return last;
  };
}
