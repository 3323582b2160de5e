/** A workflow as data, in the order in which it is written. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value | undefined } | Noted;

/** A value with a comment for who reads the file. */
export class Noted {
  readonly value: string | number | boolean;
  readonly note: string;
  constructor(value: string | number | boolean, note: string) {
    this.value = value;
    this.note = note;
  }
}

export type Fields = { readonly [key: string]: Value | undefined };

/** A job; what is undefined is left out. */
export type Job = {
  readonly name: string;
  /** Written above the job. */
  readonly about?: string;
  readonly needs?: readonly string[];
  /** An expression without its braces. */
  readonly if?: string;
  readonly strategy?: Fields;
  readonly environment?: string;
  readonly concurrency?: Fields;
  readonly permissions: Permissions;
  readonly outputs?: Fields;
} & (
  | { readonly minutes: number; readonly steps: readonly Fields[] }
  | { readonly uses: string; readonly with: Fields; readonly secrets?: Fields }
);

type Level = "read" | "write";
export type Scope = "actions" | "contents" | "deployments" | "id-token" | "packages";
/** Each with what it is for. */
export type Permissions = { readonly [S in Scope]?: readonly [level: Level, why: string] };

export type Workflow = {
  readonly name: string;
  readonly runName?: string;
  readonly on: Fields;
  readonly jobs: Readonly<Record<string, Job>>;
};

/** An expression of GitHub's. */
export const expression = (text: string): string => `\${{ ${text} }}`;

/** One member of a mapping, whatever its key is: `eu-1` and `1` cannot follow a dot. */
export const member = (of: string, key: string): string => `${of}['${key}']`;

/** Every lock queues, and nothing is ended for who comes later. */
export const lock = (group: string): Fields => ({ group, queue: "max" });

/** A name where GitHub takes patterns: its special characters stand for themselves. */
export const literal = (name: string): string => name.replaceAll(/[[\]?+!*]/g, "\\$&");
