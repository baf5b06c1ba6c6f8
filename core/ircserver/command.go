package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// call is one dispatched command: the parsed line and the input that carried it.
type call struct {
	*irc.Message
	in *Input
}

// rest is the text that begins with parameter i, whether or not the client wrote it as trailing.
func (c *call) rest(i int) string { return strings.Join(c.Params()[min(i, c.NumParams()):], " ") }

// handler runs one command for u and returns why it was refused, or nil.
type handler func(s *Server, u *session, c *call) *failure

// commandRow is one row of the table.
type commandRow struct {
	name      string
	minParams int
	// unregistered says that it may be used before registration.
	unregistered bool
	// privilege is what an operator's class must hold to use it; "" is for everyone. Others get 481 or 723.
	privilege string
	run       handler
	// syntax and help are what HELP shows and what docs/commands.md is made from.
	syntax, help string
}

// command is a row with its place in the table.
type command struct {
	commandRow
	place int
}

// commands is the command table by name, commandRows in its order. HELP, STATS m and the documentation derive from it.
var (
	commands    map[string]*command
	commandRows []command
)

// testCommand is the one command that is there only while the configuration has TestCommands.
const testCommand = "PANIC"

// command is the command of this name, in upper case, that the configuration offers, or nil.
func (s *Server) command(name string) *command {
	if name == testCommand && !s.cfg.TestCommands || name == gatewayCommand && s.cfg.MachineVersion < 2 {
		return nil
	}
	return commands[name]
}

func init() { // not an initialiser: handlers refer to the table
	commands, commandRows = make(map[string]*command, len(table)), make([]command, len(table))
	for i, row := range table {
		commandRows[i] = command{row, i}
		commands[row.name] = &commandRows[i]
	}
}
