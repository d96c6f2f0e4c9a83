// What people see. Nothing here knows of keys.
import { attempt, element, find, name, logIn, onSubmit, repeatedly, showPeople, timeOf, type Person } from "../kit/page.js";

export { logIn, name };

/** What there is to show. */
interface Content {
  /** Whether this person says who is let in. */
  readonly manages: boolean;
  /** How many comments are not what somebody on the list has written. */
  readonly broken: number;
  readonly people: readonly Person[];
  readonly comments: readonly { readonly author: string; readonly time: Date; readonly text: string }[];
}

/** What people can do. */
interface Actions {
  look(): Promise<void>;
  write(text: string): Promise<void>;
  letIn(name: string): Promise<void>;
  remove(user: string): Promise<void>;
}

let actions: Actions;
/** Looks again, after every look that is under way. */
export const look = repeatedly(() => actions.look());

export function start(given: Actions): void {
  actions = given;
  onSubmit("write", "text", given.write);
  onSubmit("let-in", "friend", (friend) => given.letIn(friend.toLowerCase()));
  find("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find<HTMLFormElement>("write").requestSubmit();
  });
  void look();
}

export function show({ manages, broken, people, comments }: Content): void {
  find("comments").replaceChildren(
    ...comments.map(({ author, time, text }) => element("li", "comment", element("p", "by", element("b", "", author), " ", timeOf(time)), element("p", "text", text))),
  );
  find("nothing").hidden = comments.length > 0;
  find("broken").hidden = broken === 0;
  find("broken").textContent = `${broken} more cannot be opened: changed on the way, or not sealed for this list.`;
  showPeople(people, manages, (user) => attempt(() => actions.remove(user)).then(look));
}
