import type { TargetId } from "../../core/config/config.ts";
import type { AttemptId } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import { type Forge, ForgeError, type NewDeployment } from "../forge.ts";
import { deploymentOf, serversRun, statusOf } from "../records/record.ts";
import { changesBehind, follow } from "./follow.ts";
import { type Said, standingOf, touchedBy } from "./standing.ts";
import type { Log } from "./worker.ts";

type Parts = {
  readonly forge: Pick<Forge, "deployments" | "createDeployment" | "setStatus">;
  readonly store: Pick<
    Store,
    "note" | "notes" | "setNotes" | "eventsAfter" | "lastSeq" | "attempt" | "attempts" | "plan" | "definition" | "targets" | "ledger"
  >;
  /** Where people see a run. */
  readonly link: (run: string) => string | null;
  readonly log: Log;
};

const CURSOR = "github/records";
const KEY = "github/record/";
/** Deployments of a commit that are looked at for one whose number was not kept. */
const LOOKED_AT = 100;

/** `id`: the forge's; null: it was asked for, and whether it was made is not known. */
type Kept = { readonly id: number | null; readonly target: TargetId; readonly told: Said["state"] | "given-up" | null };

/**
 * Writes what becomes of each target to the forge, in the form in which workflows keep it: one deployment an act, whose statuses say how it stands. It follows the log from where it had come to,
 * so whatever ends or fails, it goes on; and it never keeps the orchestrator from anything.
 */
export class Records {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Up to the end of the log. Rejects with a `ForgeError` where it has to go on later. */
  async write(): Promise<void> {
    const { store, log } = this.#parts;
    await follow(
      store,
      CURSOR,
      async (changes) => {
        for (const attempt of touchedBy(changes, await this.#doubted())) await this.#tell(attempt);
      },
      (seq) => {
        if (seq > 0) log("info", "what is deployed from here on is recorded on GitHub", { seq });
      },
    );
  }

  /** Acts of which something is still to be recorded. */
  async behind(): Promise<number> {
    return touchedBy(await changesBehind(this.#parts.store, CURSOR), await this.#doubted()).length;
  }

  async #doubted(): Promise<ReadonlyMap<AttemptId, TargetId>> {
    const all = (await this.#parts.store.notes(KEY)).map(({ key, body }) => [key.slice(KEY.length), JSON.parse(body) as Kept] as const);
    return new Map(all.flatMap(([attempt, { told, target }]) => (told === "unknown" ? [[attempt, target]] : [])));
  }

  async #tell(attempt: AttemptId): Promise<void> {
    const { store, forge, log, link } = this.#parts;
    const row = await store.attempt(attempt);
    const target = row?.target ?? null;
    const said = row?.kind === "deploy" ? await standingOf(store, row) : null;
    if (!row || target === null || said === null) return;
    const { state, message, url } = said;
    const body = await store.note(KEY + attempt);
    const kept = body === null ? null : (JSON.parse(body) as Kept);
    if (kept?.told === state || kept?.told === "given-up") return;
    try {
      const id = kept?.id ?? (await this.#made(attempt, target, kept !== null));
      if (id === null) return;
      const logUrl = link(row.run);
      // that it goes on is what a record without a status says
      if (state !== "under-way") await forge.setStatus(id, statusOf(state, { message, url, logUrl }));
      await this.#keep(attempt, { id, target, told: state });
    } catch (error) {
      if (!(error instanceof ForgeError) || !(error.code === "refused" || (await this.#isGone(error, kept, attempt)))) throw error;
      // Such as a commit that was never pushed there: to try again changes nothing, and must not keep the rest waiting.
      log("warn", `${target} is not recorded on GitHub: ${error.message}`, { attempt });
      await this.#keep(attempt, { id: kept?.id ?? null, target, told: "given-up" });
    }
  }

  /** Makes the deployment, once: where it was asked for and its number not kept, it is looked for first. */
  async #made(attempt: AttemptId, target: TargetId, asked: boolean): Promise<number | null> {
    const deployment = await this.#deployment(attempt, target);
    if (deployment === null) return null;
    const found = asked ? await this.#lookFor(attempt, deployment) : null;
    if (!asked) await this.#keep(attempt, { id: null, target, told: null });
    const id = found ?? (await this.#parts.forge.createDeployment(deployment));
    await this.#keep(attempt, { id, target, told: null });
    return id;
  }

  /** Somebody has deleted the deployment. That GitHub finds something not may have other reasons. */
  async #isGone({ code }: ForgeError, kept: Kept | null, attempt: AttemptId): Promise<boolean> {
    if (code !== "not-found" || kept === null || kept.id === null) return false;
    const deployment = await this.#deployment(attempt, kept.target);
    return deployment === null || (await this.#lookFor(attempt, deployment)) === null;
  }

  async #lookFor(attempt: AttemptId, { environment, task, sha }: NewDeployment): Promise<number | null> {
    const there = await this.#parts.forge.deployments({ environment, task, sha, most: LOOKED_AT });
    return there.find(({ payload }) => (payload as { attempt?: unknown } | null)?.attempt === attempt)?.id ?? null;
  }

  async #deployment(attempt: AttemptId, target: TargetId): Promise<NewDeployment | null> {
    const { store } = this.#parts;
    const row = await store.attempt(attempt);
    const plan = row && (await store.plan(row.run));
    const member = plan?.members[target];
    if (!row || !plan || !member) return null;
    const { service, environment, commit } = member;
    // of a rollback as it was recorded once, and not as it goes back: by that it is known again
    const definition = (await store.definition(member.definitionDigest)) ?? member.definition;
    return deploymentOf({
      kind: plan.kind,
      target,
      service,
      environment,
      commit,
      attempt,
      run: serversRun(row.run),
      digest: row.digest,
      fingerprint: row.fingerprint ?? "",
      definition,
      production: (plan.environments[environment]?.approval ?? null) !== null,
    });
  }

  #keep = (attempt: AttemptId, kept: Kept): Promise<void> => this.#parts.store.setNotes({ [KEY + attempt]: JSON.stringify(kept) });
}
