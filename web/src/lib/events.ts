/** An EventSource hears only the kinds of event that it was told to listen for; a test holds this list against the core's own. */
export const eventTypes = [
  "deploy.admitted",
  "rollback.admitted",
  "attempt.ended",
  "attempt.lost",
  "target.observed",
  "target.settled",
  "target.watched",
  "relation.known",
  "render.known",
  "gate.decided",
  "run.cancelled",
  "run.retried",
  "environment.held",
  "environment.unheld",
  "tick",
  "reevaluate",
] as const;
