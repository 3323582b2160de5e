import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type FocusEvent, type KeyboardEvent, useCallback, useLayoutEffect, useRef, useState } from "react";

type Options = {
  readonly rows: number;
  readonly columns: number;
  /** Height of a row in pixels. */
  readonly rowHeight: number;
};

/**
 * A grid of many rows of which only those in sight are in the document, walked with the arrow keys as WAI-ARIA describes it: one cell is in the tab order.
 * Cells carry `data-row` and `data-column`. The active row stays in the document when it is scrolled away, or focus would fall to the body.
 */
export function useGrid({ rows, columns, rowHeight }: Options) {
  const scroller = useRef<HTMLDivElement>(null);
  const wanted = useRef(false);
  const [chosen, setActive] = useState({ row: 0, column: 0 });
  const active = { row: Math.min(chosen.row, Math.max(0, rows - 1)), column: Math.min(chosen.column, columns - 1) };

  const rangeExtractor = useCallback(
    (range: Range) => {
      const shown = defaultRangeExtractor(range);
      if (active.row >= range.count || shown.includes(active.row)) return shown;
      return [...shown, active.row].sort((a, b) => a - b);
    },
    [active.row],
  );
  const virtualizer = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    rangeExtractor,
  });

  useLayoutEffect(() => {
    if (!wanted.current) return;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-row="${active.row}"][data-column="${active.column}"]`);
    if (!cell) return;
    wanted.current = false;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
    const to = moved(event, active, { rows, columns, page });
    if (!to) return;
    event.preventDefault();
    wanted.current = true;
    virtualizer.scrollToIndex(to.row);
    setActive(to);
  };
  const onFocus = (event: FocusEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    const row = Number(cell?.dataset["row"] ?? active.row);
    const column = Number(cell?.dataset["column"] ?? active.column);
    if (row !== active.row || column !== active.column) setActive({ row, column });
  };
  return { scroller, virtualizer, active, onKeyDown, onFocus };
}

type Cell = { readonly row: number; readonly column: number };

/** Where a key leads from a cell; null where it is not one that moves. */
function moved(event: KeyboardEvent, { row, column }: Cell, size: { rows: number; columns: number; page: number }): Cell | null {
  const clamp = (to: Cell): Cell => ({
    row: Math.max(0, Math.min(size.rows - 1, to.row)),
    column: Math.max(0, Math.min(size.columns - 1, to.column)),
  });
  switch (event.key) {
    case "ArrowDown":
      return clamp({ row: row + 1, column });
    case "ArrowUp":
      return clamp({ row: row - 1, column });
    case "ArrowRight":
      return clamp({ row, column: column + 1 });
    case "ArrowLeft":
      return clamp({ row, column: column - 1 });
    case "PageDown":
      return clamp({ row: row + size.page, column });
    case "PageUp":
      return clamp({ row: row - size.page, column });
    case "Home":
      return clamp({ row: event.ctrlKey ? 0 : row, column: 0 });
    case "End":
      return clamp({ row: event.ctrlKey ? size.rows - 1 : row, column: size.columns - 1 });
    default:
      return null;
  }
}
