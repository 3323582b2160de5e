import { Link } from "@tanstack/react-router";

/** A sentence in which runs are named: each leads to its page. */
export function RunText({ text, step }: { text: string; step?: string }) {
  return text.split(/(\brun \d+\b)/).map((part, index) => {
    const id = /^run (\d+)$/.exec(part)?.[1];
    return id === undefined ? (
      part
    ) : (
      // A sentence has no other order than its own.
      <Link key={index} to="/runs/$id" params={{ id }} search={step === undefined ? {} : { step }}>
        {part}
      </Link>
    );
  });
}
