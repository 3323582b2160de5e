package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// clients says which groups RBAC sees each client in. Each gets a kubeconfig of its name.
// The controller manager acts by itself here, and not as one service account for each controller.
var clients = map[string][]string{
	"admin":                   {"system:masters"},
	"kwok":                    {"system:masters"},
	"kube-controller-manager": {"system:masters"},
	"kube-scheduler":          nil,
}

// authority signs what the parts show each other.
type authority struct {
	directory string
	key       crypto.Signer
	template  *x509.Certificate
	der       []byte
}

// writeCredentials makes everything that the parts of one cluster need to trust each other, valid for ten years,
// and a kubeconfig for each client, in which the cluster and its context have the given name.
func writeCredentials(directory, server, name string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority(directory)
	if err != nil {
		return err
	}
	serving := template("kube-apiserver", nil, x509.ExtKeyUsageServerAuth)
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.IPv4(10, 0, 0, 1)}
	if _, _, err := ca.issue("apiserver", serving); err != nil {
		return err
	}
	kubelet := template("kube-apiserver-kubelet-client", []string{"system:masters"}, x509.ExtKeyUsageClientAuth)
	if _, _, err := ca.issue("kubelet-client", kubelet); err != nil {
		return err
	}
	for client, groups := range clients {
		user := client
		if groups == nil {
			user = "system:" + client
		}
		certificate, key, err := ca.issue(client, template(user, groups, x509.ExtKeyUsageClientAuth))
		if err != nil {
			return err
		}
		if err := ca.kubeconfig(client, server, name, certificate, key); err != nil {
			return err
		}
	}
	return serviceAccountKey(directory)
}

func newAuthority(directory string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	self := template("sluice-cluster", nil)
	self.IsCA, self.BasicConstraintsValid = true, true
	self.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		return nil, err
	}
	ca := &authority{directory, key, self, der}
	if err := ca.write("ca.crt", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return ca, ca.writeKey("ca.key", key)
}

func template(name string, groups []string, usage ...x509.ExtKeyUsage) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: groups},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  usage,
	}
}

func (ca *authority) issue(file string, certificate *x509.Certificate) (certificatePEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, ca.template, key.Public(), ca.key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := ca.write(file+".crt", "CERTIFICATE", der); err != nil {
		return nil, nil, err
	}
	if err := ca.write(file+".key", "PRIVATE KEY", keyDER); err != nil {
		return nil, nil, err
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", keyDER), nil
}

func (ca *authority) kubeconfig(client, server, name string, certificate, key []byte) error {
	user := client + "@" + name // files of several clusters are merged, and a user's name counts once
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: block("CERTIFICATE", ca.der)}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: user, Namespace: "default"}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, filepath.Join(ca.directory, client+".kubeconfig"))
}

func (ca *authority) write(file, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(ca.directory, file), block(kind, der), 0o600)
}

func (ca *authority) writeKey(file string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return ca.write(file, "PRIVATE KEY", der)
}

// serviceAccountKey writes the pair that signs the tokens of service accounts.
func serviceAccountKey(directory string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(directory, "service-accounts.key"), block("PRIVATE KEY", private), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "service-accounts.pub"), block("PUBLIC KEY", public), 0o600)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
