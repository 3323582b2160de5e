import { createRootRoute, createRoute, createRouter, Link } from "@tanstack/react-router";
import { ApprovalsPage } from "./features/approvals/approvals-page.tsx";
import { FleetPage } from "./features/fleet/fleet-page.tsx";
import { RunPage } from "./features/run/run-page.tsx";
import { RunsPage } from "./features/runs/runs-page.tsx";
import { Shell } from "./features/shell/shell.tsx";
import { WaitingPage } from "./features/waiting/waiting-page.tsx";
import type { Live } from "./lib/live.ts";
import { runStatuses } from "./lib/status.ts";
import { ProblemNote } from "./ui/problem.tsx";

/** Search values are read as JSON where they look like it: a filter of digits comes as a number. */
const textOf = (value: unknown): string | undefined =>
  typeof value === "number" ? String(value) : typeof value === "string" && value !== "" ? value : undefined;

/** Addresses of the pages; what a page shows of itself (filter, status, step) is part of its address. */
export function createPageRouter(live: Live) {
  const root = createRootRoute({
    component: () => <Shell live={live} />,
    notFoundComponent: NotFound,
    errorComponent: ({ error }) => (
      <ProblemNote
        title="The page failed"
        error={error instanceof Error ? error : new Error(String(error))}
        onRetry={() => location.reload()}
      />
    ),
  });
  const fleet = createRoute({
    getParentRoute: () => root,
    path: "/",
    validateSearch: (search): { filter?: string } => optional("filter", textOf(search["filter"])),
    component: function Fleet() {
      const { filter = "" } = fleet.useSearch();
      const navigate = fleet.useNavigate();
      return <FleetPage filter={filter} onFilter={(text) => void navigate({ search: text ? { filter: text } : {}, replace: true })} />;
    },
  });
  const approvals = createRoute({ getParentRoute: () => root, path: "/approvals", component: ApprovalsPage });
  const waiting = createRoute({
    getParentRoute: () => root,
    path: "/waiting",
    validateSearch: (search): { filter?: string } => optional("filter", textOf(search["filter"])),
    component: function Waiting() {
      const { filter = "" } = waiting.useSearch();
      const navigate = waiting.useNavigate();
      return <WaitingPage filter={filter} onFilter={(text) => void navigate({ search: text ? { filter: text } : {}, replace: true })} />;
    },
  });
  const runs = createRoute({
    getParentRoute: () => root,
    path: "/runs",
    validateSearch: (search): { status?: string } =>
      optional(
        "status",
        runStatuses.find((status) => status === search["status"]),
      ),
    component: function Runs() {
      const { status = "" } = runs.useSearch();
      const navigate = runs.useNavigate();
      return <RunsPage status={status} onStatus={(next) => void navigate({ search: next ? { status: next } : {}, replace: true })} />;
    },
  });
  const run = createRoute({
    getParentRoute: () => root,
    path: "/runs/$id",
    validateSearch: (search): { step?: string } => optional("step", textOf(search["step"])),
    component: function Run() {
      const { id } = run.useParams();
      const { step = null } = run.useSearch();
      const navigate = run.useNavigate();
      return (
        <RunPage key={id} id={id} step={step} onStep={(next) => void navigate({ search: next ? { step: next } : {}, replace: true })} />
      );
    },
  });
  return createRouter({ routeTree: root.addChildren([fleet, approvals, waiting, runs, run]), defaultPreload: false });
}

const optional = <K extends string>(key: K, value: string | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: string };

const NotFound = () => (
  <section className="page">
    <h1>There is no such page</h1>
    <p>
      <Link to="/">To the fleet</Link>
    </p>
  </section>
);

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
