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
  readonly width?: "large" | "xlarge";
  /** What is sent; null: not ready to be sent. */
  readonly body: B | null;
  readonly act: (body: B, headers: Headers) => Promise<R>;
  readonly onDone?: (result: R) => void;
  /** It was refused, which the dialog says by itself. */
  readonly onRefused?: (error: Error) => void;
  readonly onClose: () => void;
  /** Where focus goes when it closes, where it was opened from a menu that is gone by then. */
  readonly returnFocusRef?: React.RefObject<HTMLElement | null>;
  readonly children: React.ReactNode;
};

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
        {mutation.error && <ProblemNote title="It was refused" error={mutation.error} />}
      </div>
    </Dialog>
  );
}
