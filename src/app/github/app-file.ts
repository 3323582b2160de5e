import { lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CliError, EXIT } from "../../cli/exit.ts";
import { readText, writeDurably } from "../../host/files.ts";

const place = {
  /** Where GitHub's pages are. */
  server: z.url(),
  /** `owner/name` */
  repository: z.string(),
  /** Where its webhook was led to; null: it was made without one. */
  publicUrl: z.string().nullable(),
};
const storedApp = z.object({
  kind: z.literal("app"),
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  /** Its page. */
  url: z.url(),
  owner: z.object({ login: z.string(), isOrganization: z.boolean() }),
  privateKey: z.string(),
  webhookSecret: z.string().nullable(),
  ...place,
});
/** A code that was not exchanged yet: it is good for an hour, and once. `at`: milliseconds since 1970. */
const givenCode = z.object({
  kind: z.literal("code"),
  code: z.string(),
  at: z.number(),
  owner: z.object({ login: z.string(), isOrganization: z.boolean() }),
  ...place,
});

export type StoredApp = z.infer<typeof storedApp>;
export type GivenCode = z.infer<typeof givenCode>;

const FILE = "github-app.json";
const NEXT = "github-app.new.json";

/** The App that `sluice github connect` has made, beside the store: the one that is used, and one that is on its way to be. Secrets, for this user alone. */
export class AppFiles {
  readonly path: string;
  readonly #next: string;

  constructor(home: string) {
    this.path = join(home, FILE);
    this.#next = join(home, NEXT);
  }

  /** null: none. Throws a `CliError` where others could have read or written it. */
  used = (): StoredApp | null => read(this.path, storedApp);

  next = (): StoredApp | GivenCode | null => read(this.#next, z.discriminatedUnion("kind", [storedApp, givenCode]));

  /** On the disk when it returns: a code is exchanged once. */
  keepNext(next: StoredApp | GivenCode): void {
    writeDurably(this.#next, `${JSON.stringify(next, null, 2)}\n`);
  }

  keepUsed(app: StoredApp): void {
    writeDurably(this.path, `${JSON.stringify(app, null, 2)}\n`);
  }

  dropNext(): void {
    rmSync(this.#next, { force: true });
  }

  drop(): void {
    for (const path of [this.path, this.#next]) rmSync(path, { force: true });
  }
}

function read<T>(path: string, schema: z.ZodType<T>): T | null {
  refuseShared(path);
  const text = readText(path);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Neither the text nor what is wrong in it: there are secrets in it.
    throw new CliError(EXIT.failed, `${path} is not what sluice github connect writes`, "Remove it, and connect again");
  }
}

/** A key that others can read is theirs as well, and what they can write is not believed. */
function refuseShared(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isFile()) throw new CliError(EXIT.failed, `${path} is no file`, "Remove it, and connect again");
  const user = process.getuid?.();
  if (user === undefined) return; // Windows: the profile's own access rules hold
  if (stat.uid !== user)
    throw new CliError(EXIT.failed, `${path} belongs to another user`, "Run this as its owner, or connect again as yourself");
  if ((stat.mode & 0o077) !== 0)
    throw new CliError(
      EXIT.failed,
      `Other users can reach ${path}, and an App's private key is in it`,
      `chmod 600 '${path}'; where others use this machine, make another App: sluice github connect --again`,
    );
}
