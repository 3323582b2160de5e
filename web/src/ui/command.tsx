import { CheckIcon, CopyIcon } from "@primer/octicons-react";
import { useState } from "react";

/** A command to be run in a terminal, with the way to copy it. Without a secure context there is no clipboard; a click then selects it all. */
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <span className="command-line">
      <code className="command">{text}</code>
      {window.isSecureContext && (
        <button type="button" className="icon-button" onClick={() => void copy()} onBlur={() => setCopied(false)}>
          {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
          <span className="hidden">Copy {text}</span>
        </button>
      )}
      <span className="hidden" role="status">
        {copied && "Copied"}
      </span>
    </span>
  );
}
