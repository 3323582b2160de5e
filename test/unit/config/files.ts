import type { Config } from "../../../src/core/config/config.ts";
import { parseConfig } from "../../../src/core/config/parse.ts";
import { printDiagnostics } from "../../../src/core/config/print.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { adapters } from "./adapters.ts";

/** The config of a file that must be fine. */
export function configOf(text: string): Config {
  const { config, diagnostics } = parseConfig(text, "sluice.yaml", adapters, hostZones);
  if (config === null) throw new Error(printDiagnostics(diagnostics, () => text));
  return config;
}

/** Codes of what is said about a file, in the order of the text. */
export function codesOf(text: string): readonly string[] {
  return parseConfig(text, "sluice.yaml", adapters, hostZones).diagnostics.map((diagnostic) => diagnostic.code);
}

/** A file with many services: chains of backends, every tenth a frontend. */
export function largeFile(services: number): string {
  const lines = [
    "version: 1",
    "project: large",
    "environments:",
    "  devnet: { order: any }",
    "  canary: { needs: [devnet] }",
    "  mainnet: { needs: [canary] }",
  ];
  lines.push("artifacts:", "  mega: { bundle: { path: . } }", "services:");
  for (let index = 0; index < services; index++) {
    const frontend = index % 10 === 9;
    lines.push(
      `  s${index}:`,
      `    tier: ${frontend ? "frontend" : "backend"}`,
      `    paths: [services/s${index}, packages/shared]`,
      "    artifact: mega",
    );
    if (!frontend && index % 10 > 0) lines.push(`    needs: [s${index - 1}]`);
    lines.push(`    deploy: { process: { command: [node, services/s${index}/server.js], health: /healthz } }`);
    lines.push('    verify: { http: "${url}/version", expect: { commit: "${commit}" }, soak: 2m }');
  }
  return `${lines.join("\n")}\n`;
}
