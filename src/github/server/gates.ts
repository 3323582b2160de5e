import type { CommitId, EnvironmentId, Policy, TargetId } from "../../core/config/config.ts";
import type { Store } from "../../engine/ports/store.ts";
import type { Forge, WorkflowRun } from "../forge.ts";
import { gateFor } from "../gates/names.ts";
import { certainCommitOf, fileOf } from "../gates/waiting.ts";
import type { Delivered } from "../hooks/delivery.ts";
import { gateDeployment } from "../records/gates.ts";
import type { ServerForge } from "./forge.ts";
import { verdictOn, type Verdict, type VerdictStore } from "./verdict.ts";
import type { Log } from "./worker.ts";

type Asked = Extract<Delivered, { readonly what: "gate" }>;
type Parts = {
  readonly forge: Pick<Forge, "workflowRun" | "commit" | "createDeployment">;
  readonly server: Pick<ServerForge, "passGate" | "explainGate">;
  readonly store: Pick<Store, "notes" | "setNotes"> & VerdictStore;
  readonly policy: () => Promise<Policy>;
  /** What a workflow run of that file may deploy of a commit in an environment; empty: it cannot be told. */
  readonly covered: (commit: CommitId, environment: EnvironmentId, file: string) => Promise<readonly TargetId[]>;
  /** Whether a commit is on the branch that deploys: what its workflow files say may be believed. */
  readonly isOnBranch: (commit: CommitId) => Promise<boolean>;
  readonly now: () => number;
  /** Where people decide. */
  readonly page: () => string | null;
  readonly log: Log;
};

/** What is kept of those that wait begins so. */
export const WAITING_GATES = "github/gate/";
const KEY = WAITING_GATES;
/** Whether one that is known still waits is asked so often, in ms: each is a request of everybody's budget, and a run may wait for a month. */
const ASKED_EVERY_MS = 600_000;
/** `of`: the commit that the run deploys; null: not known yet, or not for certain. `starters`: of the attempt that waits; none: GitHub was not asked yet. */
type Kept = {
  readonly run: number;
  readonly environment: string;
  readonly commit: CommitId;
  readonly of: CommitId | null;
  readonly attempt: number;
  readonly starters: readonly string[];
  /** Of its workflow, without the folder; empty: not known. */
  readonly file?: string;
  /** When GitHub was asked last; none: by an older server, or not yet. */
  readonly askedAt?: number;
  readonly explained: boolean;
  /** Who has decided, where jobs look for it. */
  readonly recorded: boolean;
};

/**
 * Sluice as a rule of GitHub's environments: what was decided here on a commit lets every workflow run of it pass, those that wait and later ones. Which wait is kept, until GitHub has been told.
 * Whatever is not certain is left waiting, for a person to decide there.
 */
export class Gates {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when it is kept. */
  async asked({ run, environment, commit }: Asked): Promise<void> {
    const kept: Kept = { run, environment, commit, of: null, attempt: 1, starters: [], explained: false, recorded: false };
    await this.#keep(kept);
  }

  /** Looks at all that wait. Rejects with the first failure, after all were looked at. */
  async look(): Promise<void> {
    const failures: unknown[] = [];
    for (const { body } of await this.#parts.store.notes(KEY)) {
      await this.#each(JSON.parse(body) as Kept).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #each(first: Kept): Promise<void> {
    const { server, log } = this.#parts;
    const kept = await this.#known(first);
    if (kept === null) return;
    const environment = gateFor(kept.environment) ?? kept.environment;
    const verdict = await this.#verdict(kept, environment);
    if (verdict.is === "waits") return await this.#explain(kept, environment, verdict.why);
    if (verdict.is === "approved") await this.#record(kept, verdict);
    await server.passGate(kept.run, kept.environment, verdict.is, `${verdict.is} in Sluice by ${verdict.by.join(", ")}`);
    log("info", `a workflow run is ${verdict.is}`, { run: kept.run, environment, commit: kept.of, by: verdict.by });
    await this.#forget(kept);
  }

  async #verdict({ of: commit, starters, file = "" }: Kept, environment: EnvironmentId): Promise<Verdict> {
    if (commit === null) return { is: "waits", why: "which commit it deploys cannot be told for certain" };
    const targets = await this.#parts.covered(commit, environment, file);
    const policy = await this.#parts.policy();
    return await verdictOn(this.#parts.store, { commit, environment, targets, starters, policy, now: this.#parts.now() });
  }

  /** For the job behind the gate: GitHub tells it that it may go on, and not who has decided. Before it is told. */
  async #record(kept: Kept, { by, emergency, at }: Extract<Verdict, { readonly is: "approved" }>): Promise<void> {
    const environment = gateFor(kept.environment);
    if (kept.recorded || kept.of === null || environment === null) return;
    const { run, attempt, of: commit } = kept;
    await this.#parts.forge.createDeployment(
      gateDeployment({ run: `${run}/${attempt}`, environment, commit, by, emergency, decidedAt: at }),
    );
    await this.#keep({ ...kept, recorded: true });
  }

  /** What GitHub itself says of the run; whether it still waits is asked again, but seldom. null: it has ended, and nothing waits any more. */
  async #known(kept: Kept): Promise<Kept | null> {
    const askedAt = this.#parts.now();
    const isKnown = kept.starters.length > 0;
    if (isKnown && !isDue(kept, askedAt)) return kept;
    const run = await this.#parts.forge.workflowRun(kept.run);
    if (run === null || run.conclusion !== null) {
      await this.#forget(kept);
      return null;
    }
    const isSame = isKnown && run.attempt === kept.attempt;
    const known = isSame ? { ...kept, askedAt } : { ...kept, ...(await this.#attempt(run, kept)), askedAt };
    await this.#keep(known);
    return known;
  }

  /** Another attempt may have another starter, and is explained and recorded by itself. */
  async #attempt(run: WorkflowRun, { commit }: Kept): Promise<Partial<Kept>> {
    const of = await this.#deployed(run, commit);
    return { of, attempt: run.attempt, starters: run.starters, file: fileOf(run), explained: false, recorded: false };
  }

  /** A run that was started by hand deploys what its title says, where its file is one of the branch that deploys. */
  async #deployed(run: WorkflowRun, told: CommitId): Promise<CommitId | null> {
    const isBelieved = run.event !== "workflow_dispatch" || (await this.#parts.isOnBranch(run.commit));
    return run.commit === told && isBelieved ? await certainCommitOf(this.#parts.forge, run) : null;
  }

  async #explain(kept: Kept, environment: string, why: string): Promise<void> {
    if (kept.explained) return;
    const page = this.#parts.page();
    const how =
      kept.of === null
        ? ""
        : ` Decide: ${page === null ? "" : `${page} or `}\`sluice approve ${kept.of.slice(0, 12)} --env ${environment}\``;
    await this.#parts.server.explainGate(kept.run, kept.environment, `Waits: ${why}.${how}`);
    await this.#keep({ ...kept, explained: true });
  }

  #keep = (kept: Kept): Promise<void> => this.#parts.store.setNotes({ [keyOf(kept)]: JSON.stringify(kept) });
  #forget = (kept: Kept): Promise<void> => this.#parts.store.setNotes({ [keyOf(kept)]: null });
}

const keyOf = ({ run, environment }: Kept): string => `${KEY}${run}/${environment}`;
/** Also where a clock was set back. */
const isDue = ({ askedAt = 0 }: Kept, now: number): boolean => now < askedAt || now - askedAt >= ASKED_EVERY_MS;
