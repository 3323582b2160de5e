export type ClusterErrorCode =
  /** Nothing says where the cluster is; or what says it cannot be used. */
  | "no-kubeconfig"
  | "bad-kubeconfig"
  | "unknown-context"
  /** The program of the kubeconfig that makes credentials has failed. */
  | "exec-failed"
  | "unreachable"
  /** Its certificate is not one that the kubeconfig trusts. */
  | "untrusted"
  | "wrong-cluster"
  | "unknown-kind"
  /** What the API server answers. */
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "invalid"
  | "too-large"
  | "expired"
  | "unavailable"
  | "refused";

/** The API server's own words, `meta/v1.Status`. */
export type Status = {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
};

/** A problem with a cluster that a person can act on; `hint` says how. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  readonly code: ClusterErrorCode;
  readonly hint: string;
  readonly status: Status | null;
  constructor(code: ClusterErrorCode, message: string, hint: string, options?: ErrorOptions & { readonly status?: Status }) {
    super(message, options);
    this.code = code;
    this.hint = hint;
    this.status = options?.status ?? null;
  }
}

export function isClusterError(error: unknown, ...codes: readonly ClusterErrorCode[]): error is ClusterError {
  return error instanceof ClusterError && (codes.length === 0 || codes.includes(error.code));
}
