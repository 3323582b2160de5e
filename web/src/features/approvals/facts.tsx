import { AlertIcon, ClockIcon } from "@primer/octicons-react";
import { Link } from "@tanstack/react-router";
import { plural, serviceOf } from "../../lib/format.ts";
import { Ago, Took } from "../../ui/time.tsx";
import type { Question } from "./model.ts";

/** Members that a line names before it counts the rest. */
const NAMED = 8;

/** A decision to make, in a line: for what, for how long, for which runs, and whose it is. */
export function Facts({ question }: { question: Question }) {
  const { members, leftOut, runs, since, approvers } = question;
  const named = members.slice(0, NAMED).map(serviceOf).join(", ");
  return (
    <p className="muted small">
      {plural(members.length, "member")}: {named}
      {members.length > NAMED && ` and ${members.length - NAMED} more`}
      {leftOut.length > 0 && ` · ${leftOut.length} left out`} · waiting for <Took from={since} to={null} /> ·{" "}
      {runs.map((run) => (
        <Link key={run} to="/runs/$id" params={{ id: run }} className="spaced">
          run {run}
        </Link>
      ))}
      {approvers.length > 0 && ` · decided by ${approvers.join(", ")}`}
    </p>
  );
}

/** How far the decision is, and what is unusual about it. Nothing where it is neither shared nor unusual. */
export function Standing({ question: { count, approved, early, exceptions } }: { question: Question }) {
  if (count === 1 && approved.length === 0 && !early && exceptions.length === 0) return null;
  return (
    <ul className="plain standing">
      {(count > 1 || approved.length > 0) && (
        <li>
          <strong>
            {approved.length} of {plural(count, "approval")}
          </strong>
          {approved.map(({ by, at, expiresAt }) => (
            <span key={by} className="muted">
              {by}, <Ago at={at} />
              {expiresAt !== null && (
                <>
                  , expires <Ago at={expiresAt} />
                </>
              )}
            </span>
          ))}
        </li>
      )}
      {early && (
        <li className="tone-attention">
          <ClockIcon size={14} /> <strong>early</strong> Not every member has arrived. For those that fail before, the approval is void.
        </li>
      )}
      {exceptions.map(({ run, kind, reason }) => (
        <li key={`${run} ${kind}`} className="tone-danger">
          <AlertIcon size={14} /> <strong>{kind}</strong> {asked[kind]}, says run {run}: {reason}
        </li>
      ))}
    </ul>
  );
}

const asked = {
  "skip-needs": "It is to pass without having been good in the environments before",
  diverged: "It is to go over a live commit that it does not contain",
} as const;
