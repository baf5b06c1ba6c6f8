package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
)

// statusJSON is the status for programs: the original's eight keys, then ours.
type statusJSON struct {
	State          string
	Leader         string
	Peers          []string
	AppliedIndex   uint64
	CommitIndex    uint64
	LastContact    time.Time
	ExecutableHash string
	CurrentTime    time.Time

	Node     node.Status
	NotReady string `json:",omitempty"`
}

// executableHash is the first 16 bytes of the running binary's SHA-256: what a rolling restart compares.
var executableHash = sync.OnceValue(func() string {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
})

func (a *API) getStatus(w http.ResponseWriter, r *http.Request) error {
	st := a.node.Status()
	if r.Header.Get("Accept") == "application/json" {
		return writeJSON(w, statusFor(&st, a.node.Servers()))
	}
	return render(w, statusPage, &st)
}

func statusFor(st *node.Status, servers []string) *statusJSON {
	return &statusJSON{
		State: st.State, Leader: st.LeaderAddr, Peers: servers, AppliedIndex: st.Applied, CommitIndex: st.Commit,
		LastContact: st.LastContact, ExecutableHash: executableHash(), CurrentTime: st.Now,
		Node: *st, NotReady: st.NotReady,
	}
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// render writes a page at once, so that an error in it can still be answered.
func render(w http.ResponseWriter, t *template.Template, data any) error {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(b.Bytes())
	return err
}

// sessionRow is one session on the page and in its JSON.
type sessionRow struct {
	ID, Nick, Remote    string
	Created, LastActive time.Time
	Registered, TLS     bool
	Oper, Services      bool
	Gateway             string // whose link or user it is
	Channels            int
}

func (a *API) getSessions(w http.ResponseWriter, r *http.Request) error {
	rows := []sessionRow{}
	for _, s := range a.node.Sessions() {
		rows = append(rows, rowOf(&s))
	}
	if r.Header.Get("Accept") == "application/json" {
		return writeJSON(w, rows)
	}
	return render(w, sessionsPage, rows)
}

func rowOf(s *ircserver.SessionInfo) sessionRow {
	return sessionRow{
		ID: sessionName(s.ID), Nick: s.Nick, Remote: s.Remote,
		Created: time.Unix(0, s.Created).UTC(), LastActive: time.Unix(0, s.LastActive).UTC(),
		Registered: s.Registered, TLS: s.TLS, Oper: s.Oper, Services: s.Services, Gateway: s.Gateway, Channels: s.Channels,
	}
}

const pageHead = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>RobustIRC</title><style>
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}
.bad{color:#a00;font-weight:bold}@media(prefers-color-scheme:dark){body{color:#ddd;background:#111}.bad{color:#f77}th,td{border-color:#333}}
</style>`

var statusPage = template.Must(template.New("status").Funcs(template.FuncMap{"age": age}).Parse(pageHead + `
<h1>{{.ID}}</h1>
{{if .NotReady}}<p class="bad">Out of service: {{.NotReady}}</p>{{else}}<p>In service.</p>{{end}}
<table>
<tr><th scope="row">Address<td>{{.Addr}}
<tr><th scope="row">Version<td>{{.Version}}
<tr><th scope="row">State<td>{{.State}}, term {{.Term}}
<tr><th scope="row">Leader<td>{{if .LeaderAddr}}{{.LeaderID}} at {{.LeaderAddr}}{{else}}<span class="bad">none</span>{{end}}
<tr><th scope="row">Log<td>applied {{.Applied}}, committed {{.Commit}}, last {{.LastLog}}
<tr><th scope="row">Sessions<td>{{.Sessions}} (<a href="/status/sessions">list</a>)
<tr><th scope="row">Channels<td>{{.Channels}}
<tr><th scope="row">Configuration<td>revision {{.Revision}} (<a href="/config">show</a>)
<tr><th scope="row">Up<td>{{age .Now .Started}}
<tr><th scope="row">Clock<td>{{.Now.UTC.Format "2006-01-02 15:04:05 UTC"}}
</table>
<h2>Members</h2>
<table><tr><th>Member<th>Address<th>Vote<th>Health<th>Last contact<th>Latency<th>Clock<th>Version
{{range .Peers}}<tr><td>{{.ID}}{{if .Self}} (this one){{end}}<td>{{.Addr}}<td>{{.Suffrage}}
<td>{{if or .Healthy .Self}}healthy{{else}}<span class="bad">no answer</span>{{end}}
<td>{{if .Self}}{{else}}{{age $.Now .LastContact}}{{end}}<td>{{if .Self}}{{else}}{{.Latency}}{{end}}<td>{{if .Self}}{{else}}{{.ClockOffset}}{{end}}<td>{{.Version}}
{{end}}</table></html>
`))

var sessionsPage = template.Must(template.New("sessions").Parse(pageHead + `
<h1>{{len .}} sessions</h1>
<form method="post" action="/kill">
<table><tr><th>Kill<th>Session<th>Nick<th>Address<th>Last active<th>Channels<th>Is
{{range .}}<tr><td><input type="checkbox" name="session" value="{{.ID}}" aria-label="kill {{.ID}}"><td>{{.ID}}<td>{{.Nick}}<td>{{.Remote}}
<td>{{.LastActive.Format "2006-01-02 15:04:05"}}<td>{{.Channels}}<td>{{if not .Registered}}unregistered {{end}}{{if .Oper}}operator {{end}}{{if .Services}}services {{end}}{{with .Gateway}}of the gateway {{.}} {{end}}{{if .TLS}}TLS{{end}}
{{end}}</table><p><label>Reason <input name="reason"></label> <button>Kill the selected sessions</button></form></html>
`))

// age is how long before now something was.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "never"
	}
	return now.Sub(then).Round(100 * time.Millisecond).String()
}
