import type { GateDecision, ReviewedGate, WaitingGate } from "../../contract/gates.ts";
import { ForgeError, type Forge, type Review } from "../forge.ts";
import { gateName } from "../../core/config/github.ts";

/** How often what a run waits for may change while it is decided on. */
const TRIES = 3;
/** After these there is no use in asking for the next run. */
const HOPELESS: ReadonlySet<ForgeError["code"]> = new Set(["limited", "unauthorized"]);

/** Decides on all of these: one act a run, one run after the other. What became of each is found out where GitHub's answer does not say; where `interrupted` comes amid it, what was done is told all the same. */
export async function reviewGates(
  forge: Forge,
  gates: readonly WaitingGate[],
  decision: GateDecision,
  interrupted: AbortSignal,
): Promise<readonly ReviewedGate[]> {
  const done: ReviewedGate[] = [];
  let over: string | null = null;
  for (const [run, its] of Map.groupBy(gates, (gate) => gate.run)) {
    const all = (why: string): readonly ReviewedGate[] => its.map((gate) => ended(gate, "failed", why));
    if (over !== null) {
      done.push(...all(over));
      continue;
    }
    try {
      done.push(...(await reviewRun(forge, run, its, decision)));
    } catch (error) {
      if (interrupted.aborted) over = "interrupted before";
      else if (!(error instanceof ForgeError)) throw error;
      else if (HOPELESS.has(error.code)) over = words(error);
      done.push(...all(interrupted.aborted ? "interrupted: it may have been decided all the same" : words(error as ForgeError)));
    }
  }
  return done;
}

async function reviewRun(
  forge: Forge,
  run: number,
  gates: readonly WaitingGate[],
  decision: GateDecision,
): Promise<readonly ReviewedGate[]> {
  const done: ReviewedGate[] = gates.filter((gate) => !gate.mayApprove).map(refused);
  let left = gates.filter((gate) => gate.mayApprove);
  for (let tries = 1; left.length > 0; tries += 1) {
    const problem = await asError(forge.review(run, { ...decision, environments: left.map(({ gate }) => gate) }));
    if (problem === null) return [...done, ...left.map((gate) => ended(gate, decision.state, ""))];
    if (HOPELESS.has(problem.code)) throw problem;
    // Somebody may have been faster, or the answer was lost: what is there now says it.
    const pending = await forge.pendingGates(run);
    const reviews = await forge.reviews(run);
    const waits = (gate: WaitingGate): boolean => pending.some(({ id }) => id === gate.gate);
    const mine = await forge.whoAmI();
    done.push(...left.filter((gate) => !waits(gate)).map((gate) => settled(gate, reviews, decision, mine)));
    const before = left.length;
    left = left.filter(waits);
    const stuck = left.length === before && problem.code !== "unavailable";
    if (stuck || tries >= TRIES)
      return [...done, ...left.map((gate) => ended(gate, problem.code === "forbidden" ? "not-allowed" : "failed", words(problem)))];
  }
  return done;
}

/** A gate that does not wait any more, by what was said at it. */
function settled(gate: WaitingGate, reviews: readonly Review[], { state, comment }: GateDecision, me: string | null): ReviewedGate {
  const said = reviews.filter(({ environments }) => environments.includes(gateName(gate.environment)));
  const same = said.find((review) => review.state === state);
  if (same && same.by === me && same.comment === comment) return ended(gate, state, "");
  if (same) return ended(gate, "already", `by ${same.by}`);
  const other = said.find((review) => review.state !== "pending");
  return ended(gate, "gone", other ? `${other.state} by ${other.by}` : "the run has ended or was cancelled");
}

const refused = (gate: WaitingGate): ReviewedGate =>
  ended(gate, "not-allowed", gate.reviewers.length === 0 ? "it waits for an App" : `who may: ${gate.reviewers.join(", ")}`);

const ended = (gate: WaitingGate, result: ReviewedGate["result"], why: string): ReviewedGate => ({ ...gate, result, why });
const words = (error: ForgeError): string => `${error.message}; ${error.hint}`;

async function asError(work: Promise<void>): Promise<ForgeError | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof ForgeError) return error;
    throw error;
  }
}
