import "react-diff-view/style/index.css";
import { Diff, Hunk, parseDiff } from "react-diff-view";

/** A difference in the unified format, line by line. Loaded when the first is shown. */
export default function ChangeText({ patch, what }: { patch: string; what: string }) {
  const [file] = parseDiff(patch);
  if (!file) return null;
  return (
    <div className="diff-box" tabIndex={0} role="region" aria-label={what}>
      <Diff viewType="unified" diffType={file.type} hunks={file.hunks}>
        {(hunks) => hunks.map((hunk) => <Hunk key={hunk.content} hunk={hunk} />)}
      </Diff>
    </div>
  );
}
