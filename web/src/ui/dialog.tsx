import { Dialog } from "@primer/react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Acts, ApiError } from "../lib/api.ts";
import { ProblemNote } from "./problem.tsx";

/** Refused for want of a session, it is sent once more: by then the page has asked for a new one. */
const tryAgain = (failures: number, error: Error): boolean =>
  failures === 0 && error instanceof ApiError && error.problem.code === "unauthenticated";

type Headers = ReturnType<Acts["headersFor"]>;

export type ActDialogProps<B, R> = {
  readonly title: string;
  /** The button that does it, e.g. `Approve`. */
  readonly verb: string;
  readonly danger?: boolean;
  /** A name of Primer's, or a width in CSS; never wider than the window. */
  readonly width?: "large" | "xlarge" | `${number}px`;
  /** What is sent; null: not ready to be sent. */
  readonly body: B | null;
  readonly act: (body: B, headers: Headers) => Promise<R>;
  readonly onDone?: (result: R) => void;
  /** It was refused, which the dialog says by itself, or by `note` where there is one. */
  readonly onRefused?: (error: Error) => void;
  readonly note?: React.ReactNode;
  readonly onClose: () => void;
  /** Where focus goes when it closes, where it was opened from a menu that is gone by then. */
  readonly returnFocusRef?: React.RefObject<HTMLElement | null>;
  readonly children: React.ReactNode;
};

/** A note comes last in a dialog that may be longer than the window. */
const intoView = (node: HTMLElement | null) => node?.scrollIntoView({ block: "nearest" });

/** Shows what is about to be done, asks once, and stays open with the reason where it was refused. */
export function ActDialog<B, R>({
  title,
  verb,
  danger = false,
  width = "large",
  body,
  act,
  onDone,
  onRefused,
  note,
  onClose,
  returnFocusRef,
  children,
}: ActDialogProps<B, R>) {
  const [acts] = useState(() => new Acts());
  const mutation = useMutation({
    mutationFn: (sent: B) => act(sent, acts.headersFor(sent)),
    retry: tryAgain,
    retryDelay: 0,
    onSuccess: (result) => {
      onClose();
      onDone?.(result);
    },
    onError: (error) => onRefused?.(error),
  });
  return (
    <Dialog
      title={title}
      width={width}
      onClose={onClose}
      {...(returnFocusRef ? { returnFocusRef } : {})}
      footerButtons={[
        { content: "Cancel", onClick: onClose },
        {
          content: verb,
          buttonType: danger ? "danger" : "primary",
          loading: mutation.isPending,
          disabled: body === null,
          onClick: () => {
            if (body !== null && !mutation.isPending) mutation.mutate(body);
          },
        },
      ]}
    >
      <div className="stack">
        {children}
        {mutation.error && (
          <div key={note ? "note" : "problem"} ref={intoView}>
            {note ?? <ProblemNote title="It was refused" error={mutation.error} />}
          </div>
        )}
      </div>
    </Dialog>
  );
}
