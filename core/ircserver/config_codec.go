package ircserver

import "time"

// The first byte of an encoded configuration. A version adds fields behind those of the one before; the configuration of
// an older version gets their defaults. It follows from the MachineVersion, so that nodes with an older binary read what
// they may have to.
const (
	configVersion1 = 1
	configVersion2 = 2 // since MachineVersion 2: Gateways
)

func (c *Config) codecVersion() byte {
	if c.MachineVersion >= 2 {
		return configVersion2
	}
	return configVersion1
}

// EncodeConfig returns c's canonical encoding, the text of a KindConfig input: equal configurations give equal texts.
func EncodeConfig(c *Config) string { return string(appendConfig(nil, c)) }

func appendConfig(dst []byte, c *Config) []byte {
	dst = append(dst, c.codecVersion())
	dst = putUint(dst, c.Revision)
	dst = putUint(dst, c.MachineVersion)
	dst = putString(dst, c.NetworkName)
	dst = putString(dst, c.NetworkInfo)
	dst = putString(dst, c.DefaultUserModes)
	for _, d := range c.durations() {
		dst = putInt(dst, int64(*d))
	}
	for _, n := range c.numbers() {
		dst = putInt(dst, int64(*n))
	}
	for _, b := range c.switches() {
		dst = putBool(dst, *b)
	}
	dst = putList(dst, c.MOTD, putString)
	for _, line := range c.AdminInfo {
		dst = putString(dst, line)
	}
	dst = putList(dst, c.Operators, putOperator)
	dst = putList(dst, c.Classes, putClass)
	dst = putList(dst, c.ServicesPasswords, putString)
	dst = putList(dst, c.TrustedBridges, putNamed)
	dst = putList(dst, c.Banned, putNamed)
	dst = putList(dst, c.AllowedOrigins, putString)
	if c.codecVersion() >= configVersion2 {
		dst = putList(dst, c.Gateways, putGateway)
	}
	return dst
}

// durations, numbers and switches list the fields of one kind in the order of the encoding, for both directions.
func (c *Config) durations() []*time.Duration {
	return []*time.Duration{&c.SessionExpiration, &c.RegistrationTimeout, &c.PostMessageCooloff, &c.OutputWindow}
}

func (c *Config) numbers() []*int {
	l := &c.Limits
	return []*int{
		&c.MaxSessions, &c.MaxChannels, &c.OutputBytes,
		&l.NickLen, &l.UserLen, &l.HostLen, &l.RealLen, &l.ChannelLen, &l.TopicLen, &l.KickLen, &l.AwayLen, &l.KeyLen,
		&l.ChannelsPerUser, &l.ListEntries, &l.ModesPerLine, &l.TargetsPerMessage, &l.Silence, &l.Accept,
	}
}

func (c *Config) switches() []*bool {
	return []*bool{&c.Owner, &c.Admin, &c.Halfop, &c.TestCommands}
}

func putOperator(dst []byte, o Operator) []byte {
	dst = putString(dst, o.Name)
	dst = putString(dst, o.PasswordHash)
	dst = putString(dst, o.Class)
	return putList(dst, o.Hosts, putString)
}

func putClass(dst []byte, c OperClass) []byte {
	return putList(putString(dst, c.Name), c.Privileges, putString)
}

func putGateway(dst []byte, g Gateway) []byte {
	return putString(putString(dst, g.Name), g.PasswordHash)
}

func putNamed(dst []byte, v NamedValue) []byte { return putString(putString(dst, v.Name), v.Value) }

// DecodeConfig reads what EncodeConfig wrote. The configuration keeps none of text's memory. The error is ErrCorrupt or
// ErrVersion.
func DecodeConfig(text string) (Config, error) {
	d := decoder{s: text}
	c := readConfig(&d)
	switch {
	case text != "" && text[0] != configVersion1 && text[0] != configVersion2:
		return Config{}, ErrVersion
	case !d.done():
		return Config{}, corrupt("configuration")
	}
	return c, nil
}

// readConfig reads a configuration; what it keeps is cloned.
func readConfig(d *decoder) Config {
	var c Config
	version := d.byte()
	c.Revision = d.uint()
	c.MachineVersion = uint32(d.num(1<<32 - 1))
	if version != c.codecVersion() {
		d.fail()
	}
	c.NetworkName = getString(d)
	c.NetworkInfo = getString(d)
	c.DefaultUserModes = getString(d)
	for _, v := range c.durations() {
		*v = time.Duration(d.int())
	}
	for _, n := range c.numbers() {
		*n = int(d.int())
	}
	for _, b := range c.switches() {
		*b = d.bool()
	}
	c.MOTD = getList(d, 1, getString)
	for i := range c.AdminInfo {
		c.AdminInfo[i] = getString(d)
	}
	c.Operators = getList(d, 4, getOperator)
	c.Classes = getList(d, 2, getClass)
	c.ServicesPasswords = getList(d, 1, getString)
	c.TrustedBridges = getList(d, 2, getNamed)
	c.Banned = getList(d, 2, getNamed)
	c.AllowedOrigins = getList(d, 1, getString)
	if version >= configVersion2 {
		c.Gateways = getList(d, 2, getGateway)
	}
	return c
}

func getOperator(d *decoder) Operator {
	return Operator{Name: getString(d), PasswordHash: getString(d), Class: getString(d), Hosts: getList(d, 1, getString)}
}

func getClass(d *decoder) OperClass {
	return OperClass{Name: getString(d), Privileges: getList(d, 1, getString)}
}

func getGateway(d *decoder) Gateway { return Gateway{Name: getString(d), PasswordHash: getString(d)} }

func getNamed(d *decoder) NamedValue { return NamedValue{Name: getString(d), Value: getString(d)} }
