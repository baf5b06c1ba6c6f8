package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/outputstream"
)

// Network is what serving sessions needs of a node. The methods and their errors are those of node.Node.
type Network interface {
	Create(ctx context.Context, req node.CreateRequest) (node.Created, error)
	Authenticate(ctx context.Context, sid ircserver.SessionID, auth string) error
	AuthenticateReader(ctx context.Context, sid ircserver.SessionID, auth string) error
	Post(ctx context.Context, sid ircserver.SessionID, remote string, lines []node.Line) error
	KeepAlive(ctx context.Context, sid ircserver.SessionID) error
	Delete(ctx context.Context, sid ircserver.SessionID, quit string) error
	Follow(ctx context.Context, sid ircserver.SessionID, auth string, after ircserver.OutputID) (*outputstream.Reader, error)
	// Stream returns a reader of the session's lines after an id, or also ErrNoSession or ErrGap of outputstream.
	Stream(ctx context.Context, sid ircserver.SessionID, after ircserver.OutputID) (*outputstream.Reader, error)
}

// Cluster is what the operators' pages need of a node.
type Cluster interface {
	NetworkConfig() *ircserver.Config
	SetNetworkConfig(ctx context.Context, basedOn uint64, cfg ircserver.Config) error
	Kill(ctx context.Context, sid ircserver.SessionID, reason string) error
	Servers() []string
	LeaderAddr() string
	AddPeer(ctx context.Context, id, addr string) error
	RemovePeer(ctx context.Context, id string) error
	Snapshot(ctx context.Context) error
	Status() node.Status
	Sessions() []ircserver.SessionInfo
	OpenLog(after ircserver.InputID) (*node.LogReader, error)
	Ready() error
	Done() <-chan struct{}
}

// Node is a node of the network: node.Node, or apitest.Node.
type Node interface {
	Network
	Cluster
}

// Options say what an API serves.
type Options struct {
	Node Node
	// Password is the network password: that of the operators' pages, for the user robustirc.
	Password string
	// Gate checks Password and slows down sources that get it wrong (default: one of its own).
	Gate *node.PasswordGate
	// Quit stops the process in good order; POST /quit calls it. Nil: there is no /quit.
	Quit func()
	// Registerer takes this package's metrics, Gatherer is what /metrics shows; nil: none.
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer
	// Logger takes failures (default slog.Default()).
	Logger *slog.Logger
	// PingInterval is how often a stream carries a ping (default 20 s; stock bridges give up after 70 s of silence).
	PingInterval time.Duration
	// ReadTimeout is how long a client may take to send a request's body (default 10 s), WriteTimeout how long it may
	// at least take to accept what is written at once (default 30 s).
	ReadTimeout, WriteTimeout time.Duration
}

// API serves a node's clients and operators. It is safe for concurrent use.
type API struct {
	node      Node
	opts      Options
	bridgeKey [32]byte // SHA-256 of BridgeKey of the password
	metrics   *metrics
	mux       http.Handler
	log       *slog.Logger
	logSlots  chan struct{} // one token per reader of the log

	ctx    context.Context // ends with Close: of connections that were taken over from the HTTP server
	cancel context.CancelFunc
	work   sync.WaitGroup // what such connections started
}

// New returns the handler of a node. Close it after the HTTP server has shut down.
func New(opts Options) *API {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	opts.PingInterval = cmp.Or(opts.PingInterval, 20*time.Second)
	opts.ReadTimeout = cmp.Or(opts.ReadTimeout, 10*time.Second)
	opts.WriteTimeout = cmp.Or(opts.WriteTimeout, 30*time.Second)
	if opts.Gate == nil {
		opts.Gate = node.NewPasswordGate(opts.Password, time.Now)
	}
	if opts.Registerer == nil {
		opts.Registerer = prometheus.NewRegistry()
	}
	a := &API{
		node: opts.Node, opts: opts, log: opts.Logger,
		bridgeKey: hashKey(BridgeKey(opts.Password)),
		metrics:   newMetrics(opts.Registerer),
		logSlots:  make(chan struct{}, logReaders),
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	a.public(mux)
	a.private(mux)
	a.mux = mux
	return a
}

// Close ends the multiplexed connections and waits for what they had under way.
func (a *API) Close() {
	a.cancel()
	a.work.Wait()
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// public adds what clients use, without password.
func (a *API) public(mux *http.ServeMux) {
	const v1 = "/robustirc/v1/"
	handle := func(pattern, name string, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, a.cors(a.endpoint(name, h)))
	}
	handle("POST "+v1+"session", "create", a.createSession)
	handle("POST "+v1+"{sid}/message", "post", a.postMessage)
	handle("GET "+v1+"{sid}/messages", "stream", a.getMessages)
	handle("DELETE "+v1+"{sid}", "delete", a.deleteSession)
	mux.HandleFunc("OPTIONS "+v1, a.preflight)
	mux.HandleFunc("GET "+v1+"mux", a.serveMux)
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
}

// httpError is a refusal with its status.
type httpError struct {
	status int
	text   string
}

func (e *httpError) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &httpError{status, fmt.Sprintf(format, args...)}
}

// classify gives an error its status.
func classify(err error) *httpError {
	var known *httpError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, node.ErrNoSession), errors.Is(err, outputstream.ErrNoSession):
		return &httpError{http.StatusNotFound, "No such session"}
	case errors.Is(err, outputstream.ErrGap):
		return &httpError{http.StatusGone, "Lines after lastseen are no longer retained; create a new session"}
	case errors.Is(err, outputstream.ErrSuperseded):
		return &httpError{http.StatusConflict, "Another connection reads this session now"}
	case errors.Is(err, node.ErrTooManySessions):
		return &httpError{http.StatusTooManyRequests, "The network's session limit is reached"}
	case errors.Is(err, node.ErrTooManyNew):
		return &httpError{http.StatusTooManyRequests, "Too many new sessions from your address; try again later"}
	case errors.Is(err, node.ErrFlood):
		return &httpError{http.StatusTooManyRequests, "Excess flood"}
	case errors.Is(err, node.ErrBanned):
		return &httpError{http.StatusForbidden, "You are banned from this network"}
	case errors.Is(err, node.ErrNotGateway), errors.Is(err, node.ErrOwned):
		return &httpError{http.StatusForbidden, strings.TrimPrefix(err.Error(), "node: ")}
	case errors.Is(err, node.ErrLineTooLong):
		return &httpError{http.StatusBadRequest, "The line is too long"}
	case errors.Is(err, node.ErrRevision):
		return &httpError{http.StatusConflict, err.Error()}
	case errors.Is(err, node.ErrQuorum):
		return &httpError{http.StatusConflict, err.Error()}
	}
	return &httpError{http.StatusServiceUnavailable, err.Error()}
}

// endpoint counts requests and answers the errors that h returns.
func (a *API) endpoint(name string, h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if err := h(w, r); err != nil {
			e := classify(err)
			status = e.status
			if status >= 500 && r.Context().Err() == nil {
				a.log.Warn("request failed", "endpoint", name, "status", status, "error", e.text)
			}
			http.Error(w, e.text, status)
		}
		a.metrics.request(name, status)
	})
}

func (a *API) healthz(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") }

func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	if err := a.node.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}
