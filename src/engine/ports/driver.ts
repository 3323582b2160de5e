import type { AdapterSchema, CommitId, Digest, JsonObject, TargetId } from "../../core/config/config.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { LastGood } from "../../core/run/effects.ts";
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
  /** What will be applied, as text for diff and fingerprint, without secrets. Deterministic; touches nothing outside of the host. */
  render(input: RenderInput, context: LookContext): Promise<string>;
  /** Returns when the new release serves, or with `ok: false` when it said no; `changed` tells whether the target is another than before. Throws when it could not tell or could not run. */
  apply(input: ApplyInput, context: AttemptContext): Promise<ApplyResult>;
  /** Touches nothing. */
  observe(input: ObserveInput, context: { readonly signal: AbortSignal; readonly home: string }): Promise<Observed>;
  /** What applying this would change of what is there, object by object, ordered, without secrets and without what only the target itself writes. Touches nothing. Absent: texts are compared instead. */
  compare?(input: RenderInput, context: LookContext): Promise<readonly ObjectChange[]>;
  /** For the pre-flight of a rollback: by which means this target would go back to what is recorded, in words, or why it cannot. Touches nothing. Absent: it is applied again. */
  wayBack?(input: RenderInput & { readonly fingerprint: Digest }, context: LookContext): Promise<WayBack>;
  /** For `sluice doctor`: whether the tools, the access and the rights are there that these targets need, once for those that share them. Touches nothing. */
  examine?(targets: readonly ObserveInput[], context: Omit<LookContext, "tree">): Promise<readonly Finding[]>;
  /** Brings back what the ledger says is live (capability `resume`); does nothing where it runs. */
  resume?(input: ApplyInput, context: AttemptContext): Promise<void>;
}

export type RenderInput = {
  readonly project: string;
  readonly target: TargetId;
  readonly commit: CommitId;
  /** Of the artifact; where `definition.image` names a repository, the image is `${definition.image}@${digest}`. null: there is no artifact, or it is not built yet. */
  readonly digest: Digest | null;
  readonly definition: Definition;
};
/** What an act may use that runs in the server as well as in an attempt. */
export type LookContext = {
  readonly signal: AbortSignal;
  /** The store's directory; a driver keeps what it must under `home/drivers/<name>`. */
  readonly home: string;
  /** A directory that holds a folder of the commit's tree (`.`: all of it). Shared by all that ask for it, and not to be written to. Rejects with a `SourceError`. */
  readonly tree: (folder: string) => Promise<string>;
};
/** How long the server waits for one target to be rendered or compared. */
export const RENDER_MS = 120_000;
/** One object of a target, such as a Deployment; texts are YAML. `before` is null where it is added, `after` where it is removed. */
export type ObjectChange = {
  readonly kind: string;
  readonly name: string;
  /** null: it belongs to no namespace. */
  readonly namespace: string | null;
  readonly change: "added" | "changed" | "removed" | "same";
  readonly before: string | null;
  readonly after: string | null;
  /** It runs and is gone, such as a hook, and is compared with how it ran last: nobody can change it by hand, so it is no drift. */
  readonly passing?: true;
};
export type WayBack =
  | { readonly ok: true; readonly means: string }
  | { readonly ok: false; readonly message: string; readonly hint: string };
/** What an examination has found; `hint` says what to do, and is null where all is well. */
export type Finding = {
  readonly level: "ok" | "warning" | "problem";
  readonly subject: string;
  readonly message: string;
  readonly hint: string | null;
  /** Rights that are missing, told after the message. Where several who share a subject say the same but for these, all are told as one. */
  readonly rights?: readonly { readonly verb: string; readonly on: string }[];
};
export type ApplyInput = RenderInput & {
  readonly run: string;
  /** Of what was rendered, and approved where there is a gate; of what is recorded, on the way back. null: an attempt of an older version. */
  readonly fingerprint: Digest | null;
  /** What the ledger says was good here last: what to repair to. null: nothing was, or it is not known. */
  readonly lastGood: LastGood | null;
  /** The fence: left at the target, so that a late writer can be told from the current one. */
  readonly attempt: string;
  readonly direction: "deploy" | "rollback";
  /** Sets back what others have changed on the target since, where a deploy would stop and show it: a rollback must not fail on a change that somebody made in the same trouble, and whoever asks for the same again has seen the drift. */
  readonly takeBack: boolean;
  /** Directory of the artifact's files, read only; null where the service has no artifact or it is not a file tree. */
  readonly directory: string | null;
  /** Addresses of needed services. */
  readonly needs: Readonly<Record<string, string>>;
};
export type ApplyResult =
  | { readonly ok: true; readonly url: string | null }
  | { readonly ok: false; readonly changed: boolean; readonly message: string };
export type ObserveInput = { readonly project: string; readonly target: TargetId; readonly definition: Definition | null };

export type AttemptContext = LookContext & {
  /** Appends to the attempt's log; secrets are masked and the size is bounded by the caller. */
  readonly log: (text: string) => void;
  /** Runs a command without a shell, its output into the log; killed with all its children at abort, by the attempt's signal or by its own. Rejects with a `CommandFailed` that says command, exit and the last lines. */
  readonly run: (
    command: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
  ) => Promise<{ readonly output: string }>;
  /** Variables and credentials of the environment, and the few of the host that a program needs (PATH, HOME, …). */
  readonly env: Readonly<Record<string, string>>;
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
  /** Whether what it makes lies under `home` alone: where that is gone, it is made again. */
  readonly inHome: boolean;
  /** Whether the artifact is still there; false only where that is known. Rejects, within the time that a person waits, where it cannot be told. */
  has(
    digest: Digest,
    config: JsonObject,
    home: string,
    /** Of which it is said to be; a builder itself asks nothing about that. */ commit?: CommitId,
  ): Promise<boolean>;
  /** Of an artifact that is there: why nothing but a record says that it was made of this commit; null: the artifact itself, or what this machine has made, says it. Absent: only whoever made it knows. */
  whyNotOf?(digest: Digest, of: FindInput, home: string): Promise<string | null>;
  /** For artifacts that somebody else makes (the schema's `awaits`): the digest of what is there for this commit; null: it is not there yet. Runs in the server, again and again; rejects where it cannot be told. */
  find?(input: FindInput, context: { readonly signal: AbortSignal; readonly home: string }): Promise<Digest | null>;
  /** For `sluice doctor`: whether the tools, the places and the credentials are there that these artifacts need, once for those that share them. Makes nothing and touches nothing. */
  examine?(artifacts: readonly ExamineInput[], context: Omit<LookContext, "tree">): Promise<readonly Finding[]>;
}
/** An artifact as `sluice.yaml` declares it. */
export type ExamineInput = { readonly name: string; readonly config: JsonObject };
export type FindInput = { readonly project: string; readonly commit: CommitId; readonly config: JsonObject };
export type BuildInput = {
  readonly project: string;
  readonly attempt: string;
  readonly commit: CommitId;
  readonly config: JsonObject;
  /** Writes the commit's tree, or a folder of it, into a directory that exists and is empty. */
  readonly checkout: (path: string, into: string) => Promise<void>;
  /** When it was committed, in ms since 1970: the one time that a build may use and still come out the same. */
  readonly committedAt: () => Promise<number>;
};
