import { readFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { PLAIN_DEPLOY } from "../../../../src/engine/control.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";

let hosted: Hosted;
afterEach(() => hosted.remove());

const engine = () => {
  const found = hosted.running?.application.engine;
  if (!found) throw new Error("no server runs");
  return found;
};
const OPEN = "mainnet: { needs: [devnet] }";
const GUARDED = "mainnet: { needs: [devnet], approval: { approvers: [ben] } }";

/** A server that has cloned a policy without any approval, which has come since. */
async function served(): Promise<void> {
  hosted = new Hosted({ environments: `  devnet: {}\n  ${OPEN}` });
  hosted.push("guarded", { file: hosted.file.replace(OPEN, GUARDED) });
  await hosted.serve();
  await until(() => engine().store.note("github/pushed/main"), "the first look");
}
/** Brings what was pushed, as a webhook does. */
async function told(commit: string, branch: string): Promise<void> {
  await hosted.tell(commit, { by: "eve", branch });
  await until(async () => ((await hosted.settled()) ? true : null), "the delivery");
}
const deploys = (commit: string) => engine().deploy({ ...PLAIN_DEPLOY, commit }, { name: "eve" });
const waits = (commit: string): Promise<true> =>
  until(async () => ((await engine().approvals()).some((gate) => gate.commit === commit) ? true : null), "mainnet's gate");

it("policy is the default branch's by whatever name, and not that of a branch which somebody makes of its old one", async () => {
  await served();
  hosted.git(hosted.remote, "branch", "-m", "main", "trunk");
  const next = hosted.push("next", { branch: "trunk" });
  const eves = hosted.push("eve's", { file: hosted.file });
  await told(next, "trunk");
  await deploys(next);
  await waits(next);
  await deploys(eves);
  await waits(eves);
  expect(readFileSync(`${hosted.world}/deployed`, "utf8")).not.toContain("api@mainnet");
});

it("nothing is deployed while it is not known which branch that is, and the log and the answer say why", async () => {
  await served();
  const before = hosted.git(hosted.clone, "rev-parse", "origin/main");
  // the remote names a branch that is not there, and the one of before is gone
  hosted.git(hosted.remote, "update-ref", "refs/heads/trunk", before);
  hosted.git(hosted.remote, "symbolic-ref", "HEAD", "refs/heads/nowhere");
  hosted.git(hosted.remote, "update-ref", "-d", "refs/heads/main");
  await hosted.tell(before, { by: "eve", branch: "trunk" });
  const reason = "Policy is read from origin/HEAD, which is origin/main, and that is gone.";
  await until(() => hosted.said.find((line) => line.includes(reason)) ?? null, "a word in the log");
  await expect(deploys(before)).rejects.toMatchObject({ code: "no-policy-ref", message: reason });
  hosted.git(hosted.remote, "symbolic-ref", "HEAD", "refs/heads/trunk");
  await told(hosted.push("mended", { branch: "trunk" }), "trunk");
  await deploys(before);
  await waits(before);
});
