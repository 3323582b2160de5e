import type { AdapterSchema, CommitId, Digest, JsonObject, TargetId } from "../../core/config/config.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { Observed } from "../../core/run/events.ts";

/** Brings one target to one artifact. Runs inside an attempt's process, where it may be killed at any moment; so each act is idempotent and carries the attempt's id to whatever it touches. */
export interface Driver {
  readonly name: string;
  readonly schema: AdapterSchema;
  readonly capabilities: {
    /** Can say what is live; without it, a lost attempt ends `errored` and a person settles it. */
    readonly observe: boolean;
    /** Live services are processes of this host that end with it, so the host brings them back when it starts. */
    readonly resume: boolean;
  };
  /** What will be applied, as text for diff and fingerprint, without secrets. Deterministic; touches nothing. */
  render(input: RenderInput): Promise<string>;
  /** Returns when the new release serves, or with `ok: false` when it said no; `changed` tells whether the target is another than before. Throws when it could not tell or could not run. */
  apply(input: ApplyInput, context: AttemptContext): Promise<ApplyResult>;
  /** Touches nothing. */
  observe(input: ObserveInput, context: { readonly signal: AbortSignal; readonly home: string }): Promise<Observed>;
  /** Brings back what the ledger says is live (capability `resume`); does nothing where it runs. */
  resume?(input: ApplyInput, context: AttemptContext): Promise<void>;
}

export type RenderInput = {
  readonly project: string;
  readonly target: TargetId;
  readonly commit: CommitId;
  readonly digest: Digest | null;
  readonly definition: Definition;
};
export type ApplyInput = RenderInput & {
  /** The fence: left at the target, so that a late writer can be told from the current one. */
  readonly attempt: string;
  readonly direction: "deploy" | "rollback";
  /** Directory of the artifact's files, read only; null where the service has no artifact or it is not a file tree. */
  readonly directory: string | null;
  /** Addresses of needed services. */
  readonly needs: Readonly<Record<string, string>>;
};
export type ApplyResult =
  | { readonly ok: true; readonly url: string | null }
  | { readonly ok: false; readonly changed: boolean; readonly message: string };
export type ObserveInput = { readonly project: string; readonly target: TargetId; readonly definition: Definition | null };

export type AttemptContext = {
  readonly signal: AbortSignal;
  /** Appends to the attempt's log; secrets are masked and the size is bounded by the caller. */
  readonly log: (text: string) => void;
  /** Runs a command without a shell, its output into the log; killed with all its children at abort. Rejects with a `CommandFailed` that says command, exit and the last lines. */
  readonly run: (
    command: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) => Promise<{ readonly output: string }>;
  /** Variables and credentials of the environment, and the few of the host that a program needs (PATH, HOME, …). */
  readonly env: Readonly<Record<string, string>>;
  /** The store's directory; a driver keeps what it must under `home/drivers/<name>`. */
  readonly home: string;
};

/** A command that ended otherwise than with 0; `exitCode` is null where it could not be run or a signal ended it. The message is masked. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: number | null;
  constructor(message: string, exitCode: number | null, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Makes an artifact from a commit. */
export interface Builder {
  readonly name: string;
  readonly schema: AdapterSchema;
  build(input: BuildInput, context: AttemptContext): Promise<{ readonly digest: Digest }>;
  /** Whether the artifact is still there. */
  has(digest: Digest, config: JsonObject, home: string): Promise<boolean>;
}
export type BuildInput = {
  readonly project: string;
  readonly attempt: string;
  readonly commit: CommitId;
  readonly config: JsonObject;
  /** Writes the commit's tree, or a folder of it, into a directory that exists and is empty. */
  readonly checkout: (path: string, into: string) => Promise<void>;
};
