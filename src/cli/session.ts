import { resolve } from "node:path";
import type { Diagnostic } from "../core/config/diagnostic.ts";
import { printDiagnostics } from "../core/config/print.ts";
import type { CliContext, Connection, Need } from "./context.ts";
import { CliError, EXIT, Interrupted, type ExitCode } from "./exit.ts";
import { colorsOf, paintPart, wantsColors, type Colors } from "./output/paint.ts";
import { safe } from "./output/text.ts";

export type GlobalOptions = { readonly json?: boolean; readonly color: boolean; readonly url?: string; readonly directory?: string };

/** One call of one command: where it prints, whom it asks, how it reaches the API. */
export class Session {
  readonly context: CliContext;
  readonly json: boolean;
  /** Colours for people on stdout; without any where it is no terminal. */
  readonly colors: Colors;
  readonly directory: string;
  readonly #globals: GlobalOptions;
  readonly #errorColors: Colors;
  #connection: Connection | null = null;

  constructor(context: CliContext, globals: GlobalOptions) {
    this.context = context;
    this.json = globals.json ?? false;
    this.#globals = globals;
    this.colors = colorsOf(!this.json && wantsColors(context.env, context.stdout.isTTY, globals.color));
    this.#errorColors = colorsOf(wantsColors(context.env, context.stderr.isTTY, globals.color));
    this.directory = resolve(context.cwd, globals.directory ?? ".");
  }

  get url(): string | null {
    return this.#globals.url ?? null;
  }

  /** Width to which tables are cut; null where nobody looks. */
  get width(): number | null {
    return this.context.stdout.isTTY ? this.context.stdout.columns : null;
  }

  /** The API. The first call decides how; later ones get the same. */
  async connect(need: Need, policyRef: string | null = null): Promise<Connection> {
    this.#connection ??= await this.context.connect({ need, directory: this.directory, url: this.url, policyRef });
    return this.#connection;
  }

  /** The API after it was lost: whoever has the store by now, which may be this process. */
  async reconnect(need: Need): Promise<Connection> {
    await this.close();
    return this.connect(need);
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  /** Data, on stdout. */
  print(text: string): void {
    this.context.stdout.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
  }

  printJson(value: unknown): void {
    this.context.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** What people want to know and programs do not: on stdout for them, out of the way of JSON else. */
  say(text: string): void {
    if (this.json) this.note(text);
    else this.print(text);
  }

  note(text: string): void {
    this.context.stderr.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  warn(message: string): void {
    this.note(`${this.#errorColors.yellow("warning:")} ${safe(message)}`);
  }

  diagnostics(diagnostics: readonly Diagnostic[], texts: (file: string) => string | null, colors = this.#errorColors): string {
    return printDiagnostics(diagnostics, texts, (part, text) => paintPart(part, text, colors));
  }

  /** Asks where a person can be asked; elsewhere, and with `--yes`, what was shown goes ahead. Rejects where the answer is no. */
  async confirm(question: string, yes: boolean | undefined): Promise<void> {
    if (yes || !this.context.interactive) return;
    const agreed = await this.context.confirm(question);
    if (agreed === null) throw new Interrupted("Interrupted: nothing was changed");
    if (!agreed) throw new CliError(EXIT.failed, "Nothing was changed");
  }

  /** What may take minutes, until Ctrl-C: then nobody waits for it any more. Rejects with `Interrupted`. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    const { interrupted } = this.context;
    const over = Promise.withResolvers<never>();
    const end = (): void => over.reject(new Interrupted("Interrupted: nothing was changed"));
    interrupted.addEventListener("abort", end);
    try {
      if (interrupted.aborted) end();
      return await Promise.race([over.promise, work]);
    } finally {
      interrupted.removeEventListener("abort", end);
    }
  }

  /** Says why a command ended, and how to go on. Returns its exit code. */
  fail(error: unknown): ExitCode {
    const colors = this.#errorColors;
    const debug = this.context.env["SLUICE_DEBUG"] === "1";
    if (!(error instanceof CliError)) {
      const message = error instanceof Error ? error.message : String(error);
      this.note(
        `${colors.red("error:")} ${safe(message) || "unknown"}. This should not happen: please report it, with what you did and version ${this.context.version}` +
          (debug ? "" : " (SLUICE_DEBUG=1 shows where)"),
      );
      if (debug && error instanceof Error) this.note(error.stack ?? "");
      return EXIT.failed;
    }
    this.note(`${colors.red("error:")} ${safe(error.message)}`);
    if (error.diagnostics.length > 0) this.note(this.diagnostics(error.diagnostics, () => null));
    if (error.hint) this.note(`${colors.cyan("hint:")} ${safe(error.hint)}`);
    if (debug && error.stack) this.note(error.stack);
    return error.exit;
  }
}
