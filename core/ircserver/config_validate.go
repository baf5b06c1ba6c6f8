package ircserver

import (
	"errors"
	"fmt"
	"strings"

	"robustirc/core/irc"
)

// MachineVersion is the highest version of the machine's behaviour that this binary implements (Config.MachineVersion).
const MachineVersion = 2

// Validate says what is wrong with c, in the words of its fields, or nil. The machine ignores a configuration that is
// not valid, so whoever proposes one asks first. What it accepts is therefore part of the machine's behaviour: to change
// that is to make a new MachineVersion.
func (c *Config) Validate() error {
	return errors.Join(c.validateVersion(), c.validateNetwork(), c.validateLimits(), c.validateOperators(), c.validateGateways())
}

// validateVersion refuses what this binary does not implement. A node that is too old for a version that was raised all
// the same stays behind with its configuration, differs from the others, and leaves service.
func (c *Config) validateVersion() error {
	if c.MachineVersion < 1 || c.MachineVersion > MachineVersion {
		return fmt.Errorf("MachineVersion %d: this binary implements 1 to %d", c.MachineVersion, MachineVersion)
	}
	return nil
}

func (c *Config) validateNetwork() error {
	var errs []error
	// It stands as the source of lines, and the stock bridge matches lines by it.
	if !validServerName(c.NetworkName) {
		errs = append(errs, fmt.Errorf("NetworkName %q: must be 1 to 63 letters, digits, '.' and '-', with at least one '.'", c.NetworkName))
	}
	for _, d := range c.durations() {
		if *d < 0 {
			errs = append(errs, fmt.Errorf("a duration is negative: %s", *d))
		}
	}
	for _, n := range []int{c.MaxSessions, c.MaxChannels, c.OutputBytes} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("a limit is negative: %d", n))
		}
	}
	for _, line := range append(append([]string{c.NetworkInfo}, c.MOTD...), c.AdminInfo[:]...) {
		if strings.ContainsAny(line, "\r\n\x00") || len(line) > irc.MaxLine-128 {
			errs = append(errs, fmt.Errorf("text %.40q: must be one line of at most %d bytes", line, irc.MaxLine-128))
		}
	}
	for _, letter := range []byte(c.DefaultUserModes) {
		if !settableByUsers(letter) {
			errs = append(errs, fmt.Errorf("DefaultUserModes %q: users cannot set %q", c.DefaultUserModes, letter))
		}
	}
	return errors.Join(errs...)
}

func validServerName(name string) bool {
	if len(name) > 63 || strings.IndexByte(name, '.') < 0 {
		return false
	}
	return strings.Trim(name, ".-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// limitRange is what a limit may be.
type limitRange struct {
	name       string
	value      int
	least, max int
}

// limitRanges keeps the limits such that every line the machine makes of limited parts fits into a line.
func (l *Limits) limitRanges() []limitRange {
	return []limitRange{
		{"NickLen", l.NickLen, 1, 64}, {"UserLen", l.UserLen, 1, 32}, {"HostLen", l.HostLen, 20, 63},
		{"RealLen", l.RealLen, 1, 300}, {"ChannelLen", l.ChannelLen, 2, 64}, {"TopicLen", l.TopicLen, 1, 390},
		{"KickLen", l.KickLen, 1, 300}, {"AwayLen", l.AwayLen, 1, 300}, {"KeyLen", l.KeyLen, 1, 32},
		{"ChannelsPerUser", l.ChannelsPerUser, 1, 1000}, {"ListEntries", l.ListEntries, 1, 1000},
		{"ModesPerLine", l.ModesPerLine, 1, 13}, {"TargetsPerMessage", l.TargetsPerMessage, 1, 100},
		{"Silence", l.Silence, 1, 1000}, {"Accept", l.Accept, 1, 1000},
	}
}

func (c *Config) validateLimits() error {
	var errs []error
	for _, r := range c.Limits.limitRanges() {
		if r.value < r.least || r.value > r.max {
			errs = append(errs, fmt.Errorf("limit %s is %d: must be %d to %d", r.name, r.value, r.least, r.max))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateOperators() error {
	var errs []error
	classes := map[string]bool{}
	for _, class := range c.Classes {
		if class.Name == "" || classes[class.Name] {
			errs = append(errs, fmt.Errorf("operator class %q: empty or twice", class.Name))
		}
		classes[class.Name] = true
	}
	names := map[string]bool{}
	for _, op := range c.Operators {
		if op.Name == "" || op.Name[0] == ':' || strings.ContainsAny(op.Name, " \r\n\x00") || op.Name == grantServices || names[op.Name] {
			errs = append(errs, fmt.Errorf("operator %q: the name must be one word, not %q, and there once", op.Name, grantServices))
		}
		if class := op.className(); class != defaultClass && !classes[class] {
			errs = append(errs, fmt.Errorf("operator %q: there is no class %q", op.Name, class))
		}
		if c.MachineVersion >= 2 && strings.HasPrefix(op.Name, grantGateway) {
			errs = append(errs, fmt.Errorf("operator %q: names that begin with %q are kept for gateways", op.Name, grantGateway))
		}
		names[op.Name] = true
	}
	return errors.Join(errs...)
}

// maxGateways bounds the gateways of a network; each password that is tried is compared with all of them.
const maxGateways = 16

func (c *Config) validateGateways() error {
	var errs []error
	if len(c.Gateways) > 0 && c.MachineVersion < 2 {
		errs = append(errs, errors.New("Gateways need MachineVersion 2: raise it once every node runs a binary that knows it"))
	}
	if len(c.Gateways) > maxGateways {
		errs = append(errs, fmt.Errorf("%d Gateways: at most %d", len(c.Gateways), maxGateways))
	}
	names := map[string]bool{}
	for _, g := range c.Gateways {
		if !validGatewayName(g.Name) || names[g.Name] {
			errs = append(errs, fmt.Errorf("gateway %q: the name must be 1 to 32 letters, digits, '.', '-' and '_', and there once", g.Name))
		}
		names[g.Name] = true
	}
	return errors.Join(errs...)
}

func validGatewayName(name string) bool {
	return name != "" && len(name) <= 32 && strings.Trim(name, "._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
