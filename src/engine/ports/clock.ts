/** Wall time in milliseconds since 1970, and a timer. The loop makes time monotonic itself. */
export interface Clock {
  now(): number;
  /** Calls back once, about `ms` later; returns the way to stop it. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}
