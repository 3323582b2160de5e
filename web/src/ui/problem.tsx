import { Banner, Button, Spinner } from "@primer/react";
import type { UseQueryResult } from "@tanstack/react-query";
import { ApiError } from "../lib/api.ts";

/** What went wrong and what to do about it, with every diagnostic where a config was not valid. */
export function ProblemNote({ title, error, onRetry }: { title: string; error: Error; onRetry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <div role="alert">
      <Banner
        variant="critical"
        title={title}
        description={
          <>
            {error.message}
            {problem?.hint ? `. ${problem.hint}` : ""}
            {problem?.diagnostics && (
              <ul className="diagnostics">
                {problem.diagnostics.map((each) => (
                  <li key={`${each.file}:${each.line}:${each.column}:${each.code}`}>
                    <code>
                      {each.file}:{each.line}:{each.column}
                    </code>{" "}
                    {each.message} <span className="muted">({each.code})</span>
                  </li>
                ))}
              </ul>
            )}
          </>
        }
        primaryAction={onRetry && <Banner.PrimaryAction onClick={onRetry}>Try again</Banner.PrimaryAction>}
      />
    </div>
  );
}

type Shown<T> = Pick<UseQueryResult<T>, "data" | "error" | "isFetching"> & { refetch(): Promise<unknown> };

type LoadedProps<T> = {
  readonly query: Shown<T>;
  readonly what: string;
  /** What a failure means here, where it is more than that something did not come. */
  readonly failed?: string;
  readonly children: (data: T) => React.ReactNode;
};

/** A query's answer; its failure is shown as one, never as an empty list, and what was known before stays beneath it. */
export function Loaded<T>({ query, what, failed = `Could not load ${what}`, children }: LoadedProps<T>) {
  const retry = () => void query.refetch();
  return (
    <>
      {query.error && <ProblemNote title={failed} error={query.error} onRetry={retry} />}
      {query.data === undefined && !query.error && <Loading what={what} />}
      {query.data !== undefined && children(query.data)}
    </>
  );
}

export const Loading = ({ what }: { what: string }) => (
  <p role="status" className="loading">
    <Spinner size="small" srText={null} /> Loading {what}
  </p>
);

export const More = ({ onClick, loading }: { onClick: () => void; loading: boolean }) => (
  <Button onClick={onClick} loading={loading} className="more">
    Show more
  </Button>
);
