// Package node runs one RobustIRC node: hashicorp/raft around the pure machine of core/ircserver.
package node
