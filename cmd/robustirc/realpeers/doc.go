// Package realpeers tests the built binary as operators and users meet it: real processes that are killed, real
// clients (irssi, weechat-headless) and Debian's unmodified robustirc-bridge. It takes minutes and needs those
// packages, so it runs only with its build tag; .ci/run installs what it needs and runs
//
//	go test -tags realpeers -timeout 30m ./cmd/robustirc/realpeers
package realpeers
