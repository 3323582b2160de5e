import { rollbackMarks, upgradeMarks } from "../../../../src/drivers/helm/marks.ts";
import type { Status, Stored } from "../../../../src/drivers/helm/releases.ts";
import type { ApplyInput } from "../../../../src/engine/ports/driver.ts";

/** Who asks: an attempt, or Helm run by somebody else (null). */
export type Actor = Pick<ApplyInput, "attempt" | "run" | "project" | "commit" | "digest" | "fingerprint" | "definition"> | null;

export const attemptOf = (attempt: string, commit: string): NonNullable<Actor> => ({
  attempt,
  run: "1",
  project: "harbor",
  commit,
  digest: `sha256:${commit.padEnd(64, "0")}`,
  fingerprint: `sha256:${commit.padEnd(64, "f")}`,
  definition: { service: "api", environment: "devnet" } as ApplyInput["definition"],
});

/** What Helm keeps of one release, and how its commands change that: pkg/action/{upgrade,rollback,install,uninstall}.go, as of 3.14 to 4.3. */
export class Storage {
  history: Stored[] = [];
  #clock = 1_000_000;

  get latest(): Stored | undefined {
    return this.history.at(-1);
  }

  get deployed(): Stored | undefined {
    return this.history.findLast(({ status }) => status === "deployed");
  }

  /** Makes the pending revision of an upgrade, or of a first install; null where Helm refuses. */
  begin(actor: Actor, content: string): Stored | null {
    const { latest } = this;
    if (latest && (latest.status.startsWith("pending-") || latest.status === "uninstalling")) return null;
    const revision = (latest?.revision ?? 0) + 1;
    const install = latest === undefined || latest.status === "uninstalled";
    const given = actor === null ? {} : upgradeMarks(actor, revision);
    const labels = set(install ? given : { ...latest?.labels, ...given });
    return this.#add(revision, install ? "pending-install" : "pending-upgrade", labels, content);
  }

  /** Makes the pending revision of a rollback. */
  beginRollback(to: number, actor: Actor): Stored | null {
    const target = this.history.find(({ revision }) => revision === to);
    const { latest } = this;
    if (!target || !latest) return null;
    const revision = latest.revision + 1;
    if (actor !== null) this.label(to, rollbackMarks(target, actor, revision));
    const labels = this.history.find((one) => one.revision === to)?.labels ?? {};
    return this.#add(revision, "pending-rollback", labels, target.manifest, `Rollback to ${to}`);
  }

  end(revision: number, status: "deployed" | "failed", description: string): void {
    this.history = this.history.map((one) => {
      if (one.revision === revision)
        return { ...one, status, description: one.status === "pending-rollback" ? one.description : description };
      return status === "deployed" && one.status === "deployed" ? { ...one, status: "superseded" } : one;
    });
    // a first install that failed is what an upgrade goes on from, and is superseded by it
    if (status === "deployed" && !this.history.some((one) => one.status === "superseded"))
      this.history = this.history.map((one) =>
        one.revision < revision && one.status === "failed" ? { ...one, status: "superseded" } : one,
      );
  }

  label(revision: number, labels: Readonly<Record<string, string | null>>): void {
    this.history = this.history.map((one) => (one.revision === revision ? { ...one, labels: set({ ...one.labels, ...labels }) } : one));
  }

  conclude(revision: number): void {
    this.history = this.history.map((one) =>
      one.revision === revision && one.status.startsWith("pending-") ? { ...one, status: "failed", description: "sluice: …" } : one,
    );
  }

  uninstall(): void {
    this.history = [];
  }

  /** Never the one that is deployed. */
  prune(keep: number): void {
    const { deployed } = this;
    const surplus = this.history.filter((one) => one !== deployed).slice(0, Math.max(0, this.history.length - keep));
    this.history = this.history.filter((one) => !surplus.includes(one));
  }

  #add(revision: number, status: Status, labels: Readonly<Record<string, string>>, manifest: string, description = "Preparing"): Stored {
    const at = (this.#clock += 1000);
    const stored: Stored = { revision, status, labels, made: at, at, description, manifest, hooks: [] };
    this.history = [...this.history, stored];
    return stored;
  }
}

/** What is unset is not there. */
const set = (labels: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(labels).flatMap(([key, value]) => (value === null || value === "null" ? [] : [[key, value]])));
