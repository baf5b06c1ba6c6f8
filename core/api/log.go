package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/robustsession"
)

// logReaders is how many may read the log of a node at once: each has a state of the machine in memory.
const logReaders = 2

// redactionKey is what tokens in logs are made with. It follows from the network password: a reader who goes on where he
// stopped gets the tokens that he had, on every node.
func redactionKey(password string) []byte {
	m := hmac.New(sha256.New, []byte(password))
	m.Write([]byte("robustirc log redaction"))
	return m.Sum(nil)
}

// getLog answers GET /robustirc/v1/log?after=<input>[&text=1] with a log stream (robustsession.LogWriter), redacted
// unless text=1 asks for everything.
func (a *API) getLog(w http.ResponseWriter, r *http.Request) error {
	after, err := logAfter(r)
	if err != nil {
		return err
	}
	select {
	case a.logSlots <- struct{}{}:
		defer func() { <-a.logSlots }()
	default:
		return refuse(http.StatusTooManyRequests, "%d others read this node's log already; try again later, or another node", logReaders)
	}
	log, err := a.node.OpenLog(after)
	if err != nil {
		return err
	}
	s := &logStream{a: a, log: log, w: w, rc: http.NewResponseController(w)}
	if r.URL.Query().Get("text") != "1" {
		s.redactor = ircserver.NewRedactor(redactionKey(a.opts.Password))
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	if err := s.serve(); err != nil && r.Context().Err() == nil { // the status was sent: a stream without an end says the rest
		a.log.Warn("serving the log stopped", "peer", r.RemoteAddr, "error", err)
	}
	return nil
}

func logAfter(r *http.Request) (ircserver.InputID, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, "after=%.20q is not the number of an input", text)
	}
	return ircserver.InputID(n), nil
}

// logStream is one request for the log.
type logStream struct {
	a        *API
	log      *node.LogReader
	redactor *ircserver.Redactor // nil when everything is shown
	w        http.ResponseWriter
	rc       *http.ResponseController
}

// Write implements io.Writer with a deadline for each write.
func (s *logStream) Write(b []byte) (int, error) {
	s.rc.SetWriteDeadline(time.Now().Add(s.a.opts.WriteTimeout))
	return s.w.Write(b)
}

func (s *logStream) serve() error {
	defer s.rc.SetWriteDeadline(time.Time{})
	state, input := s.log.State()
	last, chain := s.log.End()
	status := s.a.node.Status()
	header := &robustsession.LogHeader{
		Network: s.a.node.NetworkConfig().NetworkName, Node: status.ID, Version: status.Version,
		Redacted: s.redactor != nil, State: uint64(input), HasState: state != nil, Last: uint64(last),
	}
	if s.redactor != nil && state != nil {
		var err error
		if state, err = s.redactor.State(state); err != nil {
			return err
		}
	}
	w, err := robustsession.NewLogWriter(s, header)
	if err == nil {
		err = w.State(state)
	}
	if err != nil {
		return err
	}
	if err := s.inputs(w); err != nil {
		return err
	}
	return w.End(robustsession.LogEnd{Last: uint64(last), Chain: chain})
}

// inputs writes one batch for each entry of the log.
func (s *logStream) inputs(w *robustsession.LogWriter) error {
	var buf []byte
	for {
		first, inputs, err := s.log.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range inputs {
			if s.redactor != nil {
				s.redactor.Input(&inputs[i])
			}
		}
		buf = ircserver.EncodeBatch(buf[:0], inputs)
		if err := w.Inputs(uint64(first), buf); err != nil {
			return err
		}
	}
}
