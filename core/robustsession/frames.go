package robustsession

// The encoding of each frame; docs/robustsession-mux.md lists the fields.

func (*Hello) kind() byte               { return kindHello }
func (f *Hello) append(b []byte) []byte { return text(num(b, f.Version), f.Key) }
func (f *Hello) parse(p *payload)       { f.Version, f.Key = p.num(), p.text() }

func (*Create) kind() byte { return kindCreate }
func (f *Create) append(b []byte) []byte {
	return flag(flag(text(num(b, f.Req), f.Remote), f.TLS), f.Challenge)
}
func (f *Create) parse(p *payload) {
	f.Req, f.Remote, f.TLS, f.Challenge = p.num(), p.text(), p.flag(), p.flag()
}

func (*Attach) kind() byte { return kindAttach }
func (f *Attach) append(b []byte) []byte {
	b = num(num(text(num(b, f.Session), f.Auth), f.LastSeen.ID), f.LastSeen.Reply)
	return num(b, f.Held)
}
func (f *Attach) parse(p *payload) {
	f.Session, f.Auth, f.LastSeen, f.Held = p.num(), p.text(), ID{p.num(), p.num()}, p.num()
}

func (*Post) kind() byte { return kindPost }
func (f *Post) append(b []byte) []byte {
	b = text(num(num(b, f.Session), f.Seq), f.Remote)
	for _, l := range f.Lines {
		b = text(num(b, l.ID), l.Text)
	}
	return b
}
func (f *Post) parse(p *payload) {
	f.Session, f.Seq, f.Remote = p.num(), p.num(), p.text()
	for p.rest != "" {
		if len(f.Lines) == MaxGatewayPostLines {
			p.fail()
			return
		}
		f.Lines = append(f.Lines, PostLine{p.num(), p.text()})
	}
}

func (*Delete) kind() byte { return kindDelete }
func (f *Delete) append(b []byte) []byte {
	return text(text(num(b, f.Session), f.Auth), f.Quit)
}
func (f *Delete) parse(p *payload) { f.Session, f.Auth, f.Quit = p.num(), p.text(), p.text() }

func (*Detach) kind() byte               { return kindDetach }
func (f *Detach) append(b []byte) []byte { return num(b, f.Session) }
func (f *Detach) parse(p *payload)       { f.Session = p.num() }

func (*Credit) kind() byte               { return kindCredit }
func (f *Credit) append(b []byte) []byte { return num(num(b, f.Session), f.Bytes) }
func (f *Credit) parse(p *payload)       { f.Session, f.Bytes = p.num(), p.num() }

func (*Created) kind() byte { return kindCreated }
func (f *Created) append(b []byte) []byte {
	b = text(num(num(b, f.Req), uint64(f.Status)), f.Text)
	return text(text(num(b, f.Session), f.Auth), f.Prefix)
}
func (f *Created) parse(p *payload) {
	f.Req, f.Status, f.Text = p.num(), p.status(), p.text()
	f.Session, f.Auth, f.Prefix = p.num(), p.text(), p.text()
}

func (*Posted) kind() byte { return kindPosted }
func (f *Posted) append(b []byte) []byte {
	return text(num(num(num(b, f.Session), f.Seq), uint64(f.Status)), f.Text)
}
func (f *Posted) parse(p *payload) {
	f.Session, f.Seq, f.Status, f.Text = p.num(), p.num(), p.status(), p.text()
}

func (*Deleted) kind() byte { return kindDeleted }
func (f *Deleted) append(b []byte) []byte {
	return text(num(num(b, f.Session), uint64(f.Status)), f.Text)
}
func (f *Deleted) parse(p *payload) { f.Session, f.Status, f.Text = p.num(), p.status(), p.text() }

func (*Lines) kind() byte { return kindLines }
func (f *Lines) append(b []byte) []byte {
	b = num(b, f.Session)
	for _, l := range f.Lines {
		b = text(num(num(b, l.ID.ID), l.ID.Reply), l.Text)
	}
	return b
}
func (f *Lines) parse(p *payload) {
	f.Session = p.num()
	for p.rest != "" {
		f.Lines = append(f.Lines, Line{ID{p.num(), p.num()}, p.text()})
	}
}

func (*End) kind() byte { return kindEnd }
func (f *End) append(b []byte) []byte {
	return text(num(num(b, f.Session), uint64(f.Status)), f.Text)
}
func (f *End) parse(p *payload) { f.Session, f.Status, f.Text = p.num(), p.status(), p.text() }

func (*Servers) kind() byte { return kindServers }
func (f *Servers) append(b []byte) []byte {
	b = text(b, f.Leader)
	for _, s := range f.List {
		b = text(b, s)
	}
	return b
}
func (f *Servers) parse(p *payload) {
	f.Leader = p.text()
	for p.rest != "" {
		f.List = append(f.List, p.text())
	}
}

func (*Ping) kind() byte             { return kindPing }
func (*Ping) append(b []byte) []byte { return b }
func (*Ping) parse(*payload)         {}

func (*Pong) kind() byte             { return kindPong }
func (*Pong) append(b []byte) []byte { return b }
func (*Pong) parse(*payload)         {}

// LinesWriter appends Lines frames without a value per line.
type LinesWriter struct {
	start int
	line  int
}

// Begin starts a frame in dst.
func (w *LinesWriter) Begin(dst []byte, session uint64) []byte {
	return w.begin(dst, kindLines, session)
}

func (w *LinesWriter) begin(dst []byte, kind byte, session uint64) []byte {
	w.start = len(dst)
	return num(append(dst, 0, 0, 0, kind), session)
}

// BeginLine starts a line; append its text, at most 16,383 bytes, and call EndLine.
func (w *LinesWriter) BeginLine(dst []byte, id ID) []byte {
	return w.beginText(num(num(dst, id.ID), id.Reply))
}

func (w *LinesWriter) beginText(dst []byte) []byte {
	dst = append(dst, 0, 0)
	w.line = len(dst)
	return dst
}

// EndLine ends a line and returns the length of its text.
func (w *LinesWriter) EndLine(dst []byte) int {
	n := len(dst) - w.line
	putLength(dst[w.line-2:], n, 2)
	return n
}

// Size is the frame's size so far; End it well before MaxFrame.
func (w *LinesWriter) Size(dst []byte) int { return len(dst) - w.start - lengthBytes }

// End ends the frame.
func (w *LinesWriter) End(dst []byte) { putLength(dst[w.start:], w.Size(dst), lengthBytes) }
