import type { Client, ClientOptions } from "../contract/client.ts";
import type { GithubGates } from "../contract/gates.ts";
import type { AdapterSchema, Json, Zones } from "../core/config/config.ts";
import type { ExitCode } from "./exit.ts";

export type Output = {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width in columns; where it is no terminal, lines are not cut. */
  readonly columns: number;
};

/**
 * What a command needs from whoever answers it (semantics 10).
 * `read`: looks only. `act`: one change. `drive`: a run that is brought to its end, by this process where nobody else does. `stay`: a run that somebody else drives on.
 */
export type Need = "read" | "act" | "drive" | "stay";

export type Connection = {
  readonly client: Client;
  /** How the client reaches the API, for the stream of events. */
  readonly api: ClientOptions;
  /** Who drives what runs: another process, which goes on without this one; this one; or nobody, where the store is only looked at. */
  readonly drivenBy: "server" | "this process" | "nobody";
  /** Lets go of the store where this process has it; attempts that run go on. */
  close(): Promise<void>;
};

export type ConnectRequest = {
  readonly need: Need;
  readonly directory: string;
  /** `--url`; null: the environment's, else the project's. */
  readonly url: string | null;
  readonly policyRef: string | null;
};

export type ServeOptions = {
  readonly directory: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly policyRef: string | null;
  /** Where another process has the store: wait, and take it when that one has ended or lapsed. */
  readonly standby: boolean;
};
export type DemoOptions = { readonly directory: string; readonly port: number | null; readonly reset: boolean };

/** One thing that `doctor` looked at. */
export type Check = {
  readonly name: string;
  readonly status: "ok" | "warning" | "problem";
  readonly message: string;
  readonly hint?: string;
  /** Whose targets it is about; absent: it is about this machine, the project or artifacts. */
  readonly environments?: readonly string[];
};

/** A step of a workflow's job on GitHub; what else it is told comes by environment variables. */
export type CiStep =
  | {
      readonly step: "plan";
      /** null: all. */
      readonly services: readonly string[] | null;
      readonly environments: readonly string[] | null;
      readonly waves: number;
    }
  | { readonly step: "approvals" | "build" | "report" }
  | { readonly step: "deploy" | "gate"; readonly environment: string }
  | { readonly step: "resolve" | "rollback"; readonly environment: string; readonly waves: number }
  | { readonly step: "wait"; readonly environment: string; readonly service: string };
/** `json`: stdout is for data alone; the job's log goes to stderr. */
export type CiRequest = CiStep & { readonly directory: string; readonly json: boolean };
/** `data`: what the step has handed on. */
export type CiAnswer = { readonly exit: ExitCode; readonly data: Json };
export type WorkflowsOptions = {
  readonly directory: string;
  /** Makes the files what they should be, unless one of them is foreign. */
  readonly write: boolean;
};
/** A file of GitHub's workflows, as it was found. `path` is from the repository's root. */
export type WorkflowFile = {
  readonly path: string;
  /** `different`: sluice.yaml says otherwise, or somebody has edited it. `stale`: no longer generated. `foreign`: would have to be overwritten, and is not of this project's making. */
  readonly state: "current" | "missing" | "different" | "stale" | "foreign";
  /** Of a foreign one: the `sluice.yaml` from which Sluice has made it, from the repository's root. */
  readonly from?: string;
};

export type GithubConnectOptions = {
  readonly directory: string;
  /** `owner/name`; null: what the environment or the remote says. */
  readonly repository: string | null;
  /** Where GitHub reaches the server; null: what the environment says. */
  readonly publicUrl: string | null;
  /** Whose the App is to be; null and not `personal`: it is asked what the repository's owner is. */
  readonly organization: string | null;
  readonly personal: boolean;
  /** null: one that says whose it is. */
  readonly name: string | null;
  /** Of the page on this machine; null: any that is free. */
  readonly port: number | null;
  /** Make another one in the place of the one that is there. */
  readonly again: boolean;
};
/** An App, without its secrets. */
export type ConnectedApp = {
  readonly app: { readonly id: string; readonly slug: string; readonly name: string; readonly url: string; readonly owner: string };
  readonly server: string;
  readonly repository: string;
  /** Where GitHub delivers to; null: nowhere. */
  readonly webhook: string | null;
  /** By this very call. */
  readonly made: boolean;
  readonly checks: readonly Check[];
};

/** Apps whose secrets are kept; `page`: where each is deleted on GitHub. */
export type KeptApps = {
  readonly apps: readonly { readonly name: string; readonly page: string }[];
  readonly forget: () => void;
};

/** Everything that commands touch outside of themselves: the process for the program, plain values in tests. */
export type CliContext = {
  readonly version: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  /** Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Null: left with Ctrl-C. */
  confirm(question: string): Promise<boolean | null>;
  /** What drivers and builders say of their config. */
  adapters(): Promise<readonly AdapterSchema[]>;
  readonly zones: Zones;
  /** Rejects with a `CliError`. */
  connect(request: ConnectRequest): Promise<Connection>;
  serve(options: ServeOptions): Promise<ExitCode>;
  demo(options: DemoOptions): Promise<ExitCode>;
  /** GitHub as the person who asks, with a token of theirs. `repository`: `owner/name`; null: what the environment or the remote says. Rejects with a `CliError`. */
  github(options: { readonly directory: string; readonly repository: string | null }): Promise<GithubGates>;
  /** Whether a repository on GitHub is ready for the generated workflows. Rejects with a `CliError`. */
  githubDoctor(options: {
    readonly directory: string;
    readonly repository: string | null;
    readonly environments: readonly string[] | null;
  }): Promise<readonly Check[]>;
  /** Makes the server an App of GitHub's, and waits until it is installed; `tell` hears what the person has to do for that. Rejects with a `CliError`. */
  githubConnect(options: GithubConnectOptions, tell: (line: string) => void): Promise<ConnectedApp>;
  /** What `sluice github connect` has kept here. Rejects with a `CliError`. */
  githubApps(options: { readonly directory: string }): Promise<KeptApps>;
  /** `environments` null: all. Rejects with a `CliError` for one that is not there. */
  doctor(options: {
    readonly directory: string;
    readonly url: string | null;
    readonly environments: readonly string[] | null;
  }): Promise<readonly Check[]>;
  /** Rejects with a `CliError`. */
  ci(request: CiRequest): Promise<CiAnswer>;
  /** GitHub's workflows of the project, compared with what its `sluice.yaml` says. Rejects with a `CliError`. */
  workflows(options: WorkflowsOptions): Promise<readonly WorkflowFile[]>;
};
