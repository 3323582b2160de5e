import type { Forge, NewStatus } from "../../../src/github/forge.ts";
import type { Run } from "./run.ts";

/** What a leg of a workflow run records of a service. `ref`: of another than that run. */
export async function recorded(
  forge: Forge,
  run: Run,
  status: NewStatus | null,
  { commit = run.options.commit, service = "api", environment = "dev", ref = `${run.id}/${run.attempt}` } = {},
): Promise<number> {
  const definition = {
    service,
    environment,
    tier: "backend",
    paths: [],
    driver: "command",
    config: {},
    verify: null,
    job: false,
    needs: [],
    timeoutMs: 1,
    variables: {},
    credentials: [],
  };
  const attempt = `a-${run.id}-${run.attempt}`;
  const payload = {
    sluice: 1,
    kind: "deploy",
    target: `${service}@${environment}`,
    attempt,
    run: ref,
    digest: null,
    fingerprint: "f",
    definition,
  };
  const id = await forge.createDeployment({
    sha: commit,
    environment,
    task: `sluice:${service}`,
    payload,
    description: "",
    production: false,
  });
  if (status) await forge.setStatus(id, status);
  return id;
}
