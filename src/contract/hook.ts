/** Where a server takes what a forge delivers. */
export const HOOK_PATH = "/api/v1/hooks/github";
