// Package capability is the seam between a guest and what it may do outside its memory.
//
// A guest has one gated host call. Its operation is named <capability>.<verb>; the first word chooses the
// [Capability], which the program lists once when it makes the plugin host. The manifest of a plugin asks for
// capabilities, the configuration grants them with a policy, and the effective right is the intersection: for
// each granted capability the host makes one [Power], bound to that plugin and policy.
//
// Package wasm calls powers; each folder below this one implements one capability. Secrets stay on this side
// of the seam: a power uses them and never hands them to the guest.
package capability
