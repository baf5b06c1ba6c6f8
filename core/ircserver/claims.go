package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// grantServices is the grant of a services link; no operator block may have this name.
const grantServices = "services"

// grantGateway and the name of a gateway is the grant of its link; no operator block's name may begin so. By itself it
// is the claim of a gateway, which has not said its name yet.
const grantGateway = "gateway:"

// Claim is something a line says that must be verified against a password before the line is proposed.
type Claim struct {
	// Name is what is claimed: the name of an operator block, "services" for a services link, or "gateway:" for any of
	// the gateways: what is granted is then "gateway:" and the name of the one whose password it is.
	Name string
	// Password is what the client gave; it is compared with bcrypt hashes at the edge and never enters the log.
	Password string
}

// Claims takes the secrets out of a line: of OPER, and of the services=, gateway= and oper= parts of PASS. It returns the line as
// it may be logged and what the edge has to verify; the names of the claims that hold go into Input.Granted, separated
// by spaces. Of other lines it returns the line as it is, without allocating.
func Claims(line string) (redacted string, claims []Claim) {
	if !mayClaim(line) {
		return line, nil
	}
	var m irc.Message
	if m.Parse(line) != nil {
		return line, nil
	}
	switch irc.UpperCommand(m.Command) {
	case "OPER":
		return operClaims(&m, line)
	case "PASS":
		return passClaims(&m, line)
	}
	return line, nil
}

// mayClaim is a quick look for the words, in front of the parser.
func mayClaim(line string) bool {
	for i := 0; i+4 <= len(line); i++ {
		if c := line[i] | 0x20; c == 'o' || c == 'p' {
			if w := line[i : i+4]; strings.EqualFold(w, "OPER") || strings.EqualFold(w, "PASS") {
				return true
			}
		}
		if line[i] == ' ' && line[0] != '@' && line[0] != ':' && line[0] != ' ' {
			return false // the first word is another command
		}
	}
	return false
}

func operClaims(m *irc.Message, line string) (string, []Claim) {
	if m.NumParams() < 2 {
		return line, nil
	}
	claim := Claim{Name: m.Param(0), Password: m.Param(1)}
	return "OPER " + middle(claim.Name) + " *", []Claim{claim}
}

func passClaims(m *irc.Message, line string) (string, []Claim) {
	if m.NumParams() == 0 {
		return line, nil
	}
	parts := passParts(passKeys, strings.Join(m.Params(), " ")) // not every client writes a password with a space as trailing
	var claims []Claim
	if p, ok := parts["services"]; ok {
		claims = append(claims, Claim{Name: grantServices, Password: p})
	}
	if p, ok := parts["gateway"]; ok {
		claims = append(claims, Claim{Name: grantGateway, Password: p})
	}
	if p, ok := parts["oper"]; ok {
		if name, password, ok := strings.Cut(strings.TrimLeft(p, " "), " "); ok && name != grantServices && !strings.HasPrefix(name, grantGateway) {
			claims = append(claims, Claim{Name: name, Password: strings.TrimPrefix(password, ":")})
		}
	}
	kept := "*"
	if p := parts["nickserv"]; p != "" {
		kept = "nickserv=" + p
	}
	return "PASS :" + kept, claims
}

// middle makes a word fit to stand in the middle of a line.
func middle(word string) string {
	if word == "" || word[0] == ':' || strings.IndexByte(word, ' ') >= 0 {
		return "*"
	}
	return word
}

// passKeys are the keys of PASS; passKeys1 those of MachineVersion 1.
var (
	passKeys1 = []string{"nickserv", "services", "oper", "network", "session", "captcha"}
	passKeys  = append(passKeys1[:len(passKeys1):len(passKeys1)], "gateway")
)

// passParts splits the parameter of PASS, key=value parts separated by colons. A part without a known key belongs to
// the part before it, since passwords may hold colons, and to nickserv when it is the first.
func passParts(keys []string, s string) map[string]string {
	parts := map[string]string{}
	key := "nickserv"
	for i, part := range strings.Split(s, ":") {
		k, v, ok := strings.Cut(part, "=")
		switch {
		case ok && isPassKey(keys, k):
			key = strings.ToLower(k)
			parts[key] = v
		case i == 0:
			parts[key] = part
		default:
			parts[key] += ":" + part
		}
	}
	if parts["nickserv"] == "*" {
		delete(parts, "nickserv") // what passClaims leaves where there is nothing
	}
	return parts
}

func isPassKey(keys []string, k string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(k, key) })
}
