import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runEnded } from "../../../src/core/run/status.ts";
import type { DeployRequest, RollbackRequest } from "../../../src/engine/control.ts";
import type { AttemptSpec } from "../../../src/core/run/effects.ts";
import type { RunRow } from "../../../src/core/run/rows.ts";
import { GitSource } from "../../../src/source/git.ts";
import { DEPLOY_ALL, NoopExecutor } from "../../rig/noop.ts";
import { type NoopEngine, type NoopOptions, openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";
import { SetClock } from "../../rig/set-clock.ts";
import { until } from "../../rig/wait.ts";
import { Repo } from "../source/repo.ts";

const ANA = { name: "ana" };
const START = Date.UTC(2026, 0, 31, 9);

/** Attempts end well unless the test says otherwise. */
class Told extends NoopExecutor {
  readonly failing: (spec: AttemptSpec) => boolean;
  readonly #failed = new Set<string>();
  readonly started: string[] = [];
  constructor(failing: (spec: AttemptSpec) => boolean) {
    super();
    this.failing = failing;
  }
  /** What goes back does not begin: whoever asks for the attempt again finds it unbegun. */
  holding = false;
  /** Told of each attempt before it begins. */
  begins: (spec: AttemptSpec) => void = () => {};
  override start(spec: AttemptSpec): Promise<void> {
    this.begins(spec);
    if (this.holding && "direction" in spec && spec.direction === "rollback") return Promise.resolve();
    if ("target" in spec) this.started.push(`${spec.kind} ${spec.target}`);
    if (this.failing(spec)) this.#failed.add(spec.id);
    return super.start(spec);
  }
  override onEnd(listener: Parameters<NoopExecutor["onEnd"]>[0]): void {
    super.onEnd((attempt, end) =>
      listener(attempt, this.#failed.has(attempt) && end !== "lost" ? { ...end, outcome: "failed", message: "it said no" } : end),
    );
  }
}

type File = { readonly environments?: string; readonly services?: readonly string[]; readonly migration?: string };
/** Two backends and a frontend that needs both; `services` leaves some out. */
export function fileOf({
  environments = "dev: {}, prod: { needs: [dev] }",
  services = ["api", "jobs", "web"],
  migration,
}: File = {}): string {
  const lines = services.map((id) => {
    const irreversible = id === "api" && migration !== undefined ? `migration: { irreversible: [${migration}] }, ` : "";
    return `  ${id}: { tier: ${id === "web" ? "frontend" : "backend"}, paths: [${id}], ${irreversible}deploy: { noop: {} } }`;
  });
  return [`version: 1`, `project: big`, `environments: { ${environments} }`, `services:`, ...lines, ""].join("\n");
}

/** The real engine, store and git; what is deployed are commits of a real repository, and only the services themselves are nothing. */
export class Story {
  readonly repo = new Repo();
  readonly home = mkdtempSync(join(tmpdir(), "sluice-rollback-"));
  readonly clock = new SetClock(START);
  /** `kind target commit` of what is to fail. */
  readonly failing = new Set<string>();
  readonly executor = new Told((spec) => "target" in spec && this.failing.has(`${spec.kind} ${spec.target} ${spec.commit}`));
  #open: NoopEngine | null = null;

  static async begin(options: NoopOptions = {}): Promise<Story> {
    const story = new Story();
    await story.open(story.repo, options);
    return story;
  }

  /** Opens the engine; where it was open, as the next orchestrator would. */
  async open(repo: Repo = this.repo, options: NoopOptions = {}): Promise<void> {
    await this.stop();
    this.#open = await openNoopEngine(new GitSource({ directory: repo.directory }), {
      home: this.home,
      clock: this.clock,
      executor: this.executor,
      ...options,
    });
  }
  async stop(): Promise<void> {
    await this.#open?.close();
    this.#open = null;
  }
  async end(): Promise<void> {
    await this.stop();
    this.repo.remove();
    rmSync(this.home, { recursive: true, force: true });
  }
  get opened(): NoopEngine {
    if (!this.#open) throw new Error("the story has not begun");
    return this.#open;
  }

  commit(files: Parameters<Repo["commit"]>[0], subject?: string): string {
    return this.repo.commit(files, subject);
  }

  asked(commit: string, environment = "dev"): DeployRequest {
    return { ...DEPLOY_ALL, commit, environments: [environment] };
  }
  /** Brings a commit there and waits for the run's end. */
  async deploy(commit: string, environment = "dev", part: Partial<DeployRequest> = {}): Promise<RunRow> {
    const { engine } = this.opened;
    const { run } = await engine.deploy({ ...this.asked(commit, environment), ...part }, ANA);
    const ended = await this.ended(run.id);
    this.clock.to(this.clock.at + 60_000);
    return ended;
  }
  async ended(run: string, idle = true): Promise<RunRow> {
    const { engine, store } = this.opened;
    const over = async () => runEnded((await store.run(run))?.status ?? "queued");
    if (idle) await untilCommitted(engine, over);
    else await this.committed(over);
    return (await store.run(run)) as RunRow;
  }

  /** Until something holds, whatever else is under way. */
  async committed(holds: () => Promise<boolean>): Promise<void> {
    await until(async () => (await holds()) || null, "a commit", 15_000);
  }

  request(part: Partial<RollbackRequest> = {}): RollbackRequest {
    return { environment: "dev", services: null, to: null, reason: "it is bad", now: false, acceptUnknown: false, ...part };
  }
  async preview(part: Partial<RollbackRequest> = {}) {
    const { engine } = this.opened;
    const found = await engine.previewRollback(this.request(part));
    return { ...found, said: found.problems.map((p) => `${p.target}: ${p.message}`), hints: found.problems.map((p) => p.hint) };
  }
  /** What is live, as subjects of commits. */
  async live(environment = "dev"): Promise<Record<string, string>> {
    const { items } = await this.opened.store.targets({ environment }, { limit: 100, cursor: null });
    return Object.fromEntries(
      items.map((t) => [t.service, t.live === null ? "-" : this.repo.git("log", "-1", "--format=%s", t.live.commit)]),
    );
  }
  async snapshots(environment = "dev"): Promise<readonly string[]> {
    return (await this.opened.store.snapshots(environment, { limit: 100, cursor: null })).items.map((s) => s.id);
  }
}
