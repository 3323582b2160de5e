import { FormControl, Textarea } from "@primer/react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { answer, api, ApiError } from "../../lib/api.ts";
import { plural, serviceOf, shortCommit } from "../../lib/format.ts";
import { approvals } from "../../lib/queries.ts";
import { ActDialog } from "../../ui/dialog.tsx";
import { Standing } from "./facts.tsx";
import { LeftOut } from "./left-out.tsx";
import { Members } from "./members.tsx";
import { type Question, questionsOf, type SetChange, setChange as compare } from "./model.ts";

export type Act = "approve" | "reject" | "emergency";
type Props = { readonly question: Question; readonly act: Act; readonly onClose: () => void };

const words = {
  approve: { title: "Approve", verb: "Approve", danger: false, comment: "Comment", needed: false },
  reject: { title: "Reject", verb: "Reject", danger: true, comment: "Reason", needed: true },
  emergency: { title: "Emergency: let pass", verb: "Let pass", danger: true, comment: "Reason", needed: true },
} as const;

/** Shows all that a decision applies, target by target, and asks once. The decision names the fingerprint of just that; where another set waits by then, it shows that one. */
export function DecisionDialog({ question: first, act, onClose }: Props) {
  const cache = useQueryClient();
  // Kept as it was when it was opened: what is shown is what is decided.
  const [question, setQuestion] = useState(first);
  const [change, setChange] = useState<SetChange | "gone" | null>(null);
  const [without, setWithout] = useState<ReadonlySet<string>>(new Set());
  const [comment, setComment] = useState("");
  const { commit, environment, members, leftOut, set } = question;
  const chosen = members.filter((target) => !without.has(target));
  const text = words[act];
  const ready = change !== "gone" && chosen.length > 0 && (comment.trim() !== "" || !text.needed);

  const lookAgain = async () => {
    const pending = await cache.fetchQuery({ ...approvals, staleTime: 0 });
    const now = questionsOf(pending).find((each) => each.commit === commit && each.environment === environment);
    const found = now ? setChangeOf(question, now) : "gone";
    setChange(found);
    if (now) setQuestion(now);
    // What came has not been looked at yet: it is decided only if somebody chooses it.
    if (found !== null && found !== "gone") setWithout(new Set([...without, ...found.come]));
  };
  const onRefused = (error: Error) => {
    setChange(null);
    if (error instanceof ApiError && (error.problem.code === "mismatch" || error.problem.code === "nothing-waits"))
      lookAgain().catch(() => {});
  };
  return (
    <ActDialog
      title={`${text.title} ${shortCommit(commit)} in ${environment}?`}
      verb={`${text.verb} ${plural(chosen.length, "target")}`}
      danger={text.danger}
      width="960px"
      body={ready ? decisionOf(question, act, chosen, comment.trim()) : null}
      act={(body, header) => answer(api.POST("/api/v1/decisions", { params: { header }, body }))}
      onRefused={onRefused}
      {...(change === null ? {} : { note: <Changed change={change} /> })}
      onClose={onClose}
    >
      <p>
        <code>{commit}</code> {question.subject}
      </p>
      <Standing question={question} />
      <Members question={question} choice={{ without, onChange: setWithout }} />
      <LeftOut leftOut={leftOut} />
      {act === "emergency" && (
        <p className="tone-danger">
          It passes without the approvals that policy asks for. Who did so and why is recorded, to be reviewed afterwards.
        </p>
      )}
      <FormControl required={text.needed}>
        <FormControl.Label>{text.comment}</FormControl.Label>
        <Textarea block rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      </FormControl>
      <p className="muted small">
        Of the set <code className="fingerprint">{set}</code>. If it is another one by then, nothing is decided.
      </p>
    </ActDialog>
  );
}

const setChangeOf = (seen: Question, now: Question): SetChange | null => (seen.set === now.set ? null : compare(seen, now));

function decisionOf(question: Question, act: Act, chosen: readonly string[], comment: string): Schemas["DecisionRequest"] {
  return {
    verdict: act === "reject" ? "rejected" : "approved",
    commit: question.commit,
    environment: question.environment,
    comment: comment === "" ? null : comment,
    expect: question.set,
    only: chosen.length === question.members.length ? null : chosen.map(serviceOf),
    emergency: act === "emergency",
  };
}

/** What has become of the set since it was opened. */
function Changed({ change }: { change: SetChange | "gone" }) {
  if (change === "gone") return <p role="alert">Nothing waits for a decision on this commit here any more. Nothing was decided.</p>;
  const parts = [
    { what: "came, and is not chosen yet", targets: change.come },
    { what: "went", targets: change.gone },
    { what: "would be applied otherwise", targets: change.other },
  ].filter(({ targets }) => targets.length > 0);
  return (
    <div role="alert" className="changed">
      <strong>What waits has changed since you opened this.</strong> Nothing was decided. Above is the set as it is now:
      <ul className="plain">
        {parts.map(({ what, targets }) => (
          <li key={what}>
            {targets.join(", ")}: {what}
          </li>
        ))}
      </ul>
    </div>
  );
}
