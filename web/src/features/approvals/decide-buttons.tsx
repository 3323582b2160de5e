import { AlertIcon, CheckIcon, XIcon } from "@primer/octicons-react";
import { Button } from "@primer/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { shortCommit } from "../../lib/format.ts";
import { session } from "../../lib/queries.ts";
import { type Act, DecisionDialog } from "./decision-dialog.tsx";
import type { Question } from "./model.ts";

export type Ask = (question: Question, act: Act) => void;

/** The dialog that decides, and the way to open it. It belongs to the page, so that it stays when what it asks about is decided by somebody else. */
export function useDecision(): { readonly ask: Ask; readonly dialog: React.ReactNode } {
  const [open, setOpen] = useState<{ readonly question: Question; readonly act: Act } | null>(null);
  return {
    ask: (question, act) => setOpen({ question, act }),
    dialog: open && <DecisionDialog question={open.question} act={open.act} onClose={() => setOpen(null)} />,
  };
}

/** The ways to decide. An emergency is offered to whom policy names for it. */
export function DecideButtons({ question, onAsk }: { question: Question; onAsk: Ask }) {
  const { data: who } = useQuery(session);
  const what = `${shortCommit(question.commit)} in ${question.environment}`;
  const asks = (act: Act) => () => onAsk(question, act);
  return (
    <div className="acts">
      <Button variant="primary" leadingVisual={CheckIcon} onClick={asks("approve")}>
        Approve…<span className="hidden"> {what}</span>
      </Button>
      <Button variant="danger" leadingVisual={XIcon} onClick={asks("reject")}>
        Reject…<span className="hidden"> {what}</span>
      </Button>
      {who?.actor && question.emergency.includes(who.actor) && (
        <Button variant="danger" leadingVisual={AlertIcon} onClick={asks("emergency")}>
          Emergency…<span className="hidden"> {what}</span>
        </Button>
      )}
    </div>
  );
}
