import type { Config } from "../../core/config/config.ts";
import { WORKFLOW_FILES, WORKFLOWS_FOLDER } from "../../core/config/github.ts";
import { approveAll, rollbackAll } from "./by-hand.ts";
import { deployAll } from "./deploy-all.ts";
import { deployEnvironment } from "./deploy-environment.ts";
import { deployService } from "./deploy-service.ts";
import { emit } from "./emit.ts";
import type { Workflow } from "./model.ts";
import { placesOf, projectOf } from "./project.ts";
import { waves } from "./waves.ts";

/** The workflow files of a config that has `github`, by their paths from the repository's root; `directory` is where its `sluice.yaml` is. The same for the same config. */
export function generateWorkflows(config: Config, directory: string): ReadonlyMap<string, string> {
  const project = projectOf(config, directory);
  const workflows = new Map<string, Workflow>([
    [WORKFLOW_FILES.all, deployAll(project)],
    ...project.places.map((place) => [WORKFLOW_FILES.environment(place.id), deployEnvironment(project, place)] as const),
    ...Object.entries(config.services)
      .filter(([, service]) => placesOf(project, service).length > 0)
      .map(([id, service]) => [WORKFLOW_FILES.service(id), deployService(project, id, service)] as const),
    [WORKFLOW_FILES.waves, waves(project)],
    [WORKFLOW_FILES.rollback, rollbackAll(project)],
    [WORKFLOW_FILES.approve, approveAll(project)],
  ]);
  const frame = { runner: project.github.runner, directory };
  return new Map([...workflows].map(([name, workflow]) => [`${WORKFLOWS_FOLDER}/${name}`, emit(workflow, frame)]));
}
