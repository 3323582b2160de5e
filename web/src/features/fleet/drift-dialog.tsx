import { Dialog } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { plural, shortCommit, targetId } from "../../lib/format.ts";
import { Command } from "../../ui/command.tsx";
import { CommitId } from "../../ui/commit.tsx";
import { Objects } from "../../ui/objects.tsx";
import { Loaded } from "../../ui/problem.tsx";

type Target = Schemas["Target"];
type Drift = Schemas["Drift"]["targets"][number];
type Props = { readonly target: Target; readonly returnFocusRef: React.RefObject<HTMLElement | null>; readonly onClose: () => void };

/** What is on a target now, against what the ledger says: looked at when it is opened. */
export function DriftDialog({ target: { service, environment }, returnFocusRef, onClose }: Props) {
  const on = targetId({ service, environment });
  const query = useQuery({
    queryKey: ["drift", on],
    queryFn: () => answer(api.GET("/api/v1/drift", { params: { query: { environments: environment, services: service } } })),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  return (
    <Dialog title={`Drift of ${on}`} width="xlarge" onClose={onClose} returnFocusRef={returnFocusRef}>
      <div className="stack">
        <Loaded query={query} what="what is there now" failed="It could not be looked at">
          {({ targets: [found] }) =>
            found ? <Verdict drift={found} service={service} environment={environment} /> : <p>Nothing is live there.</p>
          }
        </Loaded>
      </div>
    </Dialog>
  );
}

type VerdictProps = { readonly drift: Drift; readonly service: string; readonly environment: string };

function Verdict({
  drift: { verdict, commit, deployed, differences, unknown, objects, compared, cut },
  service,
  environment,
}: VerdictProps) {
  return (
    <>
      <p>
        The ledger says <CommitId commit={commit} />. {WORDS[verdict]}
        {compared !== null && objects.length === 0 && ` ${plural(compared, "object")} compared.`}
      </p>
      {differences.length + unknown.length > 0 && (
        <ul className="plain">
          {differences.map((text) => (
            <li key={text} className="tone-danger">
              {text}
            </li>
          ))}
          {unknown.map((text) => (
            <li key={text} className="tone-attention">
              {text}
            </li>
          ))}
        </ul>
      )}
      {objects.length > 0 && (
        <Objects
          objects={objects.map(({ drift: how, recorded, live, ...object }) => ({
            ...object,
            ...SHOWN[how],
            before: recorded,
            after: live,
          }))}
        />
      )}
      {cut && <p className="small">There is too much to be sent whole.</p>}
      {verdict === "drift" && deployed !== null && (
        <p>
          To apply again what is recorded:{" "}
          <Command text={`sluice deploy ${service} --env ${environment} --commit ${shortCommit(deployed)} --redeploy`} />
        </p>
      )}
    </>
  );
}

const WORDS = {
  none: "What is there is just that.",
  drift: "What is there is another:",
  unknown: "Whether what is there is just that is not known:",
} as const;
const SHOWN = {
  missing: { word: "gone", tone: "danger" },
  extra: { word: "not part of it", tone: "attention" },
  different: { word: "differs", tone: "attention" },
} as const;
