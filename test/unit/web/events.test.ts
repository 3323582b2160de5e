import { expect, test } from "vitest";
import type { Event } from "../../../src/core/run/events.ts";
import { eventTypes } from "../../../web/src/lib/events.ts";

/** Every kind of event that the core knows: the compiler refuses this table when one is missing or unknown. */
const known: Readonly<Record<Event["type"], true>> = {
  "deploy.admitted": true,
  "rollback.admitted": true,
  "attempt.ended": true,
  "attempt.lost": true,
  "artifact.found": true,
  "artifact.asked": true,
  "target.observed": true,
  "target.settled": true,
  "target.watched": true,
  "relation.known": true,
  "render.known": true,
  "gate.decided": true,
  "run.cancelled": true,
  "run.retried": true,
  "environment.held": true,
  "environment.unheld": true,
  "target.locked": true,
  "target.unlocked": true,
  "environment.locked": true,
  "environment.unlocked": true,
  "target.pinned": true,
  "target.unpinned": true,
  "environment.frozen": true,
  "environment.thawed": true,
  "rollback.declined": true,
  tick: true,
  reevaluate: true,
};

test("the page listens for every kind of event", () => {
  expect([...eventTypes].sort()).toEqual(Object.keys(known).sort());
});
