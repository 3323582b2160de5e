import { KebabHorizontalIcon, LinkExternalIcon } from "@primer/octicons-react";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { Schemas } from "../../../../src/contract/client.ts";
import { shortCommit } from "../../lib/format.ts";
import { StateWord } from "../../ui/state.tsx";
import { useGrid } from "../../ui/use-grid.ts";
import { EnvironmentHeader } from "./environment-header.tsx";
import type { FleetCell, FleetRow } from "./model.ts";
import { TargetStops } from "./stops.tsx";
import { type OpenMenu, useTargetMenu } from "./target-menu.tsx";

/** Height of a row in pixels: a line of what is live, and one of what stops it. */
const ROW = 48;
/** Least widths of the columns, in pixels: what they hold in a line. */
const SERVICE = 140;
const ENVIRONMENT = 320;
type Props = { readonly environments: readonly Schemas["Environment"][]; readonly rows: readonly FleetRow[] };

/** Services by environments: what is live, how it is, what happens there now. */
export function Matrix({ environments, rows }: Props) {
  const columns = environments.length + 1;
  const { scroller, virtualizer, active, onKeyDown, onFocus } = useGrid({ rows: rows.length, columns, rowHeight: ROW });
  const { openMenu, menu } = useTargetMenu();
  const template = `minmax(${SERVICE}px, 0.6fr) repeat(${environments.length}, minmax(${ENVIRONMENT}px, 1fr))`;
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label="Services by environment"
      aria-rowcount={rows.length + 1}
      aria-colcount={columns}
      className="grid"
      style={{ "--columns": template, "--least": `${SERVICE + environments.length * ENVIRONMENT}px` } as React.CSSProperties}
    >
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row">
          <div role="columnheader" aria-colindex={1} className="grid-cell">
            Service
          </div>
          {environments.map((environment, index) => (
            <EnvironmentHeader key={environment.id} environment={environment} column={index + 2} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: virtualizer.getTotalSize() }} onKeyDown={onKeyDown} onFocus={onFocus}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <ServiceRow
                key={row.service}
                row={row}
                index={item.index}
                top={item.start}
                activeColumn={item.index === active.row ? active.column : null}
                onMenu={openMenu}
              />
            )
          );
        })}
      </div>
      {menu}
    </div>
  );
}

type RowProps = {
  readonly row: FleetRow;
  readonly index: number;
  readonly top: number;
  readonly activeColumn: number | null;
  readonly onMenu: OpenMenu;
};

function ServiceRow({ row, index, top, activeColumn, onMenu }: RowProps) {
  return (
    <div role="row" aria-rowindex={index + 2} className="grid-row" style={{ height: ROW, transform: `translateY(${top}px)` }}>
      <div role="rowheader" aria-colindex={1} className="grid-cell" data-row={index} data-column={0} tabIndex={activeColumn === 0 ? 0 : -1}>
        <span className="service">{row.service}</span> <span className="muted small">{row.tier}</span>
      </div>
      {row.cells.map((cell, column) => (
        <div
          // The order of environments is the row's own.
          key={column}
          role="gridcell"
          aria-colindex={column + 2}
          className="grid-cell"
          data-row={index}
          data-column={column + 1}
          tabIndex={activeColumn === column + 1 ? 0 : -1}
        >
          {cell ? (
            <CellContent cell={cell} active={activeColumn !== null} onMenu={onMenu} />
          ) : (
            <span className="muted small">not here</span>
          )}
        </div>
      ))}
    </div>
  );
}

type ContentProps = { readonly cell: FleetCell; readonly active: boolean; readonly onMenu: OpenMenu };

/** Links and the menu are in the tab order in the active row alone: a page of a thousand services would have no end. */
const CellContent = memo(function CellContent({ cell: { target, now }, active, onMenu }: ContentProps) {
  const tabIndex = active ? 0 : -1;
  return (
    <>
      <div className="target">
        <div className="target-line">
          <LiveNow target={target} tabIndex={tabIndex} />
          {now && (
            <Link
              to="/runs/$id"
              params={{ id: now.run }}
              search={{ step: now.step }}
              className="now"
              tabIndex={tabIndex}
              title={[now.why, `run ${now.run}`].filter(Boolean).join(" · ")}
            >
              <StateWord state={now.status}>
                {now.kind} {now.status}
              </StateWord>
            </Link>
          )}
          {target.queue > 0 && <span className="muted small">{target.queue} queued</span>}
        </div>
        <div className="target-line small stops">
          <TargetStops target={target} />
        </div>
      </div>
      <button
        type="button"
        className="icon-button"
        aria-haspopup="menu"
        tabIndex={tabIndex}
        onClick={(event) => onMenu(target, event.currentTarget)}
      >
        <KebabHorizontalIcon size={16} />
        <span className="hidden">
          Actions for {target.service} in {target.environment}
        </span>
      </button>
    </>
  );
});

function LiveNow({ target, tabIndex }: { target: FleetCell["target"]; tabIndex: number }) {
  return (
    <>
      {target.commit === null ? (
        <span className="muted small">nothing live</span>
      ) : (
        <>
          <code title={target.commit}>{shortCommit(target.commit)}</code>
          <StateWord state={target.health} />
        </>
      )}
      {target.url !== undefined && (
        <a className="icon-link" href={target.url} target="_blank" rel="noreferrer" tabIndex={tabIndex} title={target.url}>
          <LinkExternalIcon size={14} />
          <span className="hidden">
            Open {target.service} in {target.environment}
          </span>
        </a>
      )}
    </>
  );
}
