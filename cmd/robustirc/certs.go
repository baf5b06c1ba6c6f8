package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// certificateLife is how long the certificates that dev makes are valid; it makes new ones in the last third.
const certificateLife = 3 * 365 * 24 * time.Hour

// certificates are the files of a certificate authority and of one certificate for this machine.
type certificates struct{ CA, Cert, Key string }

// ensureCertificates makes the certificates in dir unless valid ones are there. The authority's key is not kept: it
// signs one certificate for localhost and is forgotten.
func ensureCertificates(dir string, now time.Time) (certificates, error) {
	c := certificates{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	if c.valid(now) {
		return c, nil
	}
	caPEM, certPEM, keyPEM, err := makeCertificates(now)
	if err != nil {
		return c, fmt.Errorf("making certificates: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, fmt.Errorf("making certificates: %w", err)
	}
	for _, f := range []struct {
		name string
		data []byte
		mode fs.FileMode
	}{{c.CA, caPEM, 0o644}, {c.Cert, certPEM, 0o644}, {c.Key, keyPEM, 0o600}} {
		if err := os.WriteFile(f.name, f.data, f.mode); err != nil {
			return c, fmt.Errorf("making certificates: %w", err)
		}
	}
	return c, nil
}

// valid reports whether the files are there and have a third of their life left.
func (c certificates) valid(now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil || pair.Leaf == nil {
		return false
	}
	_, err = os.Stat(c.CA)
	return err == nil && now.Add(certificateLife/3).Before(pair.Leaf.NotAfter)
}

// makeCertificates returns an authority's certificate, a certificate for this machine signed by it, and its key.
func makeCertificates(now time.Time) (caPEM, certPEM, keyPEM []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	ca := template("RobustIRC development authority", now)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	leaf := template("localhost", now)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leaf.DNSNames = []string{"localhost"}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, nil, err
	}
	return encodePEM("CERTIFICATE", caDER), encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", keyDER), nil
}

func template(name string, now time.Time) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
	}
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// clientTLS verifies servers against the authorities in a file, or the system's when there is none.
func clientTLS(caFile string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return cfg, nil
	}
	data, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authorities: %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(data) {
		return nil, usageError{fmt.Errorf("%s holds no certificate in PEM form", caFile)}
	}
	return cfg, nil
}

// reloadingCertificate serves a certificate that can be read again without losing connections.
type reloadingCertificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

func loadCertificate(certFile, keyFile string) (*reloadingCertificate, error) {
	if certFile == "" || keyFile == "" {
		return nil, usageError{errors.New("a TLS listener needs a certificate and a key")}
	}
	r := &reloadingCertificate{certFile: certFile, keyFile: keyFile}
	return r, r.reload()
}

// reload reads the files again; a bad file never replaces a good one.
func (r *reloadingCertificate) reload() error {
	pair, err := tls.LoadX509KeyPair(r.certFile, r.keyFile)
	if err != nil {
		return fmt.Errorf("reading the TLS certificate: %w", err)
	}
	r.current.Store(&pair)
	return nil
}

func (r *reloadingCertificate) serverConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return r.current.Load(), nil },
	}
}
