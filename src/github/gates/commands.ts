import type { WaitingGate } from "../../contract/gates.ts";

/** What a reviewer types where there is no sluice: one command a run, in the order given. `server`: where GitHub's pages are. */
export function ghCommands(server: string, repository: string, gates: readonly WaitingGate[]): readonly string[] {
  const { host } = new URL(server);
  const where = host === "github.com" ? "" : ` --hostname ${host}`;
  return [...Map.groupBy(gates, ({ run }) => run)].map(([run, its]) => {
    const ids = its.map(({ gate }) => `-F 'environment_ids[]=${gate}'`).join(" ");
    return `gh api${where} --method POST repos/${repository}/actions/runs/${run}/pending_deployments ${ids} -f state=approved -f comment=Approved`;
  });
}
