export { endAttempts } from "./end-attempts.ts";
export { ExecutorError } from "./errors.ts";
export { LocalExecutor, type LocalExecutorOptions } from "./executor.ts";
