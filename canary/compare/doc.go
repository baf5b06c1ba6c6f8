// Package compare says whether a network may migrate. It takes the records of a run (canary/trace) in their order,
// lowers both sides to observations (who saw which command of whom, about what, with which text), joins them, and
// judges what does not agree. docs/canary.md explains the method.
//
// There is one way in, [Engine.Add], and one way out, [Engine.Result]. An Engine is pure: it looks at no clock but the
// times of the records, has no chance but its seed, and the same records give the same [Result], byte for byte. Not
// safe for concurrent use. Its memory is bounded by Options.
//
// The live side is what a model of the linked network (linkgw/network) says: every line of the link is applied to it,
// and what changes tells who must have seen it. The shadow side is the new network's output with its recipients. All
// shares and bounds are integers, in parts per thousand millions (PPB), so that no last bit depends on a processor.
package compare
