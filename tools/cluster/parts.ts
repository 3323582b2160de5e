import { join } from "node:path";

/** In the order in which they start. */
export const PARTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "registry"] as const;
export type Part = (typeof PARTS)[number];

/** Those that every cluster has; the registry starts where it is asked for. */
export const CONTROL_PLANE: readonly Part[] = PARTS.filter((part) => part !== "registry");

/** Those that live by asking the API server. */
export const CLIENTS: readonly Part[] = ["kube-controller-manager", "kube-scheduler", "kwok"];

/** Ports on 127.0.0.1, the same for as long as the cluster is there. */
const PORTS = ["etcd", "peer", "api", "controllers", "scheduler", "kubelet", "registry"] as const;
export type Ports = Readonly<Record<(typeof PORTS)[number], number>>;
export const PORT_COUNT = PORTS.length;
export const namePorts = (numbers: readonly number[]): Ports => Object.fromEntries(PORTS.map((name, i) => [name, numbers[i]])) as Ports;

export const serverOf = (ports: Ports): string => `https://127.0.0.1:${ports.api}`;
export const credentials = (directory: string, file: string): string => join(directory, "pki", file);
export const kubeconfigOf = (directory: string): string => credentials(directory, "admin.kubeconfig");
export const kwokConfig = (directory: string): string => join(directory, "kwok.yaml");
export const registryConfig = (directory: string): string => join(directory, "registry.yaml");

const LOOPBACK = "--bind-address=127.0.0.1";
const QUICK = ["--leader-elect=false", "--kube-api-qps=300", "--kube-api-burst=600", "--profiling=false"];

/** Arguments of each part, as the program that holds them all takes them. */
export const argumentsOf: Readonly<Record<Part, (directory: string, ports: Ports) => readonly string[]>> = {
  etcd: (directory, { etcd, peer }) => [
    `--data-dir=${join(directory, "etcd")}`,
    `--listen-client-urls=http://127.0.0.1:${etcd}`,
    `--advertise-client-urls=http://127.0.0.1:${etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-cluster=default=http://127.0.0.1:${peer}`,
    // Survives the end of the process, not that of the host, and needs no quick disk.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ],
  "kube-apiserver": (directory, { etcd, api }) => [
    LOOPBACK,
    `--secure-port=${api}`,
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.0.0.0/16",
    "--authorization-mode=Node,RBAC",
    `--client-ca-file=${credentials(directory, "ca.crt")}`,
    `--tls-cert-file=${credentials(directory, "apiserver.crt")}`,
    `--tls-private-key-file=${credentials(directory, "apiserver.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${credentials(directory, "service-accounts.key")}`,
    `--service-account-key-file=${credentials(directory, "service-accounts.pub")}`,
    `--kubelet-client-certificate=${credentials(directory, "kubelet-client.crt")}`,
    `--kubelet-client-key=${credentials(directory, "kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--profiling=false",
  ],
  "kube-controller-manager": (directory, { controllers }) => [
    LOOPBACK,
    `--secure-port=${controllers}`,
    `--kubeconfig=${credentials(directory, "kube-controller-manager.kubeconfig")}`,
    `--root-ca-file=${credentials(directory, "ca.crt")}`,
    `--service-account-private-key-file=${credentials(directory, "service-accounts.key")}`,
    ...QUICK,
    "--concurrent-deployment-syncs=10",
    "--concurrent-replicaset-syncs=10",
  ],
  "kube-scheduler": (directory, { scheduler }) => [
    LOOPBACK,
    `--secure-port=${scheduler}`,
    `--kubeconfig=${credentials(directory, "kube-scheduler.kubeconfig")}`,
    ...QUICK,
  ],
  kwok: (directory, { kubelet }) => [
    `--kubeconfig=${credentials(directory, "kwok.kubeconfig")}`,
    `--config=${kwokConfig(directory)}`,
    "--enable-crds=Logs",
    "--manage-all-nodes",
    // No leases: a kwok that starts anew would wait until those of the one before have run out. The heartbeat is in the nodes' status.
    "--node-lease-duration-seconds=0",
    "--cidr=10.244.0.0/16",
    "--node-ip=127.0.0.1",
    `--node-port=${kubelet}`,
    `--server-address=127.0.0.1:${kubelet}`,
    `--tls-cert-file=${credentials(directory, "apiserver.crt")}`,
    `--tls-private-key-file=${credentials(directory, "apiserver.key")}`,
  ],
  registry: (directory) => [registryConfig(directory)],
};

/** A registry's configuration: YAML, of which JSON is a part. `htpasswd`: the file of those who may; null: all may. */
export const registryServing = (
  directory: string,
  port: number,
  htpasswd: string | null,
  tls: { readonly certificate: string; readonly key: string } | null = null,
): string =>
  JSON.stringify({
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: directory }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, ...(tls === null ? {} : { tls }) },
    ...(htpasswd === null ? {} : { auth: { htpasswd: { realm: "registry", path: htpasswd } } }),
  });
