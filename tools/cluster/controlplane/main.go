// Command controlplane holds the parts of a Kubernetes control plane, an image registry, and fake nodes,
// in one program: `controlplane PART [flags]`, with each part's own flags.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

var parts = map[string]func() error{
	"etcd":                    func() error { etcdmain.Main(os.Args); return nil },
	"kube-apiserver":          component(apiserver.NewAPIServerCommand),
	"kube-controller-manager": component(controllers.NewControllerManagerCommand),
	"kube-scheduler":          component(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kwok":                    fakeNodes,
	"registry":                imageRegistry,
	"credentials":             credentials,
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		names := []string{}
		for name := range parts {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: controlplane %s [flags]\n", strings.Join(names, "|"))
		os.Exit(2)
	}
	part := os.Args[1]
	os.Args = os.Args[1:]
	if err := parts[part](); err != nil {
		fmt.Fprintf(os.Stderr, "controlplane: %s: %v\n", part, err)
		os.Exit(1)
	}
}

func component(command func() *cobra.Command) func() error {
	return func() error { os.Exit(cli.Run(command())); return nil }
}

// credentials is `credentials DIRECTORY SERVER-URL CONTEXT`.
func credentials() error {
	if len(os.Args) != 4 {
		return fmt.Errorf("wants DIRECTORY SERVER-URL CONTEXT")
	}
	return writeCredentials(os.Args[1], os.Args[2], os.Args[3])
}

// imageRegistry is `registry serve CONFIG`, of which only the file system is linked in.
func imageRegistry() error {
	os.Args = append([]string{"registry", "serve"}, os.Args[1:]...)
	return registry.RootCmd.Execute()
}

// fakeNodes is kwok's own main function; but Kubernetes' packages have put a --version into the global flags,
// which cobra would take for the one that it adds itself.
func fakeNodes() error {
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ExitOnError)
	global := pflag.NewFlagSet("global", pflag.ContinueOnError)
	global.ParseErrorsAllowlist.UnknownFlags = true
	global.Usage = func() {}
	ctx, _ := kwoklog.InitFlags(signals.SetupSignalContext(), global)
	ctx, err := kwokconfig.InitFlags(ctx, global)
	if err != nil {
		return err
	}
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(global)
	return command.ExecuteContext(ctx)
}
