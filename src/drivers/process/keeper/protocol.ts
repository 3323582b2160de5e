import type { Observed } from "../../../core/run/events.ts";
import type { Answer, Release } from "./state.ts";

/** What a keeper is asked: `POST /<act>` with a JSON body on loopback, with the token as bearer. */
export type Requests = {
  /** Brings a release; joins an apply of the same attempt that is under way, and answers one that has ended as it did then. */
  apply: { readonly ask: { readonly service: string; readonly release: Release }; readonly answer: Answer };
  cancel: { readonly ask: { readonly service: string; readonly attempt: string }; readonly answer: null };
  observe: { readonly ask: { readonly service: string }; readonly answer: Observed };
  /** Answers what is in the way of what is on record, or null when it runs. */
  resume: {
    readonly ask: { readonly service: string; readonly commit: string; readonly digest: string | null };
    readonly answer: string | null;
  };
  /** Ends every instance, then the keeper. */
  stop: { readonly ask: Record<string, never>; readonly answer: null };
  ping: { readonly ask: Record<string, never>; readonly answer: null };
};
export type Act = keyof Requests;

/** `keeper.json`: where a keeper listens, and the token that it wants. */
export type Contact = { readonly pid: number; readonly start: string; readonly port: number; readonly token: string };
