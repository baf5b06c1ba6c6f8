package ircserver

import "robustirc/core/irc"

// modeHelp is HELP for the modes of channels (CMODE) and users (UMODE), from their tables; nil for any other topic.
func (s *Server) modeHelp(topic string) []string {
	switch topic {
	case "CMODE":
		lines := []string{"Modes of channels"}
		for _, letter := range []byte(s.channelModeLetters()) {
			lines = append(lines, s.modeOffer().row(letter).describe())
		}
		return lines
	case "UMODE":
		lines := []string{"Modes of users"}
		for i := range userModeTable {
			lines = append(lines, userModeTable[i].describe())
		}
		return lines
	}
	return nil
}

// describe is one line about the mode: letter, parameter, meaning, and who may change it.
func (row *modeRow) describe() string {
	param := map[irc.ModeClass]string{
		irc.ModePrefix: " nick", irc.ModeList: " mask", irc.ModeParam: " word", irc.ModeSetParam: " value",
	}[row.kind]
	return "+" + string(rune(row.letter)) + param + "  " + row.help + " (" + row.who() + ")"
}

// who says who may change the mode.
func (row *modeRow) who() string {
	switch {
	case row.servicesOnly:
		return "services"
	case row.privilege != "":
		return "network operators with the privilege " + row.privilege
	}
	return row.need.prefixes(true) + " and above"
}

func (row *userModeRow) describe() string {
	who := "you"
	switch {
	case row.set == byOper:
		who = "operators"
	case row.set == byNobody && row.clear == bySelf:
		who = "set by OPER"
	case row.set == byNobody:
		who = "set by the network"
	}
	return "+" + string(rune(row.letter)) + "  " + row.help + " (" + who + ")"
}
