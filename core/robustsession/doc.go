// Package robustsession holds the client side of the RobustSession protocol and its wire types.
//
// There are two clients with one Session interface. Client speaks version 1 over HTTP, as the stock bridge does, and
// works with every RobustSession network. Mux speaks our extension (docs/robustsession-mux.md): one connection carries
// many sessions, lines go in batches, and everything pending goes out in one write. Both hide failover: when a server
// goes away, they go on with another, resume every stream after the last line that was received, and post again, with
// the same ids, what was not acknowledged. A caller sees an uninterrupted session in which nothing is lost or doubled.
package robustsession
