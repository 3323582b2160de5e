import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { type Measure, median, rounded } from "./measure.ts";

export async function memory(): Promise<readonly Measure[]> {
  const child = fileURLToPath(new URL("memory-child.ts", import.meta.url));
  const held: number[] = [];
  const peak: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { stdout } = await execa(process.execPath, ["--expose-gc", child]);
    const said = JSON.parse(stdout) as { held: number; peak: number };
    held.push(said.held);
    peak.push(said.peak);
  }
  return [
    { name: "rss-3000-targets", value: rounded(median(held)), unit: "MB", note: "one run of all of them, waiting at its gate" },
    { name: "rss-3000-targets-peak", value: rounded(median(peak)), unit: "MB" },
  ];
}
