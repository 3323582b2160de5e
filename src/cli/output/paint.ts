import pc from "picocolors";
import type { Schemas } from "../../contract/client.ts";
import type { Part } from "../../core/config/print.ts";

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours say what the words say already. `NO_COLOR` as on no-color.org: set to anything but nothing. */
export function wantsColors(env: Readonly<Record<string, string | undefined>>, isTTY: boolean, flag: boolean): boolean {
  if (!flag || env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] !== undefined) return env["FORCE_COLOR"] !== "0";
  return isTTY && env["TERM"] !== "dumb";
}

export const colorsOf = (on: boolean): Colors => pc.createColors(on);

type StepStatus = Schemas["StepStatus"];

export function paintStatus(status: StepStatus | Schemas["RunStatus"], colors: Colors, text: string = status): string {
  switch (status) {
    case "succeeded":
      return colors.green(text);
    case "failed":
    case "errored":
      return colors.red(text);
    case "running":
      return colors.cyan(text);
    case "waiting":
    case "blocked":
      return colors.yellow(text);
    case "queued":
    case "pending":
    case "skipped":
    case "superseded":
    case "cancelled":
      return colors.dim(text);
  }
}

export function paintHealth(health: Schemas["HealthState"], colors: Colors): string {
  switch (health) {
    case "healthy":
      return colors.green(health);
    case "progressing":
      return colors.cyan(health);
    case "degraded":
      return colors.red(health);
    case "unknown":
      return colors.yellow(health);
    case "none":
      return colors.dim(health);
  }
}

export function paintPart(part: Part, text: string, colors: Colors): string {
  switch (part) {
    case "error":
    case "squiggle":
      return colors.red(text);
    case "warning":
      return colors.yellow(text);
    case "location":
      return colors.bold(text);
    case "hint":
      return colors.cyan(text);
    case "code":
    case "gutter":
      return colors.dim(text);
  }
}
