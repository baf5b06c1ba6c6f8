package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/robustsession"
)

// maxQuit is the longest quit message that is passed on, in bytes; the machine may cut it further.
const maxQuit = 400

// createSession answers POST /robustirc/v1/session.
func (a *API) createSession(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.readBody(w, r); err != nil {
		return err
	}
	// Not TLS, although this request is encrypted: what stands behind a bridge, and whether it is one, is not known.
	c, err := a.node.Create(r.Context(), node.CreateRequest{Remote: a.remote(r)})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(robustsession.CreateReply{
		Sessionid: sessionName(c.Session), Sessionauth: c.Auth, Prefix: c.Prefix,
	})
}

// postMessage answers POST /robustirc/v1/<sid>/message.
func (a *API) postMessage(w http.ResponseWriter, r *http.Request) error {
	sid, err := a.session(r)
	if err != nil {
		return err
	}
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	var req robustsession.PostRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return refuse(http.StatusBadRequest, "The body is not the JSON of a message: %v", err)
	}
	line, err := acceptLine(req.Data)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	id := req.ClientMessageId &^ ircserver.SequentialID // a random number here
	return a.node.Post(r.Context(), sid, a.remote(r), []node.Line{{ID: id, Text: line}})
}

// deleteSession answers DELETE /robustirc/v1/<sid>.
func (a *API) deleteSession(w http.ResponseWriter, r *http.Request) error {
	sid, err := a.session(r)
	if err != nil {
		return err
	}
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	var req robustsession.DeleteRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return refuse(http.StatusBadRequest, "The body is not the JSON of a quit message: %v", err)
	}
	return a.node.Delete(r.Context(), sid, quitMessage(req.Quitmessage))
}

// session is the session that a request names and proves to be its own.
func (a *API) session(r *http.Request) (ircserver.SessionID, error) {
	sid, err := strconv.ParseUint(r.PathValue("sid"), 0, 64)
	auth := r.Header.Get("X-Session-Auth")
	if err != nil || auth == "" {
		return 0, node.ErrNoSession
	}
	return ircserver.SessionID(sid), a.node.Authenticate(r.Context(), ircserver.SessionID(sid), auth)
}

func sessionName(sid ircserver.SessionID) string { return "0x" + strconv.FormatUint(uint64(sid), 16) }

// readBody reads a request's body of at most robustsession.MaxBody bytes within Options.ReadTimeout.
func (a *API) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	rc := http.NewResponseController(w)
	rc.SetReadDeadline(time.Now().Add(a.opts.ReadTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, robustsession.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuse(http.StatusBadRequest, "The body is larger than %d bytes", robustsession.MaxBody)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "The body could not be read: %v", err)
	}
	rc.SetReadDeadline(time.Time{}) // the request may be held for longer than the body could take
	return body, nil
}

// acceptLine checks a posted line. The stock bridge cuts lines at 510 bytes and then turns every byte that is not UTF-8
// into U+FFFD, which makes them longer again; such lines are cut instead of refused, since a refusal ends the session.
func acceptLine(line string) (string, error) {
	extra := (len(string(utf8.RuneError)) - 1) * strings.Count(line, string(utf8.RuneError))
	if extra > 0 && len(line) > robustsession.MaxLine && len(line)-extra <= robustsession.MaxLine {
		line = cut(line, robustsession.MaxLine)
	}
	if err := robustsession.CheckLine(line); err != nil {
		return "", fmt.Errorf("the line was refused: %w", err)
	}
	return line, nil
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// quitMessage makes a quit message fit into a line.
func quitMessage(s string) string {
	s = strings.Map(func(c rune) rune {
		if c == '\r' || c == '\n' || c == 0 {
			return ' '
		}
		return c
	}, s)
	return cut(s, maxQuit)
}
