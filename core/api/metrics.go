package api

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what this package counts.
type metrics struct {
	requests   *prometheus.CounterVec
	streams    prometheus.Gauge
	lines      prometheus.Counter
	muxConns   prometheus.Gauge
	muxSession prometheus.Gauge
	passwords  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "robustirc_http_requests_total", Help: "Finished requests by endpoint and status; streams count when they end.",
		}, []string{"endpoint", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "robustirc_http_streams", Help: "Open GetMessages streams.",
		}),
		lines: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "robustirc_lines_delivered_total", Help: "Lines written to sessions, over HTTP and multiplexed connections.",
		}),
		muxConns: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "robustirc_mux_connections", Help: "Open multiplexed connections.",
		}),
		muxSession: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "robustirc_mux_sessions", Help: "Sessions attached to multiplexed connections.",
		}),
		passwords: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "robustirc_wrong_passwords_total", Help: "Requests for operators' pages with a wrong password.",
		}),
	}
	reg.MustRegister(m.requests, m.streams, m.lines, m.muxConns, m.muxSession, m.passwords)
	return m
}

func (m *metrics) request(endpoint string, status int) {
	m.requests.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
}
