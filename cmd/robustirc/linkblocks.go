package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	blocktemplate "text/template"

	"robustirc/linkgw/config"
)

// blockValues are what the blocks for the existing network's configuration say.
type blockValues struct {
	uplink       config.Uplink
	from         string
	send, accept string // "" shows where they stand instead
	broadcast    bool   // the capture mode is broadcast
}

// blockTexts are the blocks, by what reads them. What they call accepting is our sending.
var blockTexts = map[string]string{
	"solanum, charybdis (ircd.conf)": `class "robustirc" { ping_time = 2 minutes; connectfreq = 1 hour; max_number = 1; max_autoconn = 0; sendq = 64 megabytes; };
connect "{{.Server}}" {
    host = "{{.From}}";
    send_password = "{{.Accept}}";
    accept_password = "{{.Send}}";
    class = "robustirc";
    flags = topicburst{{if .Certfp}}, ssl{{end}};{{if .Certfp}}
    fingerprint = "{{.Certfp}}";{{end}}
};
exempt { ip = "{{.From}}"; };
`,
	"ircd-hybrid (ircd.conf)": `class { name = "robustirc"; ping_time = 2 minutes; connectfreq = 1 hour; max_number = 1; sendq = 64 mbytes; };
connect {
    name = "{{.Server}}";
    host = "{{.From}}";
    send_password = "{{.Accept}}";
    accept_password = "{{.Send}}";
    encrypted = no;
    class = "robustirc";{{if .Certfp}}
    tls_certificate_fingerprint = "{{.Certfp}}";{{end}}
};
exempt { ip = "{{.From}}"; };
`,
	"UnrealIRCd 5, 6 (unrealircd.conf)": `class robustirc { pingfreq 90; connfreq 3600; maxclients 1; sendq 64M; }
link {{.Server}} {
    incoming { mask {{.From}}; }
    password "{{.Send}}";
    class robustirc;
}
{{if .Broadcast}}/* on every server of the network, for capture mode broadcast: */
set { broadcast-channel-messages always; }
{{end}}`,
}

// blocksFor are the blocks that fit a protocol and dialect.
func blocksFor(u config.Uplink) []string {
	switch {
	case u.Protocol == "unreal":
		return []string{"UnrealIRCd 5, 6 (unrealircd.conf)"}
	case u.Dialect == "hybrid":
		return []string{"ircd-hybrid (ircd.conf)"}
	case u.Dialect != "":
		return []string{"solanum, charybdis (ircd.conf)"}
	}
	return []string{"solanum, charybdis (ircd.conf)", "ircd-hybrid (ircd.conf)"}
}

// printBlocks prints the blocks with their names.
func printBlocks(out io.Writer, v blockValues) error {
	for _, name := range blocksFor(v.uplink) {
		text, err := block(name, v)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "# %s\n%s\n", name, text); err != nil {
			return err
		}
	}
	return nil
}

func block(name string, v blockValues) (string, error) {
	u := v.uplink
	send, accept := v.send, v.accept
	if send == "" {
		send = "(what is in " + u.SendPasswordFile + ")"
	}
	if accept == "" {
		accept = "(what is in " + u.AcceptPasswordFile + ")"
	}
	certfp, err := ownFingerprint(u.TLS)
	if err != nil {
		return "", err
	}
	tmpl, err := blocktemplate.New(name).Parse(blockTexts[name])
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = tmpl.Execute(&b, struct {
		Server, From, Send, Accept, Certfp string
		Broadcast                          bool
	}{u.Server, v.from, quoteBlock(send), quoteBlock(accept), certfp, v.broadcast})
	return b.String(), err
}

// quoteBlock makes a text fit between the quotes of a configuration.
func quoteBlock(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// ownFingerprint is that of our certificate, where we show one.
func ownFingerprint(t config.UplinkTLS) (string, error) {
	if t.Certificate == "" {
		return "", nil
	}
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return "", fmt.Errorf("our certificate for the link: %w", err)
	}
	sum := sha256.Sum256(pair.Certificate[0])
	return hex.EncodeToString(sum[:]), nil
}

// reachTarget looks whether nodes of the new network answer, with certificates that we trust.
func reachTarget(ctx context.Context, out io.Writer, t config.Target) error {
	servers, err := discover(ctx, strings.Join(t.Servers, ","))
	if err != nil {
		return err
	}
	cfg, err := clientTLS(t.CA)
	if err != nil {
		return err
	}
	var last error
	for _, s := range servers {
		conn, err := (&tls.Dialer{NetDialer: new(net.Dialer), Config: cfg}).DialContext(ctx, "tcp", s)
		if err == nil {
			conn.Close()
			_, err = fmt.Fprintf(out, "%s answers\n", s)
			return err
		}
		last = err
	}
	return fmt.Errorf("no node of the new network answers: %w", last)
}
