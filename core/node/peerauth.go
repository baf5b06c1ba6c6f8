package node

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// peerProtocol is the ALPN name of connections between nodes.
const peerProtocol = "robustirc-peer/1"

// streamKind says what a connection between nodes carries.
type streamKind byte

// The kinds of connections between nodes. The numbers are part of the peer protocol.
const (
	streamRaft streamKind = 'R'
	streamRPC  streamKind = 'C'
)

// Who speaks is part of a proof, so that one side's cannot be played back as the other's.
const (
	proofOfDialler  = "robustirc peer proof: dialler"
	proofOfListener = "robustirc peer proof: listener"
)

const (
	proofExporter = "EXPORTER-robustirc-peer-1"
	// proofRounds makes guessing the password from a proof costly, for whoever got a peer to dial them. Only a
	// cluster without a CA is exposed to that at all.
	proofRounds = 1 << 16
	maxPeerID   = 255
)

// errPeerProof is returned when the other side does not prove that it knows the network password.
var errPeerProof = errors.New("the other side does not know this network's password")

// peerKey is what proofs are made with.
type peerKey []byte

// newPeerKey derives the key from the network password.
func newPeerKey(password string) (peerKey, error) {
	return pbkdf2.Key(sha256.New, password, []byte("robustirc peer authentication 1"), proofRounds, sha256.Size)
}

// proof is an HMAC over the TLS channel's exporter, so it is worth nothing on any other channel, and over what its
// maker says about itself.
func (k peerKey) proof(c *tls.Conn, who string, said []byte) ([]byte, error) {
	state := c.ConnectionState()
	if state.Version < tls.VersionTLS13 {
		return nil, errors.New("peers speak TLS 1.3 or later")
	}
	channel, err := state.ExportKeyingMaterial(proofExporter, nil, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the channel's exporter: %w", err)
	}
	m := hmac.New(sha256.New, k)
	m.Write([]byte(who))
	m.Write(channel)
	m.Write(said)
	return m.Sum(nil), nil
}

// dialFunc connects to an address, as net.Dialer.DialContext does.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dial connects to a node and authenticates both sides.
func (k peerKey) dial(ctx context.Context, connect dialFunc, certs *certificates, addr, self string, kind streamKind) (*tls.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	raw, err := connect(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling peer %s: %w", addr, err)
	}
	conn := tls.Client(raw, certs.peerClient(host))
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("shaking hands with peer %s: %w", addr, err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := k.introduce(conn, self, kind); err != nil {
		conn.Close()
		return nil, fmt.Errorf("authenticating with peer %s: %w", addr, err)
	}
	if !stop() {
		conn.Close()
		return nil, ctx.Err()
	}
	return conn, conn.SetDeadline(time.Time{})
}

// introduce is the dialler's half: kind, length of the name, name, proof; the listener's proof comes back.
func (k peerKey) introduce(conn *tls.Conn, self string, kind streamKind) error {
	said := append([]byte{byte(kind), byte(len(self))}, self...)
	mine, err := k.proof(conn, proofOfDialler, said)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(said, mine...)); err != nil {
		return err
	}
	want, err := k.proof(conn, proofOfListener, said)
	if err != nil {
		return err
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		return fmt.Errorf("it closed the connection, so most likely its network password is another one: %w", err)
	}
	if !hmac.Equal(got, want) {
		return errPeerProof
	}
	return nil
}

// greeting is what a dialler said about itself.
type greeting struct {
	kind streamKind
	id   string
}

// welcome is the listener's half. Wrong proofs slow their source down through gate.
func (k peerKey) welcome(ctx context.Context, conn *tls.Conn, gate *PasswordGate) (greeting, error) {
	said := make([]byte, 2, 2+maxPeerID)
	if _, err := io.ReadFull(conn, said); err != nil {
		return greeting{}, err
	}
	said = said[:2+int(said[1])]
	got := make([]byte, sha256.Size)
	if _, err := io.ReadFull(conn, said[2:]); err != nil {
		return greeting{}, err
	}
	if _, err := io.ReadFull(conn, got); err != nil {
		return greeting{}, err
	}
	want, err := k.proof(conn, proofOfDialler, said)
	if err != nil {
		return greeting{}, err
	}
	err = gate.attempt(ctx, sourceOf(conn.RemoteAddr()), func() bool { return hmac.Equal(got, want) })
	if errors.Is(err, ErrWrongPassword) {
		return greeting{}, errPeerProof
	}
	if err != nil {
		return greeting{}, err
	}
	mine, err := k.proof(conn, proofOfListener, said)
	if err != nil {
		return greeting{}, err
	}
	_, err = conn.Write(mine)
	return greeting{kind: streamKind(said[0]), id: string(said[2:])}, err
}

// sourceOf is the IP address of a network address, without its port.
func sourceOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
