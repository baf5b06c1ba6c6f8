package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/linkgw/config"
)

// demoWindow is how long the judge waits for a counterpart.
const demoWindow = 10 * time.Second

// options are thresholds that a minute can meet. What must not happen at all must not happen here, too.
func (d *demo) options() compare.Options {
	o := compare.Options{Codec: liveCodec, ChannelModes: mirroredModes, Rules: compare.DefaultRules(), Gates: compare.DefaultGates(), Seed: 1, Window: demoWindow}
	g := &o.Gates
	g.Soak = min(g.Soak, d.length/2)
	g.Commands, g.CommandSeen = 5, 10
	g.CoveragePPB = 990_000_000
	g.P99, g.P999 = time.Second, 5*time.Second // three nodes, both networks and the judge share this machine
	g.UpperPPB = 100_000
	return o
}

// header describes the run.
func (d *demo) header(f *config.File) trace.Header {
	h := recordHeader(f)
	g := d.options().Gates
	h.Notes = append(h.Notes, fmt.Sprintf("a demonstration: the thresholds are for a minute and not for a migration (soak %v, the %d most frequent commands %d times, lag p99 %v, unexplained at most 1e-4)", g.Soak, g.Commands, g.CommandSeen, g.P99))
	if d.fault != "" {
		h.Notes = append(h.Notes, "a fault was planted on purpose: "+d.fault)
	}
	return h
}

// linkConfig is the gateway's configuration, with its passwords in files of the demo's directory.
func (d *demo) linkConfig(n *demoNetwork, hub string) *config.File {
	f := config.Default()
	secret := filepath.Join(d.dir, "gateway-password")
	if err := os.WriteFile(secret, []byte(demoSecret+"\n"), 0o600); err != nil {
		d.log.Error("writing the gateway's password", "error", err) // reading it says so again
	}
	f.Uplink.Address, f.Uplink.Plaintext = hub, true
	f.Uplink.Protocol = "ts6"
	if d.protocol == "unreal" {
		f.Uplink.Protocol = "unreal"
	}
	f.Uplink.Server, f.Uplink.SID = "gateway.example.net", "9GW"
	f.Uplink.SendPasswordFile, f.Uplink.AcceptPasswordFile = secret, secret
	f.Target.Servers, f.Target.CA, f.Target.Gateway, f.Target.PasswordFile = n.dev.servers(), n.dev.certs.CA, "canary", secret
	f.Capture.Mode, f.Capture.Channels = "observer", []string{"#*"}
	if d.protocol == "unreal" {
		f.Capture.Mode, f.Capture.Channels = "broadcast", nil
	}
	f.Mirror.Hidden = true
	f.Limits.SpoolDir = filepath.Join(d.dir, "spool")
	f.Record.Dir = ""
	f.Admin.Socket = filepath.Join(d.dir, "gateway.sock")
	f.Log.Level = "warn"
	return &f
}
