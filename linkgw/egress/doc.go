// Package egress is all that a gateway can say to an existing network. A server link is trusted, so a fault of ours would
// be felt by everybody there; therefore what is sent passes two gates that do not know of each other.
//
// The first is a type: a Guard takes a [Say], of which there are a closed set, none of which can hold a mode, a kick, a kill,
// a topic or a message. The second is a [Filter], which reads the bytes that are about to be sent and lets pass only
// the commands that it lists, from us or our observer, in the forms that it lists.
//
// What the Filter does not know is not sent. It is counted, and Guard.Say returns a *BlockedError, upon which the link is
// to be ended: if such a line was ever made, something is wrong with us.
package egress
