package ircserver

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// setConfigKey changes one key of the configuration, as the verb "config" of scenarios does.
func setConfigKey(c *Config, key, value string) error {
	ints := map[string]*int{
		"MaxSessions": &c.MaxSessions, "MaxChannels": &c.MaxChannels, "NickLen": &c.Limits.NickLen,
		"TopicLen": &c.Limits.TopicLen, "ChannelLen": &c.Limits.ChannelLen, "KickLen": &c.Limits.KickLen,
		"AwayLen": &c.Limits.AwayLen, "ChannelsPerUser": &c.Limits.ChannelsPerUser, "ListEntries": &c.Limits.ListEntries,
		"ModesPerLine": &c.Limits.ModesPerLine, "TargetsPerMessage": &c.Limits.TargetsPerMessage,
		"Silence": &c.Limits.Silence, "Accept": &c.Limits.Accept, "UserLen": &c.Limits.UserLen, "RealLen": &c.Limits.RealLen,
	}
	bools := map[string]*bool{"Owner": &c.Owner, "Admin": &c.Admin, "Halfop": &c.Halfop, "TestCommands": &c.TestCommands}
	durations := map[string]*time.Duration{
		"SessionExpiration": &c.SessionExpiration, "RegistrationTimeout": &c.RegistrationTimeout,
	}
	texts := map[string]*string{
		"NetworkName": &c.NetworkName, "NetworkInfo": &c.NetworkInfo,
		"DefaultUserModes": &c.DefaultUserModes, "AdminInfo1": &c.AdminInfo[0], "AdminInfo2": &c.AdminInfo[1], "AdminInfo3": &c.AdminInfo[2],
	}
	var err error
	switch {
	case ints[key] != nil:
		*ints[key], err = strconv.Atoi(value)
	case bools[key] != nil:
		*bools[key], err = strconv.ParseBool(value)
	case durations[key] != nil:
		*durations[key], err = time.ParseDuration(value)
	case texts[key] != nil:
		*texts[key] = value
	default:
		return setConfigList(c, key, value)
	}
	return err
}

// setConfigList adds an entry to one of the configuration's lists.
func setConfigList(c *Config, key, value string) error {
	name, rest, _ := strings.Cut(value, ":")
	switch key {
	case "MOTD":
		c.MOTD = append(c.MOTD, value)
	case "Operator": // name:class[:mask,mask]
		class, hosts, _ := strings.Cut(rest, ":")
		op := Operator{Name: name, Class: class}
		if hosts != "" {
			op.Hosts = strings.Split(hosts, ",")
		}
		c.Operators = append(c.Operators, op)
	case "Class": // name:privilege,privilege
		c.Classes = append(c.Classes, OperClass{Name: name, Privileges: strings.Split(rest, ",")})
	case "NoGateways":
		c.Gateways = nil
	case "Gateway": // name
		c.Gateways = append(c.Gateways, Gateway{Name: value})
	case "Banned": // address reason
		address, reason, _ := strings.Cut(value, " ")
		c.Banned = append(c.Banned, NamedValue{address, reason})
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}
