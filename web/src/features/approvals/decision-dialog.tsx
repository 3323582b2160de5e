import { FormControl, Textarea } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api } from "../../lib/api.ts";
import { plural, shortCommit } from "../../lib/format.ts";
import { targets } from "../../lib/queries.ts";
import { CommitId } from "../../ui/commit.tsx";
import { ActDialog } from "../../ui/dialog.tsx";
import { Loaded } from "../../ui/problem.tsx";
import type { Question } from "./model.ts";

export type Verdict = Schemas["DecisionRequest"]["verdict"];
type Props = { readonly question: Question; readonly verdict: Verdict; readonly onClose: () => void };

/** Shows all that a decision applies, target by target, and asks once. The decision names the fingerprint of just that. */
export function DecisionDialog({ question, verdict, onClose }: Props) {
  const { commit, environment, members, leftOut, fingerprint } = question;
  const [comment, setComment] = useState("");
  const approves = verdict === "approved";
  const verb = approves ? "Approve" : "Reject";
  return (
    <ActDialog
      title={`${verb} ${shortCommit(commit)} in ${environment}?`}
      verb={`${verb} ${plural(members.length, "target")}`}
      danger={!approves}
      width="xlarge"
      body={{ verdict, commit, environment, comment: comment.trim() === "" ? null : comment.trim(), expect: fingerprint }}
      act={(body, header) => answer(api.POST("/api/v1/decisions", { params: { header }, body }))}
      onClose={onClose}
    >
      <p>
        <code>{commit}</code> {question.subject}
      </p>
      <Members question={question} />
      {leftOut.length > 0 && (
        <>
          <h2>Left out</h2>
          <ul className="plain">
            {leftOut.map(({ target, why }) => (
              <li key={target}>
                <strong>{target}</strong>: {why}
              </li>
            ))}
          </ul>
        </>
      )}
      <FormControl>
        <FormControl.Label>{approves ? "Comment" : "Reason"}</FormControl.Label>
        <Textarea block rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      </FormControl>
      <p className="muted small">
        {approves ? "Approves" : "Ends"} exactly this set, <code className="fingerprint">{fingerprint}</code>. If it is another one by then,
        nothing is decided.
      </p>
    </ActDialog>
  );
}

function Members({ question: { members, commit } }: { question: Question }) {
  const query = useQuery(targets);
  return (
    <Loaded query={query} what="what is live">
      {(all) => {
        const live = new Map(all.map((target) => [`${target.service}@${target.environment}`, target.commit]));
        return (
          <div className="table-box" tabIndex={0} role="region" aria-label="Members">
            <table>
              <thead>
                <tr>
                  <th scope="col">Target</th>
                  <th scope="col">Live now</th>
                  <th scope="col">Becomes</th>
                </tr>
              </thead>
              <tbody>
                {members.map((target) => (
                  <tr key={target}>
                    <th scope="row">{target}</th>
                    <td>
                      <CommitId commit={live.get(target) ?? null} />
                    </td>
                    <td className="nowrap">
                      → <CommitId commit={commit} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      }}
    </Loaded>
  );
}
