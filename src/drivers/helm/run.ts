import type { Session } from "./session.ts";

/** Why Helm was ended before its time. */
export class CutShort extends Error {
  override readonly name = "CutShort";
}

/** Runs Helm, its output into the attempt's log. Rejects with `CommandFailed` where it says no, with `CutShort` where `signal` has ended it. */
export async function runHelm({ context, helm }: Session, args: readonly string[], signal?: AbortSignal): Promise<void> {
  try {
    await context.run(["helm", ...args], { cwd: context.home, env: helm.env, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    context.signal.throwIfAborted();
    throw signal?.aborted ? signal.reason : error;
  }
}
