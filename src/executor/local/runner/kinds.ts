import { interpolateLate } from "../../../core/config/variables.ts";
import type { AttemptSpec, DeploySpec, VerifySpec } from "../../../core/run/effects.ts";
import type { AttemptContext, Builder, Driver } from "../../../engine/ports/driver.ts";
import type { AttemptEnd } from "../../../engine/ports/executor.ts";
import { wait } from "../../../host/wait.ts";
import { artifactDirectory } from "./environment.ts";

/** What an attempt's process can load. Schemas are left out: what a config may say was checked when the plan was made, and loading what checks it would triple the start of each attempt. */
export type AttemptRegistry = {
  driver(name: string): Promise<Omit<Driver, "schema">>;
  builder(name: string): Promise<Omit<Builder, "schema">>;
  /** Writes a commit's tree, or a folder of it, into an empty directory. */
  checkout(repository: string, commit: string, path: string, into: string): Promise<void>;
  /** When a commit was made, in ms since 1970. */
  committedAt(repository: string, commit: string): Promise<number>;
  /** A directory with a folder of a commit's tree, shared by all that read it. */
  tree(repository: string, home: string, commit: string, folder: string): Promise<string>;
};

/** Between two looks at something that is not ready yet. */
const RETRY_MS = 250;
/** Between two looks during a soak, at most and at least. */
const SOAK_LOOK_MS = { most: 5000, least: 100 };
/** For asking what is live after an apply that did not say. */
const LAST_LOOK_MS = 2000;

export async function build(
  spec: AttemptSpec & { readonly kind: "build" },
  source: string,
  registry: AttemptRegistry,
  context: AttemptContext,
): Promise<AttemptEnd> {
  const builder = await registry.builder(spec.artifact.builder);
  const checkout = (path: string, into: string) => registry.checkout(source, spec.commit, path, into);
  const committedAt = () => registry.committedAt(source, spec.commit);
  const { project, commit, artifact, id: attempt } = spec;
  const { digest } = await builder.build({ project, attempt, commit, config: artifact.config, checkout, committedAt }, context);
  context.log(`built ${spec.artifact.name}: ${digest}`);
  return { outcome: "succeeded", message: null, digest, changed: true, url: null };
}

export async function deploy(spec: DeploySpec, registry: AttemptRegistry, context: AttemptContext): Promise<AttemptEnd> {
  const driver = await registry.driver(spec.definition.driver);
  const { project, target, commit, digest, definition, direction, needs } = spec;
  const directory = artifactDirectory(context.home, digest);
  const result = await driver.apply(
    {
      project,
      target,
      commit,
      digest,
      definition,
      direction,
      takeBack: spec.takeBack ?? direction === "rollback",
      needs,
      attempt: spec.id,
      run: spec.run,
      fingerprint: spec.fingerprint ?? null,
      lastGood: spec.lastGood ?? null,
      directory,
    },
    context,
  );
  if (result.ok) return { outcome: "succeeded", message: null, digest, changed: true, url: result.url };
  return { outcome: "failed", message: result.message, digest, changed: result.changed, url: null };
}

/** Whether an apply that was cut off or broke has changed its target: asks the driver, and says yes where that cannot be told. */
export async function mayHaveChanged(spec: DeploySpec, registry: AttemptRegistry, home: string): Promise<boolean> {
  try {
    const driver = await registry.driver(spec.definition.driver);
    const limit = AbortSignal.timeout(LAST_LOOK_MS);
    const observing = driver.observe({ project: spec.project, target: spec.target, definition: spec.definition }, { signal: limit, home });
    const observed = await Promise.race([observing, rejection(limit)]);
    return observed.kind === "live" && observed.attempt !== null ? observed.attempt === spec.id : observed.kind !== "absent";
  } catch {
    return true;
  }
}

/** Ready as the driver sees it, then the service's own check; looked at again until its time is over. */
export async function verify(spec: VerifySpec, registry: AttemptRegistry, context: AttemptContext): Promise<AttemptEnd> {
  const timeoutMs = spec.definition.verify?.timeoutMs ?? spec.timeoutMs;
  const deadline = performance.now() + timeoutMs;
  const look = await checksOf(spec, registry, context);
  for (let said: string | null = null; ;) {
    const problem = await look();
    if (problem === null) return passed(spec);
    if (problem.certain) return failed(spec, problem.text);
    if (problem.text !== said) context.log(`not yet: ${problem.text}`);
    said = problem.text;
    if (performance.now() + RETRY_MS > deadline)
      return failed(
        spec,
        `not verified within ${timeoutMs / 1000} s (\`verify.timeout\` of ${spec.definition.service} raises this): ${problem.text}`,
      );
    await wait(RETRY_MS, context.signal);
  }
}

/** The same checks for all of the soak's time, on a clock that nobody sets; the first that fails ends it. A look that was not answered says nothing, unless it is the last one. */
export async function soak(spec: VerifySpec, registry: AttemptRegistry, context: AttemptContext): Promise<AttemptEnd> {
  const soakMs = spec.definition.verify?.soakMs ?? 0;
  const begun = performance.now();
  const between = Math.max(SOAK_LOOK_MS.least, Math.min(SOAK_LOOK_MS.most, soakMs / 20));
  const look = await checksOf(spec, registry, context);
  for (let looks = 1; ; looks++) {
    const problem = await look();
    const soaked = performance.now() - begun;
    if (problem?.told) return failed(spec, `after ${Math.round(soaked / 1000)} s of ${soakMs / 1000} s: ${problem.text}`);
    if (problem !== null && soaked >= soakMs) throw new Error(problem.text);
    if (problem !== null) context.log(problem.text);
    else if (soaked >= soakMs) {
      context.log(`${looks} looks in ${Math.round(soaked / 1000)} s, all good`);
      return passed(spec);
    }
    await wait(Math.min(between, soakMs - soaked + 1), context.signal);
  }
}

const passed = ({ digest, url }: VerifySpec): AttemptEnd => ({ outcome: "succeeded", message: null, digest, changed: false, url });
const failed = ({ digest, url }: VerifySpec, message: string): AttemptEnd => ({ outcome: "failed", message, digest, changed: false, url });

/** What a look has found. `told`: the target said so, and not the lack of an answer; `certain`: waiting does not help. */
type Problem = { readonly text: string; readonly told: boolean; readonly certain: boolean };
const wrong = (text: string, certain = false): Problem => ({ text, told: true, certain });

/** One look at a target: what is wrong with it, or null. */
async function checksOf(spec: VerifySpec, registry: AttemptRegistry, context: AttemptContext): Promise<() => Promise<Problem | null>> {
  const driver = await registry.driver(spec.definition.driver);
  const check = spec.definition.verify;
  const http = check === null || check.http === null ? null : fill(check.http, spec);
  const expect = Object.fromEntries(Object.entries(check?.expect ?? {}).map(([key, value]) => [key, fill(value, spec)]));
  return async () => {
    const unready = driver.capabilities.observe ? await readiness(spec, driver, context) : null;
    if (unready !== null || http === null) return unready;
    if (http.includes("${url}"))
      return wrong(`the driver ${driver.name} says no address for ${spec.target}, so that \`verify.http\` cannot use \${url}`);
    const { httpCheck } = await import("./http-check.ts"); // only some attempts need an HTTP client, and every one waits for what is loaded
    const problem = await httpCheck(http, expect, context.signal);
    return problem === null ? null : wrong(problem);
  };
}

async function readiness(spec: VerifySpec, driver: Omit<Driver, "schema">, { signal, home }: AttemptContext): Promise<Problem | null> {
  const observed = await driver.observe({ project: spec.project, target: spec.target, definition: spec.definition }, { signal, home });
  switch (observed.kind) {
    case "unobservable":
      return null;
    case "absent":
      return wrong(`nothing is live on ${spec.target}`);
    case "error":
      return { text: observed.message, told: false, certain: false };
    case "live":
      if (observed.commit !== null && observed.commit !== spec.commit)
        return wrong(`${spec.target} runs commit ${observed.commit}, not ${spec.commit}`);
      if (observed.digest !== null && spec.digest !== null && observed.digest !== spec.digest)
        return wrong(`${spec.target} runs ${observed.digest}, not ${spec.digest}`);
      if (observed.health === "healthy" || observed.health === "none") return null;
      return wrong(`${spec.target} is ${observed.health}${observed.why ? `: ${observed.why}` : ""}`, observed.certain);
  }
}

function fill(text: string, { digest, url }: VerifySpec): string {
  const filled = interpolateLate(text, { digest, url });
  return typeof filled === "string" ? filled : text;
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("took too long")), { once: true }));
}
