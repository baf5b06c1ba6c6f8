package linktest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Certificate is a certificate that signed itself.
type Certificate struct {
	PEM, KeyPEM []byte
	// Fingerprint is its SHA-256 in hexadecimal.
	Fingerprint string
	// Roots trusts it.
	Roots *x509.CertPool
}

// newCertificate makes one of RSA, since ircd-hybrid's option speaks of an RSA key.
func newCertificate(t testing.TB) *Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hub.example.net"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	sum := sha256.Sum256(der)
	return &Certificate{
		Fingerprint: hex.EncodeToString(sum[:]),
		PEM:         pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyPEM:      pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		Roots:       roots,
	}
}

// client is the configuration of who connects to a server with this certificate, and checks it.
func (c *Certificate) client() *tls.Config { return &tls.Config{RootCAs: c.Roots} }

// pair is the certificate for who shows it.
func (c *Certificate) pair(t testing.TB) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(c.PEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
