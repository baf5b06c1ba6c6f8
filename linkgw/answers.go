package linkgw

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"robustirc/linkgw/egress"
	"robustirc/s2s"
)

// answers are what a server owes to users who ask it something.
type answers struct {
	id       s2s.Identity
	observer *observer
	limit    *rate.Limiter
	// Given and Held count answers, and questions that came too fast.
	given, held int64
}

// Answers a second and at once, over all who ask.
const (
	answerRate  = 5
	answerBurst = 20
)

func newAnswers(id s2s.Identity) answers {
	return answers{id: id, limit: rate.NewLimiter(answerRate, answerBurst)}
}

// names reports whether a parameter is us.
func (a *answers) names(s string) bool {
	return strings.EqualFold(s, a.id.Server) || s == string(a.id.SID) || a.observer != nil && a.observer.is(s)
}

// replies are the questions that are answered. What is not here nobody waits for.
var replies = map[string]func(a *answers, now time.Time, q s2s.Query) []reply{
	"VERSION": (*answers).version, "TIME": (*answers).time, "ADMIN": (*answers).admin, "MOTD": (*answers).motd, "INFO": (*answers).info,
	"STATS": (*answers).stats, "LUSERS": (*answers).lusers, "USERS": (*answers).users, "LINKS": (*answers).links, "TRACE": (*answers).trace,
	"WHOIS": (*answers).whois, "WHOWAS": (*answers).whowas,
}

type reply struct {
	code   int
	params []string
}

// answer returns what is answered to a question, if it is ours to answer.
func (a *answers) answer(now time.Time, from s2s.Ref, q s2s.Query) []egress.Say {
	give := replies[strings.ToUpper(q.Command)]
	if give == nil || from == "" || strings.ContainsAny(string(from), " ,*?!@#$:&+%=") || !a.asked(q) {
		return nil
	}
	if !a.limit.AllowN(now, 1) {
		a.held++
		return nil
	}
	var says []egress.Say
	for _, r := range give(a, now, q) {
		a.given++
		says = append(says, egress.Answer{To: from, Code: r.code, Params: r.params})
	}
	return says
}

// asked reports whether a question names us.
func (a *answers) asked(q s2s.Query) bool {
	for _, p := range q.Params {
		if a.names(p) {
			return true
		}
	}
	return false
}

func (a *answers) version(time.Time, s2s.Query) []reply {
	return []reply{{351, []string{"RobustIRC-link.", a.id.Server, "reads along, and changes nothing"}}}
}

func (a *answers) time(now time.Time, _ s2s.Query) []reply {
	return []reply{{391, []string{a.id.Server, now.UTC().Format("Monday January 2 2006 -- 15:04:05 -07:00")}}}
}

func (a *answers) admin(time.Time, s2s.Query) []reply {
	return []reply{{256, []string{a.id.Server, "Administrative info"}}, {257, []string{a.id.Description}},
		{258, []string{"A link gateway of RobustIRC"}}, {259, []string{"Ask the operators of this network"}}}
}

func (a *answers) motd(time.Time, s2s.Query) []reply {
	return []reply{{422, []string{"MOTD File is missing"}}}
}

func (a *answers) info(time.Time, s2s.Query) []reply {
	return []reply{{371, []string{"A link gateway of RobustIRC: it reads along, and changes nothing"}}, {374, []string{"End of /INFO list."}}}
}

func (a *answers) stats(_ time.Time, q s2s.Query) []reply {
	letter := "*"
	if len(q.Params) > 0 && len(q.Params[0]) == 1 {
		letter = q.Params[0]
	}
	return []reply{{219, []string{letter, "End of /STATS report"}}}
}

func (a *answers) local() string {
	if a.observer != nil && a.observer.present {
		return "1"
	}
	return "0"
}

func (a *answers) lusers(now time.Time, q s2s.Query) []reply {
	return append([]reply{{255, []string{"I have " + a.local() + " clients and 1 servers"}}}, a.users(now, q)...)
}

func (a *answers) users(time.Time, s2s.Query) []reply {
	n := a.local()
	return []reply{{265, []string{n, n, "Current local users " + n + ", max " + n}}}
}

func (a *answers) links(time.Time, s2s.Query) []reply {
	return []reply{{364, []string{a.id.Server, a.id.Server, "0 " + a.id.Description}}, {365, []string{"*", "End of /LINKS list."}}}
}

func (a *answers) trace(time.Time, s2s.Query) []reply {
	return []reply{{262, []string{a.id.Server, "End of TRACE"}}}
}

func (a *answers) whois(now time.Time, q s2s.Query) []reply {
	nick := nickParam(q.Params[len(q.Params)-1])
	o := a.observer
	if o == nil || !o.present || !o.is(nick) {
		return []reply{{401, []string{nick, "No such nick/channel"}}, {318, []string{nick, "End of /WHOIS list."}}}
	}
	idle := strconv.FormatInt(now.Unix()-o.since, 10)
	return []reply{
		{311, []string{o.nick, o.cfg.Ident, o.cfg.Host, "*", o.cfg.Realname}},
		{312, []string{o.nick, a.id.Server, a.id.Description}},
		{317, []string{o.nick, idle, strconv.FormatInt(o.since, 10), "seconds idle, signon time"}},
		{318, []string{o.nick, "End of /WHOIS list."}},
	}
}

func (a *answers) whowas(_ time.Time, q s2s.Query) []reply {
	nick := nickParam(q.Params[0])
	return []reply{{406, []string{nick, "There was no such nickname"}}, {369, []string{nick, "End of WHOWAS"}}}
}

// nickParam is what was asked for as it can stand in the middle of an answer.
func nickParam(s string) string {
	if s == "" || len(s) > 64 || s[0] == ':' || strings.ContainsAny(s, " \r\n\x00") {
		return "*"
	}
	return s
}
