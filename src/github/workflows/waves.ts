import type { EnvironmentId } from "../../core/config/config.ts";
import { expression, lock, type Fields, type Job, type Workflow } from "./model.ts";
import { credentialsOf, legMs, minutes, placesOf, type Project } from "./project.ts";
import { declaredSecrets, maskKey, sluice, withImages, WRITE } from "./steps.ts";

/** Beyond that GitHub's limits on what one token may write would come first. */
const AT_ONCE = 16;

/** Any earlier wave, not only the one before: a wave that is skipped behind one that has failed looks like an empty one. */
const NO_BACK_HAS_FAILED =
  "(inputs.direction != 'rollback' || !contains(needs.*.result, 'failure') && !contains(needs.*.result, 'cancelled'))";

/** What deploys: wave after wave, each a matrix of legs. Called only. */
export function waves(project: Project): Workflow {
  const numbers = Array.from({ length: project.waves }, (_, i) => i + 1);
  const text = (description: string, needed = true): Fields => ({
    description,
    type: "string",
    required: needed,
    ...(needed ? {} : { default: "" }),
  });
  return {
    name: "Sluice waves",
    on: {
      workflow_call: {
        inputs: {
          environment: text("Environment"),
          commit: text("Full commit"),
          waves: text("Waves, as JSON"),
          artifacts: text("Digests, as JSON"),
          direction: text("deploy or rollback"),
          to: text("What a rollback goes back to", false),
          reason: text("Why", false),
        },
        secrets: declaredSecrets(project, project.places, "deploy"),
      },
    },
    jobs: Object.fromEntries(numbers.map((number) => [`wave-${number}`, waveJob(project, number)])),
  };
}

function waveJob(project: Project, number: number): Job {
  const first = number === 1;
  const something = `fromJSON(inputs.waves).n[${number - 1}] > 0`;
  return {
    name: `Wave ${number}: ${expression("matrix.chunk.name")}`,
    ...(first
      ? {
          about:
            "The legs of a wave need nothing of each other. One that fails stops no other of its wave. Nor of a later one, in a deploy: each is judged by itself. In a rollback nothing goes back under what has failed to.",
        }
      : { needs: Array.from({ length: number - 1 }, (_, i) => `wave-${i + 1}`) }),
    if: first ? something : `!cancelled() && ${NO_BACK_HAS_FAILED} && ${something}`,
    strategy: {
      "fail-fast": false,
      "max-parallel": AT_ONCE,
      matrix: { chunk: expression(`fromJSON(inputs.waves).waves[${number - 1}]`) },
    },
    environment: expression("inputs.environment"),
    concurrency: lock(`sluice/target/${expression("inputs.environment")}/${expression("matrix.chunk.name")}`),
    permissions: withImages(project, WRITE, "deploy"),
    minutes: legMinutes(project, number === project.waves),
    steps: sluice(project, "Deploy", 'deploy --env "$SLUICE_ENV"', {
      setup: "deploy",
      env: {
        SLUICE_ENV: expression("inputs.environment"),
        SLUICE_COMMIT: expression("inputs.commit"),
        SLUICE_CHUNK: expression("toJSON(matrix.chunk)"),
        SLUICE_ARTIFACTS: expression("inputs.artifacts"),
        SLUICE_DIRECTION: expression("inputs.direction"),
        SLUICE_TO: expression("inputs.to"),
        SLUICE_REASON: expression("inputs.reason"),
      },
      secrets: { ...secretsByEnvironment(project), ...maskKey(project) },
    }),
  };
}

/** A leg takes as long as its slowest service; the last wave also holds the levels for which there are no waves, one after the other. */
function legMinutes(project: Project, last: boolean): number {
  const slowest = Math.max(
    ...Object.values(project.config.services).flatMap((service) =>
      placesOf(project, service).map((place) => legMs(project, service, place)),
    ),
  );
  return minutes(slowest * (last ? 1 + project.surplus : 1));
}

/** This file serves all environments: each is given what it names itself, and nothing of the others, also where a secret is the repository's. */
export function secretsByEnvironment(project: Project): Fields {
  const { places } = project;
  const all = places.length;
  return Object.fromEntries(
    [...credentialsOf(project, places)].map(([name, environments]) => [
      name,
      expression(environments.length === all ? `secrets.${name}` : `${isOneOf(environments)} && secrets.${name} || ''`),
    ]),
  );
}

const isOneOf = (environments: readonly EnvironmentId[]): string =>
  environments.length === 1
    ? `inputs.environment == '${environments.join("")}'`
    : `contains(fromJSON('${JSON.stringify(environments)}'), inputs.environment)`;
