import { beforeAll, expect, test } from "vitest";
import type { Config } from "../../../src/core/config/config.ts";
import { problemsIn } from "../../rig/workflows/checks.ts";
import { actionlint, describeTools, languageService, zizmor } from "../../rig/workflows/linters.ts";
import { configOf, filesOf, guardsOf, harborWith } from "../../rig/workflows/projects.ts";
import { Scripted } from "../../rig/workflows/scripted.ts";
import { Simulation } from "../../rig/workflows/simulation.ts";
import type { Files } from "../../rig/workflows/workflow.ts";

/** Harbor with a secret in one of its environments, logins, and waits that a rule holds. */
function project(): object {
  const file = harborWith({}) as { environments: Record<string, object> };
  const login = { idToken: true, steps: [{ uses: `docker/login-action@${"1".repeat(40)}`, with: { password: "${{ github.token }}" } }] };
  return {
    ...file,
    github: { wait: "rule", setup: { build: login, deploy: login } },
    environments: { ...file.environments, mainnet: { ...file.environments["mainnet"], credentials: ["MAINNET_TOKEN"] } },
  };
}

type Check = "actionlint" | "zizmor" | "editor" | "own" | "simulation";
/** A mistake that a change of the generator could make, and who notices. */
type Mutation = readonly [what: string, file: string, from: string, to: string, noticed: readonly Check[]];

const LEGS = "sluice-waves";
const BACK = "(inputs.direction != 'rollback' || !contains(needs.*.result, 'failure') && !contains(needs.*.result, 'cancelled'))";
const MAINNET = "deploy-all-mainnet";
const GATED =
  "if: ${{ !cancelled() && needs.resolve.result == 'success' && (needs.build.result == 'success' || needs.build.result == 'skipped') && (needs.gate.result == 'success' || needs.resolve.outputs.gate == 'false') }}";
const CALL = "uses: ./.github/workflows/deploy-all-devnet.yml";

const mutations: readonly Mutation[] = [
  // Gates
  [
    "the waves do not need their gate",
    MAINNET,
    "needs: [resolve, build, gate]",
    "needs: [resolve, build]",
    ["actionlint", "editor", "own", "simulation"],
  ],
  [
    "the waves run whatever the gate says",
    MAINNET,
    GATED,
    "if: ${{ !cancelled() && needs.resolve.result == 'success' }}",
    ["own", "simulation"],
  ],
  ["a skipped gate counts as one that opened", MAINNET, "needs.gate.result == 'success'", "needs.gate.result != 'failure'", ["own"]],
  ["the gate is in no environment", MAINNET, "    environment: mainnet-approval\n", "", ["own", "simulation"]],
  ["the gate is in the environment of the legs", MAINNET, "environment: mainnet-approval", "environment: mainnet", ["own", "simulation"]],
  ["an approval is not verified", MAINNET, "sluice ci gate --env mainnet", "true", ["own", "simulation"]],
  [
    "a service passes its gate by",
    "deploy-api",
    " && needs.gate-mainnet.result == 'success' && needs.wait-mainnet",
    " && needs.wait-mainnet",
    ["own"],
  ],
  ["a missing answer counts as no gate needed", MAINNET, "outputs.gate != 'false' &&", "outputs.gate == 'true' &&", ["simulation"]],
  [
    "nothing is said where a gate is asked for that the files lack",
    "deploy-all-devnet",
    "steps.resolve.outputs.gate != 'false'",
    "failure()",
    ["simulation"],
  ],
  ["the gate's job is called otherwise", MAINNET, "name: Gate of mainnet", "name: Gate", ["own"]],
  // Wiring
  [
    "an unknown job is needed",
    "deploy-all",
    "needs: [plan, build]\n",
    "needs: [plan, built]\n",
    ["actionlint", "editor", "own", "simulation"],
  ],
  [
    "jobs need each other",
    "deploy-all",
    "    name: Build\n    needs: [plan]",
    "    name: Build\n    needs: [plan, deploy-mainnet]",
    ["actionlint", "editor", "own", "simulation"],
  ],
  [
    "an output is misspelt",
    "deploy-all",
    "needs.build.outputs.artifacts",
    "needs.build.outputs.artifact",
    ["actionlint", "editor", "simulation"],
  ],
  [
    "an output is taken from a job that is not needed",
    MAINNET,
    "needs: [resolve, build, gate]",
    "needs: [build, gate]",
    ["actionlint", "editor", "simulation"],
  ],
  ["an input is misspelt", "deploy-all", "      artifacts: ${{", "      artefacts: ${{", ["actionlint", "editor", "simulation"]],
  [
    "an input is forgotten",
    "deploy-all",
    "      artifacts: ${{ needs.build.outputs.artifacts || '{}' }}\n",
    "",
    ["actionlint", "editor", "simulation"],
  ],
  [
    "a caller is in an environment",
    "deploy-all",
    `    ${CALL}`,
    `    environment: devnet\n    ${CALL}`,
    ["actionlint", "editor", "own", "simulation"],
  ],
  ["a function is misspelt", LEGS, "!cancelled()", "!canceled()", ["actionlint", "editor", "own", "simulation"]],
  [
    "a condition looks at the matrix",
    LEGS,
    "if: ${{ !cancelled() &&",
    "if: ${{ matrix.chunk && !cancelled() &&",
    ["actionlint", "editor", "own", "simulation"],
  ],
  [
    "a failure stops the later environments",
    "deploy-all",
    "needs: [plan, build, deploy-devnet]\n    if: ${{ !cancelled() &&",
    "needs: [plan, build, deploy-devnet]\n    if: ${{",
    ["simulation"],
  ],
  ["a failure stops the later waves", LEGS, `if: \${{ !cancelled() && ${BACK}`, `if: \${{ ${BACK}`, ["simulation"]],
  ["a rollback goes on behind what has failed to go back", LEGS, `${BACK} && `, "", ["simulation"]],
  ["a rollback goes on behind a skipped wave", LEGS, "needs: [wave-1, wave-2]", "needs: [wave-2]", ["simulation"]],
  [
    "an empty wave runs",
    LEGS,
    `if: \${{ !cancelled() && ${BACK} && fromJSON(inputs.waves).n[1] > 0 }}`,
    "if: ${{ !cancelled() }}",
    ["simulation"],
  ],
  ["a failed leg ends the others", LEGS, "      fail-fast: false\n", "", ["own"]],
  ["a cancelled run goes on", LEGS, `if: \${{ !cancelled() && ${BACK}`, `if: \${{ always() && ${BACK}`, ["simulation"]],
  ["the report is left out where something failed", "deploy-all", "if: ${{ always() }}", "if: ${{ success() }}", ["simulation"]],
  ["a service does not wait for what it needs", "deploy-web", "sluice ci wait --env devnet --service web", "true", ["own", "simulation"]],
  ["a rule does not hold the wait", "deploy-web", "    environment: devnet-needs\n", "", ["own", "simulation"]],
  ["a wait is held where secrets are", "deploy-web", "environment: devnet-needs", "environment: devnet", ["own", "simulation"]],
  ["a wait is held where people approve", "deploy-web", "environment: devnet-needs", "environment: devnet-approval", ["own", "simulation"]],
  [
    "a wait is held by another environment's rule",
    "deploy-web",
    "environment: devnet-needs",
    "environment: mainnet-needs",
    ["own", "simulation"],
  ],
  // Locks
  ["a lock ends who has it", "deploy-all", "      queue: max\n", "      queue: max\n      cancel-in-progress: true\n", ["editor", "own"]],
  ["a lock is misspelt", "deploy-all", "      queue: max\n", "      queue: maxx\n", ["editor", "own", "simulation"]],
  ["a lock does not queue", LEGS, "      queue: max\n", "", ["own", "simulation"]],
  [
    "a lock inside itself",
    LEGS,
    "group: sluice/target/${{ inputs.environment }}/${{ matrix.chunk.name }}",
    "group: sluice/env/${{ inputs.environment }}",
    ["own", "simulation"],
  ],
  [
    "builds do not lock each other out",
    "deploy-all",
    "group: sluice/build/${{ needs.plan.outputs.commit }}",
    "group: build-${{ github.run_id }}",
    ["own"],
  ],
  // Builds and logins
  [
    "an environment by hand builds nothing",
    MAINNET,
    "needs.resolve.outputs.build != '[]'",
    "needs.resolve.outputs.build == '[]'",
    ["simulation"],
  ],
  [
    "what an environment by hand has built is not what it deploys",
    MAINNET,
    "${{ needs.resolve.outputs.build != '[]' && needs.build.outputs.artifacts || needs.resolve.outputs.artifacts }}",
    "${{ needs.resolve.outputs.artifacts }}",
    ["simulation"],
  ],
  [
    "a failed build is deployed all the same",
    MAINNET,
    "(needs.build.result == 'success' || needs.build.result == 'skipped')",
    "(needs.build.result != 'cancelled')",
    ["simulation"],
  ],
  [
    "the gate may ask for an identity",
    MAINNET,
    "actions: read # see who has approved",
    "actions: read # see who has approved\n      id-token: write # too much",
    ["own"],
  ],
  [
    "the gate logs in",
    MAINNET,
    "- name: Verify the approval",
    `- uses: docker/login-action@${"1".repeat(40)}\n      - name: Verify the approval`,
    ["own"],
  ],
  ["a called workflow may not log in", "deploy-all", "      id-token: write # passed on to the called workflow\n", "", ["own"]],
  // Rights
  ["all permissions for every job", "deploy-all", "permissions: {}\n", "permissions: write-all\n", ["zizmor", "own"]],
  ["a permission is misspelt", "deploy-all", "deployments: write", "deployment: write", ["actionlint", "editor", "own", "simulation"]],
  ["a job may not write what its command writes", "rollback-all", "deployments: write", "deployments: read", ["own"]],
  [
    "a called workflow asks for more than it is given",
    "deploy-all",
    "deployments: write # passed on",
    "deployments: read # passed on",
    ["own"],
  ],
  [
    "an expression in a command",
    "deploy-all",
    "sluice ci plan --waves 4",
    "sluice ci plan --waves 4 ${{ inputs.commit }}",
    ["zizmor", "own"],
  ],
  ["an action that its owner may move", "deploy-all", "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5", ["zizmor", "own"]],
  ["a token is left on the disk", "deploy-all", "          persist-credentials: false\n", "", ["zizmor", "own"]],
  ["the history is missing", LEGS, "          fetch-depth: 0\n", "", ["own"]],
  [
    "what is deployed is also what runs",
    LEGS,
    "          fetch-depth: 0\n",
    "          fetch-depth: 0\n          ref: ${{ inputs.commit }}\n",
    ["own"],
  ],
  ["all secrets are passed on", "deploy-all", `    ${CALL}`, `    secrets: inherit\n    ${CALL}`, ["zizmor", "own"]],
  [
    "a secret outside of its environment",
    "deploy-all",
    "          SLUICE_KEYS:",
    "          TOKEN: ${{ secrets.MAINNET_TOKEN }}\n          SLUICE_KEYS:",
    ["zizmor", "own", "simulation"],
  ],
  [
    "every environment sees a secret of one",
    LEGS,
    "${{ inputs.environment == 'mainnet' && secrets.MAINNET_TOKEN || '' }}",
    "${{ secrets.MAINNET_TOKEN }}",
    ["simulation"],
  ],
  [
    "a secret is forgotten on its way",
    MAINNET,
    "    secrets:\n      MAINNET_TOKEN: ${{",
    "    secrets:\n      OTHER_TOKEN: ${{",
    ["actionlint", "editor", "simulation"],
  ],
  ["pull requests deploy", "deploy-all", "  push:\n", "  pull_request_target:\n", ["zizmor", "own", "simulation"]],
];

describeTools("actionlint", "zizmor")("which check notices which mistake", () => {
  let config: Config;
  let files: Files;
  beforeAll(async () => {
    config = await configOf(project());
    files = await filesOf(project());
  });

  test("the files as they are pass every check", async () => {
    expect(await noticedBy(config, files)).toEqual([]);
  });

  test.each(mutations)("%s", async (_what, name, from, to, noticed) => {
    const path = `.github/workflows/${name}.yml`;
    const text = files.get(path) ?? "";
    expect(text).toContain(from);
    const changed = new Map([...files, [path, text.replace(from, () => to)]]);
    const found = await noticedBy(config, changed);
    expect(found).not.toEqual([]);
    expect(found).toEqual(noticed);
  });
});

async function noticedBy(config: Config, files: Files): Promise<readonly Check[]> {
  const said: Readonly<Record<Check, boolean>> = {
    actionlint: actionlint(files) !== "",
    zizmor: zizmor(files) !== "",
    editor: (await languageService(files)) !== "",
    own: await problemsIn(files, guardsOf(config)).then(
      (found) => found.length > 0,
      () => true,
    ),
    simulation: (await stories(config, files)) !== (await expected(config)),
  };
  return (Object.keys(said) as Check[]).filter((check) => said[check]);
}

const known = new Map<Config, Promise<string>>();
function expected(config: Config): Promise<string> {
  const before = known.get(config) ?? filesOf(project()).then((files) => stories(config, files));
  known.set(config, before);
  return before;
}

/** What happens in a few runs, in a text. */
async function stories(config: Config, files: Files): Promise<string> {
  const script = { secrets: { repository: { MAINNET_TOKEN: "secret" } } };
  const starts: readonly (readonly [string, Record<string, string> | null, ConstructorParameters<typeof Scripted>[1]])[] = [
    ["deploy-all", null, script],
    ["deploy-all", null, { ...script, fails: ["auth@devnet", "orders@canary"] }],
    ["deploy-all", null, { ...script, leftOut: ["api@devnet"], gate: () => "reject" }],
    ["deploy-all-mainnet", { commit: "main" }, { ...script, says: { gate: "" }, broken: ["gate mainnet"] }],
    ["deploy-all-mainnet", { commit: "main" }, { ...script, says: { gate: "false", direction: "rollback", build: "[]" } }],
    ["deploy-all-mainnet", { commit: "main" }, { ...script, broken: ["build"] }],
    ["deploy-all-mainnet", { commit: "main" }, script],
    ["deploy-all-devnet", { commit: "main" }, { ...script, says: { gate: "true" } }],
    [
      "deploy-all-devnet",
      { commit: "main" },
      { ...script, ends: ({ run, environment }) => (environment !== null && (run.cancelled = true), true) },
    ],
    ["rollback-all", { environment: "mainnet", reason: "broken" }, script],
    ["rollback-all", { environment: "canary", reason: "broken" }, script],
    ["rollback-all", { environment: "mainnet", reason: "broken" }, { ...script, fails: ["web@mainnet"] }],
    ["deploy-web", null, { ...script, broken: ["wait devnet"] }],
    ["deploy-web", null, { ...script, rule: ({ environment }) => (environment === "devnet-needs" ? "reject" : "approve") }],
    ["deploy-api", null, script],
  ];
  const told: string[] = [];
  for (const [name, inputs, said] of starts) {
    const world = new Scripted(config, said);
    const simulation = new Simulation(files, world);
    try {
      const run = await simulation.start(`.github/workflows/${name}.yml`, inputs === null ? "push" : "workflow_dispatch", inputs ?? {});
      await simulation.settle();
      told.push(`${name}: ${run.result}`, ...world.acts.map(({ what, env }) => `${what} ${JSON.stringify(env)}`));
    } catch (error) {
      told.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return told.join("\n");
}
