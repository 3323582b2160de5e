import { GitMergeIcon } from "@primer/octicons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { type Live, useLiveState } from "../../lib/live.ts";
import { approvals, health, session } from "../../lib/queries.ts";
import { questionsOf } from "../approvals/model.ts";
import { LoginDialog } from "./login-dialog.tsx";

/** What every page has around it. */
export function Shell({ live }: { live: Live }) {
  const { data: server } = useQuery(health);
  const { data: who } = useQuery(session);
  const questions = questionsOf(useQuery(approvals).data ?? []).length;
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <span className="brand">
          <GitMergeIcon size={20} /> Sluice {server && <span className="muted project">{server.project}</span>}
        </span>
        <nav aria-label="Main">
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
            Fleet
          </Link>
          <Link to="/approvals">
            Approvals
            {questions > 0 && (
              <span className="badge">
                {questions}
                <span className="hidden"> to decide</span>
              </span>
            )}
          </Link>
          <Link to="/waiting" activeOptions={{ includeSearch: false }}>
            Waiting
          </Link>
          <Link to="/runs" activeOptions={{ includeSearch: false }}>
            Runs
          </Link>
        </nav>
        <span className="top-end">
          <LiveWord live={live} />
          {who?.actor && <span className="muted">{who.actor}</span>}
        </span>
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <LoginDialog live={live} />
    </div>
  );
}

function LiveWord({ live }: { live: Live }) {
  const state = useLiveState(live);
  return (
    <span role="status" className={`live live-${state}`}>
      <span className="live-dot" />
      {state}
    </span>
  );
}
