import { shortCommit } from "../../contract/explain.ts";
import { readEvents, type StreamMessage } from "../../contract/stream.ts";
import { answer, everyItem, PAGE_SIZE } from "../../cli/api.ts";
import type { Connection } from "../../cli/context.ts";
import { isNews, stepLine, tally } from "../../cli/follow/reporter.ts";
import { RunView, type StepChange, type StreamEvent } from "../../cli/follow/view.ts";
import { fetchRun } from "../../cli/follow/watch.ts";
import { paintStatus, type Colors } from "../../cli/output/paint.ts";
import { clock, duration, safe } from "../../cli/output/text.ts";

type Waiter = { readonly run: string; readonly until: (view: RunView) => boolean; readonly resolve: (view: RunView) => void };

/** Tells all runs of a server as they go on, a line for each change. */
export class Narrator {
  readonly #connection: Connection;
  readonly #colors: Colors;
  readonly #print: (line: string) => void;
  readonly #views = new Map<string, Promise<RunView>>();
  readonly #ended = new Set<string>();
  #waiters: Waiter[] = [];

  constructor(connection: Connection, colors: Colors, print: (line: string) => void) {
    this.#connection = connection;
    this.#colors = colors;
    this.#print = print;
  }

  /** Begins to listen, and resolves when nothing that comes later is missed. `told` settles when the stream has ended. */
  async start(signal: AbortSignal): Promise<{ readonly told: Promise<void> }> {
    const stream = readEvents({ ...this.#connection.api, signal });
    await stream.next(); // the hello
    const open = await everyItem((cursor) =>
      answer(
        this.#connection.client.GET("/api/v1/runs", {
          params: { query: { status: "queued,running,waiting", limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) } },
        }),
      ),
    );
    for (const run of open.toReversed()) await this.#meet(run.id);
    return { told: this.#tell(stream, signal) };
  }

  /** The run once it is as asked for, or has ended. */
  async when(run: string, until: (view: RunView) => boolean): Promise<RunView> {
    const view = await this.#meet(run);
    if (view.ended || until(view)) return view;
    return new Promise((resolve) => {
      this.#waiters.push({ run, until, resolve });
    });
  }

  async #tell(stream: AsyncGenerator<StreamMessage>, signal: AbortSignal): Promise<void> {
    try {
      for await (const message of stream) if (message.type === "event") await this.#hear(message.event);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #hear(event: StreamEvent): Promise<void> {
    const concerned = new Set(
      event.changes.flatMap((change) => (change.table === "run" ? [change.row.id] : change.table === "step" ? [change.row.run] : [])),
    );
    for (const run of concerned) {
      if (this.#ended.has(run)) continue;
      const view = await this.#meet(run);
      this.#changed(view, view.apply(event));
    }
  }

  /** A run that is known, or is looked at for the first time. */
  #meet(run: string): Promise<RunView> {
    const known = this.#views.get(run) ?? this.#introduce(run);
    this.#views.set(run, known);
    return known;
  }

  async #introduce(run: string): Promise<RunView> {
    const detail = await fetchRun(this.#connection, run);
    const why = detail.reason ? `: ${safe(detail.reason)}` : "";
    this.#print(`${this.#colors.bold(`run ${run}`)}: ${detail.kind} ${shortCommit(detail.commit)} by ${safe(detail.by)}${why}`);
    return new RunView(detail);
  }

  #changed(view: RunView, changes: readonly StepChange[]): void {
    const { run } = view;
    for (const change of changes.filter(isNews))
      this.#print(`${this.#colors.dim(`${clock(change.at)} run ${run.id}`)} ${stepLine(change.step, this.#colors)}`);
    if (view.ended) {
      this.#ended.add(run.id);
      const counts = Object.entries(tally(run.steps)).map(([status, number]) => `${number} ${status}`);
      const time = run.endedAt === null ? "" : ` in ${duration(Date.parse(run.endedAt) - Date.parse(run.createdAt))}`;
      this.#print(`${this.#colors.bold(`run ${run.id}`)} ${paintStatus(run.status, this.#colors)}${time}: ${counts.join(", ")}`);
    }
    const [done, rest] = partition(this.#waiters, (waiter) => waiter.run === run.id && (view.ended || waiter.until(view)));
    this.#waiters = rest;
    for (const waiter of done) waiter.resolve(view);
  }
}

function partition<T>(items: readonly T[], matches: (item: T) => boolean): [T[], T[]] {
  return [items.filter(matches), items.filter((item) => !matches(item))];
}
