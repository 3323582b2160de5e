import "react-diff-view/style/index.css";
import { Diff, Hunk, parseDiff } from "react-diff-view";
import { textChange } from "../lib/text-change.ts";

type Props = { readonly before: string | null; readonly after: string | null; readonly what: string };

/** The difference of two texts, line by line. Loaded when the first is shown. */
export default function ChangeText({ before, after, what }: Props) {
  const [file] = parseDiff(textChange(before, after).patch);
  if (!file) return null;
  return (
    <div className="diff-box" tabIndex={0} role="region" aria-label={what}>
      <Diff viewType="unified" diffType={file.type} hunks={file.hunks}>
        {(hunks) => hunks.map((hunk) => <Hunk key={hunk.content} hunk={hunk} />)}
      </Diff>
    </div>
  );
}
