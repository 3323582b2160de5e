import { Checkbox, FormControl } from "@primer/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import Anser from "anser";
import { memo, useEffect, useRef, useState } from "react";
import { plural } from "../../lib/format.ts";
import { ProblemNote } from "../../ui/problem.tsx";
import { useLog } from "./use-log.ts";

const LINE = 20;

/** An attempt's log as it grows; only the lines in sight are in the document. */
export function LogView({ attempt }: { attempt: string }) {
  const { lines, version, ended, error, retry } = useLog(attempt);
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({ count: lines.count, getScrollElement: () => box.current, estimateSize: () => LINE, overscan: 20 });
  useEffect(() => {
    if (follow && lines.count > 0) virtualizer.scrollToIndex(lines.count - 1);
  }, [follow, lines, version, virtualizer]);
  return (
    <div className="log">
      <div className="log-head">
        <span role="status" className="muted small">
          {plural(lines.count + lines.dropped, "line")}
          {lines.dropped > 0 && `, the first ${lines.dropped.toLocaleString("en")} are not shown`}
          {ended ? "" : " so far"}
        </span>
        <FormControl>
          <Checkbox checked={follow} onChange={(event) => setFollow(event.target.checked)} />
          <FormControl.Label>Follow</FormControl.Label>
        </FormControl>
      </div>
      {error && <ProblemNote title="Could not load the log" error={error} onRetry={retry} />}
      <div
        ref={box}
        className="log-box"
        role="log"
        aria-live="off"
        aria-label="Log"
        tabIndex={0}
        onWheel={(event) => event.deltaY < 0 && setFollow(false)}
      >
        <div className="log-lines" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <Line key={item.index} number={lines.dropped + item.index + 1} text={lines.at(item.index)} top={item.start} />
          ))}
        </div>
        {ended && lines.count === 0 && <p className="muted">It wrote nothing.</p>}
      </div>
    </div>
  );
}

/** Colours come as classes: the page's policy allows no styles in what is written into it. */
const Line = memo(function Line({ number, text, top }: { number: number; text: string; top: number }) {
  return (
    <div className="log-line" style={{ transform: `translateY(${top}px)` }}>
      <span className="log-number" data-number={number} />
      <span>
        {Anser.ansiToJson(text, { json: true, use_classes: true, remove_empty: true }).map((part, index) => (
          <span key={index} className={[part.fg, ...part.decorations.map((each) => `ansi-${each}`)].filter(Boolean).join(" ")}>
            {part.content}
          </span>
        ))}
      </span>
    </div>
  );
});
