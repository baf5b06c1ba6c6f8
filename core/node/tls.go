package node

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync/atomic"
)

// certificates holds a node's certificate and CA, which may be replaced while it runs.
type certificates struct {
	files TLSFiles
	now   atomic.Pointer[loadedTLS]
}

type loadedTLS struct {
	cert tls.Certificate
	ca   *x509.CertPool // nil: peers' certificates are not verified, only their proof
}

// loadCertificates reads the files.
func loadCertificates(files TLSFiles) (*certificates, error) {
	c := &certificates{files: files}
	return c, c.reload()
}

// reload reads the files again; on an error what was loaded stays.
func (c *certificates) reload() error {
	cert, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		return fmt.Errorf("reading the TLS certificate %s and key %s: %w", c.files.Cert, c.files.Key, err)
	}
	l := &loadedTLS{cert: cert}
	if c.files.CA != "" {
		pem, err := os.ReadFile(c.files.CA)
		if err != nil {
			return fmt.Errorf("reading the TLS certificate authority: %w", err)
		}
		l.ca = x509.NewCertPool()
		if !l.ca.AppendCertsFromPEM(pem) {
			return fmt.Errorf("reading the TLS certificate authority: %s holds no PEM certificate", c.files.CA)
		}
	}
	c.now.Store(l)
	return nil
}

// server is the configuration of the listener.
func (c *certificates) server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{peerProtocol, "h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &c.now.Load().cert, nil
		},
	}
}

// peerClient is the configuration for dialling the peer called host.
func (c *certificates) peerClient(host string) *tls.Config {
	ca := c.now.Load().ca
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{peerProtocol},
		ServerName: host,
		RootCAs:    ca,
		// Without a CA the peer's proof of the network password, which covers this channel's exporter, is what
		// authenticates it: nobody in between can produce it.
		InsecureSkipVerify: ca == nil,
	}
}
