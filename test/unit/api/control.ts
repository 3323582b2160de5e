import { RequestError, type Actor, type Control, type DeployRequest, type Scope } from "../../../src/engine/control.ts";
import type { Answer } from "../../../src/core/run/events.ts";
import type { Change } from "../../../src/core/run/changes.ts";
import type { StepRow } from "../../../src/core/run/rows.ts";
import { SourceError } from "../../../src/engine/ports/source.ts";
import type { Store } from "../../../src/engine/ports/store.ts";
import { AT, commit, COMMIT, DIGEST, FINGERPRINT, OLD, plan, run } from "./world.ts";

/** A control that writes runs into a real store and decides nothing: what the API hands over and gets back is all that matters here. */
export class TestControl implements Control {
  readonly project = "harbor";
  readonly store: Store;
  /** Who did what, in order. */
  readonly acts: { readonly what: string; readonly by: string }[] = [];
  readonly listeners = new Set<(seq: number) => void>();
  /** The log of attempt `at-1`; grows by `writeLog`. */
  log = "hello\n";
  logEnded = false;
  /** The answer of whatever is asked next. */
  answer: Answer = { ok: true };
  /** Thrown by the next deploy. */
  failure: Error | null = null;
  /** What deploys wait for, once they have been asked for. */
  gate: Promise<void> = Promise.resolve();
  deploysAsked = 0;
  #admitted = 100;
  #logGrown: (() => void)[] = [];

  constructor(store: Store) {
    this.store = store;
  }

  readonly logs: Control["logs"] = {
    readLog: async (_attempt, offset, limit) => {
      const text = this.log.slice(offset, offset + limit);
      return { text, next: offset + text.length, ended: this.logEnded && offset + text.length >= this.log.length };
    },
    logGrown: (_attempt, _offset, signal) =>
      new Promise((resolve) => {
        this.#logGrown.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  writeLog(text: string): void {
    this.log += text;
    for (const wake of this.#logGrown.splice(0)) wake();
  }
  get logWaiters(): number {
    return this.#logGrown.length;
  }

  /** Commits as the engine does: first durable, then told. */
  async commit(changes: readonly Change[]): Promise<number> {
    const seq = (await commit(this.store, changes)).at(-1) ?? 0;
    for (const listener of this.listeners) listener(seq);
    return seq;
  }
  onCommit(listener: (seq: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async plan(request: DeployRequest) {
    if (request.services?.includes("nope")) throw new RequestError("not-found", "There is no service nope", "One of api, web");
    return { plan, warnings: ["the tree is dirty"], policy: { ref: "origin/HEAD", commit: COMMIT } };
  }
  async deploy(_request: DeployRequest, actor: Actor) {
    this.deploysAsked += 1;
    await this.gate;
    if (this.failure) throw this.failure;
    return { run: await this.#admit("deploy", actor), warnings: ["the tree is dirty"] };
  }
  async rollback(_request: unknown, actor: Actor) {
    return { run: await this.#admit("rollback", actor) };
  }
  async retry(_run: string, actor: Actor) {
    return { run: await this.#admit("retry", actor) };
  }
  async #admit(what: string, actor: Actor) {
    this.acts.push({ what, by: actor.name });
    const row = run(String((this.#admitted += 1)), { by: actor.name, kind: what === "rollback" ? "rollback" : "deploy" });
    await this.commit([
      { table: "plan", run: row.id, plan },
      { table: "run", row },
    ]);
    return row;
  }

  async previewRollback() {
    return {
      environment: "mainnet",
      snapshot: { id: "snap-1", at: AT, release: COMMIT },
      targets: [{ target: "api@mainnet" as const, from: COMMIT, to: COMMIT, digest: DIGEST, means: "process", skip: null }],
      problems: [{ target: "api@mainnet" as const, message: "the artifact is gone", hint: "build it again" }],
      notes: ["web@mainnet is left as it is: it did not exist then"],
      plan: { ...plan, kind: "rollback" as const },
    };
  }
  async approvals() {
    return [
      {
        run: "1",
        environment: "mainnet",
        commit: COMMIT,
        fingerprint: FINGERPRINT,
        set: DIGEST,
        fingerprints: { "api@mainnet": FINGERPRINT },
        members: ["api@mainnet" as const],
        leftOut: [
          {
            target: "web@mainnet" as const,
            status: "blocked" as const,
            reason: { code: "not-good-before" as const, environment: "devnet" },
          },
        ],
        since: AT,
        approvers: ["ana"],
        count: 2,
        approved: [{ by: "ben", at: AT, expiresAt: null }],
        emergency: ["cleo"],
        early: false,
        skipNeeds: null,
        acceptDiverged: null,
        notes: ["old@mainnet is live, and no longer in sluice.yaml: it goes on running"],
      },
    ];
  }
  async decide(_request: unknown, actor: Actor) {
    return this.#act("decide", actor);
  }
  async cancel(_run: string, _options: unknown, actor: Actor) {
    return this.#act("cancel", actor);
  }
  async hold(_environment: string, _reason: string, actor: Actor) {
    return this.#act("hold", actor);
  }
  async unhold(_environment: string, actor: Actor) {
    return this.#act("unhold", actor);
  }
  async lock(on: string, { until }: { readonly until: number | null }, actor: Actor) {
    return this.#act(`lock ${on}${until === null ? "" : ` until ${until}`}`, actor);
  }
  async unlock(on: string, actor: Actor) {
    return this.#act(`unlock ${on}`, actor);
  }
  async pin(target: string, { commit: to }: { readonly commit: string }, actor: Actor) {
    return this.#act(`pin ${target} ${to}`, actor);
  }
  async unpin(target: string, actor: Actor) {
    return this.#act(`unpin ${target}`, actor);
  }
  /** What waits, by step; of run 1. */
  waits: readonly { readonly place: number; readonly step: StepRow }[] = [];
  async waiting() {
    return this.waits.map(({ place, step }) => ({ run: run("1"), step, place, who: ["ana"] }));
  }
  async diff(request: { readonly environment: string }) {
    const target = {
      from: OLD,
      to: COMMIT,
      artifact: null,
      unbuilt: "mega",
      change: "changed" as const,
      objects: null,
      counts: null,
      uncompared: null,
      before: null,
      after: null,
      problem: null,
      cut: false,
    };
    const object = { kind: "Deployment", name: "api", namespace: null, cut: false };
    const counts = { added: 0, changed: 1, removed: 0, same: 0 };
    const commits = { count: 1, newest: [{ id: COMMIT, subject: "Faster quotes", author: "Ana", at: AT }] };
    return {
      commit: COMMIT,
      environment: request.environment,
      summary: { targets: { changed: 1, same: 0, unknown: 1 }, objects: { added: 0, changed: 1, removed: 0, same: 0 } },
      targets: [
        {
          ...target,
          target: "api@mainnet" as const,
          objects: [{ ...object, change: "changed" as const, before: "a", after: "b" }],
          counts,
        },
        { ...target, target: "web@mainnet" as const, uncompared: "it does not answer", problem: "no chart", after: "b" },
      ],
      commits: [{ from: OLD, brings: commits, loses: { count: 0, newest: [] } }],
    };
  }
  async drift({ environments, services }: Scope) {
    const object = { kind: "Service", name: "api", namespace: "harbor", drift: "missing" as const, recorded: "a", live: null, cut: false };
    return {
      summary: { none: 0, drift: 1, unknown: 0 },
      targets: [
        {
          target: `${services?.[0] ?? "api"}@${environments?.[0] ?? "mainnet"}` as const,
          verdict: "drift" as const,
          commit: COMMIT,
          since: AT,
          deployed: COMMIT,
          health: "degraded" as const,
          differences: ["nothing of it is there"],
          unknown: ["its objects could not be compared"],
          compared: 2,
          objects: [object],
          cut: false,
        },
      ],
    };
  }
  async settle(_target: string, _options: unknown, actor: Actor) {
    return this.#act("settle", actor);
  }
  async #act(what: string, actor: Actor): Promise<Answer> {
    this.acts.push({ what, by: actor.name });
    return this.answer;
  }

  async resolve(ref: string) {
    if (!COMMIT.startsWith(ref)) throw new SourceError("unknown-commit", `no commit ${ref}`, "fetch it");
    return { id: COMMIT, subject: "Faster quotes", author: "Ana", at: AT };
  }
  async describe(id: string) {
    return id === COMMIT ? { subject: "Faster quotes", author: "Ana", at: AT } : null;
  }
  async environments() {
    return [
      { id: "devnet", gate: false, needs: [] },
      { id: "mainnet", gate: true, needs: ["devnet"] },
    ];
  }
  idle(): boolean {
    return true;
  }
}
