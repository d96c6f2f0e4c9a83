// What people see. Nothing here knows of keys.

/** What there is to show. */
interface Content {
  /** Whether this person says who is let in. */
  readonly manages: boolean;
  readonly people: readonly { readonly id: string; readonly name: string; readonly mine: boolean }[];
  readonly comments: readonly { readonly author: string; readonly time: Date; readonly text: string }[];
}

/** What people can do. */
interface Actions {
  look(): Promise<void>;
  write(text: string): Promise<void>;
  letIn(name: string): Promise<void>;
  remove(user: string): Promise<void>;
}

const find = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** One of: login, waiting, failed, outside, inside. The style sheet shows what belongs to it. */
function enter(state: string): void {
  document.body.dataset["state"] = state;
}

/** Errors that have a sentence of this page's own. Every other one has a message. */
const SENTENCES: Readonly<Record<string, string>> = {
  name_taken: "This name is somebody's in another browser. Leave, and take another.",
  unknown_name: "Nobody has logged in by this name yet.",
};

/** Says what went wrong. Whoever is not let in sees what to do instead. */
function fail(error: unknown): void {
  const { code = "", message } = error as { code?: string; message: string };
  if (code === "no_access") return enter("outside");
  const text = SENTENCES[code] ?? message;
  find("error").textContent = text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".");
  if (document.body.dataset["state"] === "waiting") enter("failed");
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    find("error").textContent = "";
  } catch (error) {
    fail(error);
  }
}

/** Calls `work` with the text of a form's field whenever it is submitted. */
function onSubmit(form: string, field: string, work: (text: string) => Promise<void>): void {
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

let actions: Actions;
let looking: Promise<void> = Promise.resolve();

/** Looks again, after every look that is under way. */
export function look(): Promise<void> {
  looking = looking.then(() => attempt(actions.look));
  return looking;
}

export function start(given: Actions): void {
  actions = given;
  onSubmit("write", "text", given.write);
  onSubmit("let-in", "friend", (friend) => given.letIn(friend.toLowerCase()));
  find("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find<HTMLFormElement>("write").requestSubmit();
  });
  void look();
}

function element(tag: string, kind: string, ...content: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  made.className = kind;
  made.append(...content);
  return made;
}

export function show({ manages, people, comments }: Content): void {
  find("comments").replaceChildren(
    ...comments.map(({ author, time, text }) => {
      const stamp = element("time", "", when.format(time));
      stamp.setAttribute("datetime", time.toISOString());
      return element("li", "comment", element("p", "by", element("b", "", author), " ", stamp), element("p", "text", text));
    }),
  );
  find("nothing").hidden = comments.length > 0;
  find("let-in").hidden = !manages;
  find("people").replaceChildren(
    ...people.map(({ id, name, mine }) => {
      const person = element("li", "person", element("span", "", mine ? `${name} (you)` : name));
      if (manages && !mine) {
        const remove = element("button", "quiet", "Remove") as HTMLButtonElement;
        remove.setAttribute("aria-label", `Remove ${name}`);
        remove.addEventListener("click", () => {
          remove.disabled = true;
          void attempt(() => actions.remove(id)).finally(look);
        });
        person.append(remove);
      }
      return person;
    }),
  );
  enter("inside");
}
