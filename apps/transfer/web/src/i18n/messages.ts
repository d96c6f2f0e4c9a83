/** Words that change with a number `{n}`: `one` and `other` are what English, French and German need. */
export interface Plural {
  readonly one: string;
  readonly other: string;
}

/** A sentence with `{names}` in it, or the forms of one that counts `{n}`. */
export type Message = string | Plural;

export type Messages = Readonly<Record<string, Message>>;

/** What a translation has to have: each key of the English, in the same form. A missing key fails the build. */
export type Translation<M extends Messages> = { readonly [K in keyof M]: M[K] extends string ? string : Plural };

type NamesIn<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** The `{names}` that a message wants. */
export type Names<M extends Message> = M extends string ? NamesIn<M> : M extends { readonly other: infer O extends string } ? "n" | NamesIn<O> : never;

/** The arguments of `t` for a message: none, or one value for each name. */
export type Values<M extends Message> = [Names<M>] extends [never] ? [] : [values: { readonly [N in Names<M>]: N extends "n" ? number : string | number }];

/** A message with its values, in a language. */
export function fill(message: Message, values: Readonly<Record<string, string | number>>, locale: string): string {
  const text = typeof message === "string" ? message : message[formOf(values["n"], locale)];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(locale) : (value ?? "");
  });
}

/** French has one further form for millions, which reads as `other` here. */
function formOf(count: string | number | undefined, locale: string): keyof Plural {
  return new Intl.PluralRules(locale).select(Number(count)) === "one" ? "one" : "other";
}
