package main

import (
	"bytes"
	"crypto/tls"
	"net"
	"os"
	"testing"
	"time"
)

// handshake connects with the authority of dir, and returns the certificate that the server shows.
func handshake(t *testing.T, server *tls.Config, caFile, name string) ([]byte, error) {
	t.Helper()
	client, err := clientTLS(caFile)
	if err != nil {
		t.Fatal(err)
	}
	client.ServerName = name
	ln, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		if conn, err := ln.Accept(); err == nil {
			conn.(*tls.Conn).Handshake() // fails when the client refuses, which the client reports
			conn.Close()
		}
	}()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", ln.Addr().String(), client)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Raw, nil
}

func TestCertificatesAreGoodForThisMachine(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	c, err := ensureCertificates(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := loadCertificate(c.Cert, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if _, err := handshake(t, cert.serverConfig(), c.CA, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := handshake(t, cert.serverConfig(), c.CA, "example.net"); err == nil {
		t.Error("the certificate is good for another machine")
	}
	if info, err := os.Stat(c.Key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
	before, _ := os.ReadFile(c.Cert)
	if _, err := ensureCertificates(dir, now); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(c.Cert); !bytes.Equal(before, after) {
		t.Error("good certificates were replaced")
	}
	if _, err := ensureCertificates(dir, now.Add(certificateLife)); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(c.Cert); bytes.Equal(before, after) {
		t.Error("expired certificates were kept")
	}
}

func TestReloadTakesANewCertificateAndKeepsAGoodOne(t *testing.T) {
	dir := t.TempDir()
	c, err := ensureCertificates(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := loadCertificate(c.Cert, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	first, err := handshake(t, cert.serverConfig(), c.CA, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(c.Cert)
	if c, err = ensureCertificates(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := cert.reload(); err != nil {
		t.Fatal(err)
	}
	second, err := handshake(t, cert.serverConfig(), c.CA, "localhost")
	if err != nil || bytes.Equal(first, second) {
		t.Errorf("the new certificate is not shown: %v", err)
	}
	if err := os.WriteFile(c.Cert, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cert.reload(); err == nil {
		t.Error("garbage was accepted")
	}
	if third, err := handshake(t, cert.serverConfig(), c.CA, "localhost"); err != nil || !bytes.Equal(second, third) {
		t.Errorf("a bad file replaced a good certificate: %v", err)
	}
}
