import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { Digest, TargetId } from "../../core/config/config.ts";
import type { Change } from "../../core/run/changes.ts";
import { Engine } from "../../engine/engine.ts";
import { writeMaskKey } from "../../cluster/print.ts";
import type { Driver } from "../../engine/ports/driver.ts";
import type { Store } from "../../engine/ports/store.ts";
import type { Record as Recorded } from "../../github/records/record.ts";
import { treesOf } from "../../source/trees.ts";
import { openSqliteStore } from "../../store/sqlite.ts";
import { packageVersion } from "../package-files.ts";
import { builder, driver } from "../registry.ts";
import type { Journal } from "./journal.ts";
import { executorOf } from "./make.ts";
import { makingAgain } from "./make-again.ts";
import type { Place } from "./place.ts";
import { RecordingExecutor } from "./recording.ts";

export type CiEngine = {
  readonly engine: Engine;
  readonly store: Store;
  /** Resolves when the logs of all that has ended are in the job's log. */
  readonly logged: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type EngineSeed = {
  readonly rows: readonly Change[];
  /** null: nothing is going to be deployed. */
  readonly journal: Journal | null;
  /** The targets that this job may change. */
  readonly own: ReadonlySet<TargetId>;
  /** What builds must come out as. */
  readonly expected: Readonly<Record<string, Digest>>;
  /** Attempts that an earlier job may have left running on this host. */
  readonly left: readonly string[];
  /** What is recorded of the environment: what lies in this job's directory alone is made again from these. */
  readonly records: readonly Recorded[];
};

const LEAST_KEY = 32;
/** Attempts whose logs stay under `SLUICE_HOME`. */
const KEPT_ATTEMPTS = 1_000;

/** An engine over a store that is thrown away afterwards, seeded with what is recorded. Drivers and builders keep what they must in the job's home. */
export async function openEngine(place: Place, seed: EngineSeed): Promise<CiEngine> {
  const home = place.home.directory;
  giveMaskKey(place, home);
  const temporary = await mkdtemp(join(tmpdir(), "sluice-ci-"));
  const real = await openSqliteStore(join(temporary, "store"), { version: packageVersion(), seed: seed.rows });
  const store = seed.journal?.between(real) ?? real;
  const remove = async (): Promise<void> => {
    await real.close();
    // a process that has just ended may be writing what it caches still
    await rm(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  try {
    const local = executorOf(place);
    for (const attempt of seed.left) await local.stop(attempt);
    const executor = new RecordingExecutor({
      executor: local,
      store,
      journal: seed.journal,
      expected: seed.expected,
      outputs: place.outputs,
    });
    const engine = await Engine.open({
      store,
      executor,
      source: place.source,
      driver: async (name) => ofThisJob(await driver(name), seed.own),
      trees: treesOf(place.source, home),
      builder: makingAgain(place, seed.records, builder),
      adapters: place.adapters,
      clock: place.host.clock,
      home,
      project: place.project,
      policyRef: place.inputs.policyRef,
      log: (level, message, details) => {
        if (level !== "info") place.outputs.say(`${level}: ${message}${details ? ` ${JSON.stringify(details)}` : ""}`);
      },
      deposed: () => {},
    });
    const close = async (): Promise<void> => {
      await engine.close();
      if (place.home.keeps) await local.prune(KEPT_ATTEMPTS).catch(() => {});
      await remove();
    };
    return { engine, store, logged: () => executor.logged(), close };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** By the same key in every job, values that nobody may see are told apart by what they are: else what is live already is applied again wherever there is one. */
function giveMaskKey({ host: { env } }: Place, home: string): void {
  const key = env["SLUICE_MASK_KEY"];
  if (!key) return;
  if (key.length < LEAST_KEY)
    throw new CliError(EXIT.usage, `SLUICE_MASK_KEY has less than ${LEAST_KEY} characters`, "Make one: openssl rand -hex 32");
  writeMaskKey(home, createHash("sha256").update(key).digest("hex"));
}

/** Services that are processes of this host are brought back where they are this job's: another job may be at the others. */
function ofThisJob(found: Driver, own: ReadonlySet<TargetId>): Driver {
  if (!found.resume) return found;
  const mine: Driver["resume"] = (input, context) =>
    own.has(input.target) ? (found.resume?.(input, context) ?? Promise.resolve()) : Promise.resolve();
  return { ...found, resume: mine };
}

/** What lives as a process of this host must not live in a directory that goes with the job. */
export async function mustOutlive(place: Place, drivers: Iterable<string>): Promise<void> {
  if (place.home.keeps) return;
  for (const name of new Set(drivers))
    if ((await driver(name)).capabilities.resume)
      throw new CliError(
        EXIT.usage,
        `The driver ${name} keeps services as processes of this host, and the directory of this job goes with it`,
        "Set SLUICE_HOME to a directory that stays, on a runner of your own",
      );
}
