import { LinkIcon } from "@primer/octicons-react";
import { memo } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { plural } from "../../lib/format.ts";
import { stepEnded, stepWrong, toneOf } from "../../lib/status.ts";
import { StateWord } from "../../ui/state.tsx";
import { useGrid } from "../../ui/use-grid.ts";
import type { LaneRow, Lanes as LanesModel } from "./lanes-model.ts";

type Step = Schemas["Step"];
type Choice = { readonly selected: string | null; readonly onSelect: (step: string) => void };

const ROW = 52;
/** Least widths of the columns, in pixels. */
const SERVICE = 130;
const STEP = 112;
/** Builds that are shown one by one; of more, only those that still matter. */
const BUILDS = 8;

/** A run as lanes: what is built, then a row for each service with its steps in each environment. Rows out of sight are not in the document. */
export function Lanes({ lanes, selected, onSelect }: { lanes: LanesModel } & Choice) {
  return (
    <>
      <Builds builds={lanes.builds} selected={selected} onSelect={onSelect} />
      {lanes.rows.length > 0 && <Grid lanes={lanes} selected={selected} onSelect={onSelect} />}
    </>
  );
}

function Builds({ builds, selected, onSelect }: { builds: readonly Step[] } & Choice) {
  const shown =
    builds.length <= BUILDS ? builds : builds.filter((step) => !stepEnded(step.status) || stepWrong(step.status)).slice(0, BUILDS);
  if (builds.length === 0) return null;
  return (
    <ul className="builds" aria-label="Builds">
      {shown.map((step) => (
        <li key={step.id}>
          <StepChip step={step} label={step.id.replace(":", " ")} selected={selected === step.id} onSelect={onSelect} tabIndex={0} />
        </li>
      ))}
      {builds.length > shown.length && <li className="muted small">{plural(builds.length - shown.length, "other build")}</li>}
    </ul>
  );
}

function Grid({ lanes: { environments, columns, rows }, selected, onSelect }: { lanes: LanesModel } & Choice) {
  const { scroller, virtualizer, active, onKeyDown, onFocus } = useGrid({
    rows: rows.length,
    columns: columns.length + 1,
    rowHeight: ROW,
  });
  const template = `minmax(${SERVICE}px, 1fr) repeat(${columns.length}, minmax(${STEP}px, 1fr))`;
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label="Steps by service and environment"
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      className="grid lanes"
      style={{ "--columns": template, "--least": `${SERVICE + columns.length * STEP}px` } as React.CSSProperties}
    >
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row">
          <div role="columnheader" aria-colindex={1} className="grid-cell">
            Service
          </div>
          {environments.map(({ id, gate, kinds }, index) => (
            <div
              key={id}
              role="columnheader"
              aria-colindex={2 + environments.slice(0, index).reduce((sum, before) => sum + before.kinds.length, 0)}
              aria-colspan={kinds.length}
              className="grid-cell lane-head"
              style={{ gridColumn: `span ${kinds.length}` }}
            >
              <span>{id}</span>
              {gate && <StepChip step={gate} label="gate" selected={selected === gate.id} onSelect={onSelect} tabIndex={0} />}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: virtualizer.getTotalSize() }} onKeyDown={onKeyDown} onFocus={onFocus}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <Lane
                key={row.service}
                row={row}
                columns={columns}
                index={item.index}
                top={item.start}
                activeColumn={item.index === active.row ? active.column : null}
                selected={selected}
                onSelect={onSelect}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

type LaneProps = {
  readonly row: LaneRow;
  readonly columns: LanesModel["columns"];
  readonly index: number;
  readonly top: number;
  readonly activeColumn: number | null;
} & Choice;

function Lane({ row, columns, index, top, activeColumn, selected, onSelect }: LaneProps) {
  const cell = (column: number) => ({
    "aria-colindex": column + 1,
    "data-row": index,
    "data-column": column,
    tabIndex: activeColumn === column ? 0 : -1,
  });
  return (
    <div role="row" aria-rowindex={index + 2} className="grid-row" style={{ height: ROW, transform: `translateY(${top}px)` }}>
      <div role="rowheader" className="grid-cell service" {...cell(0)}>
        {row.service}
      </div>
      {row.cells.map((step, at) => {
        const column = columns[at];
        const place = column ? `${column.kind} ${column.environment}` : "";
        const first = column?.environment !== columns[at - 1]?.environment;
        if (!step) return <div key={place} role="gridcell" className={first ? "grid-cell first" : "grid-cell"} {...cell(at + 1)} />;
        const { "aria-colindex": colindex, ...focus } = cell(at + 1);
        return (
          <div key={place} role="gridcell" aria-colindex={colindex} className={first ? "grid-cell first" : "grid-cell"}>
            <StepChip step={step} label={step.kind} selected={selected === step.id} onSelect={onSelect} {...focus} />
          </div>
        );
      })}
    </div>
  );
}

type ChipProps = {
  readonly step: Step;
  readonly label: string;
  readonly selected: boolean;
  readonly onSelect: (step: string) => void;
  readonly tabIndex: number;
  readonly "data-row"?: number;
  readonly "data-column"?: number;
};

const StepChip = memo(function StepChip({ step, label, selected, onSelect, ...focus }: ChipProps) {
  return (
    <button
      type="button"
      className={`chip step-chip border-${toneOf(step.status)}`}
      aria-pressed={selected}
      data-step={step.id}
      title={titleOf(step)}
      onClick={() => onSelect(step.id)}
      {...focus}
    >
      <span className="small">
        {label}
        {step.joined && (
          <span className="muted joined">
            <LinkIcon size={12} /> run {step.joined.run}
          </span>
        )}
      </span>{" "}
      <StateWord state={step.status} size={12} />
    </button>
  );
});

/** Characters of a reason that are shown over a step; its panel has all. */
const TITLE = 400;

function titleOf(step: Step): string | undefined {
  const parts = [(step.waitingFor ?? step.reason)?.message, step.joined ? `joined: run ${step.joined.run}` : undefined].filter(Boolean);
  return parts.length === 0 ? undefined : parts.join(" · ").slice(0, TITLE);
}
