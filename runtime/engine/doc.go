// Package engine drives events to their end: it accepts them, publishes them, runs the pipelines that
// listen, records the outcomes, retries, and recovers after a crash.
//
// Package app builds one [Emitter] and one [Engine] for a process; the door and the event.send command
// use the Emitter. The store is the truth for accepted and finished, so publishing may repeat and a
// finished run never does: a run is keyed by (event, pipeline).
//
// Life of an event: Emit → store (synced) → broker → handle → one run per matching pipeline → store →
// settled. What was accepted and is not settled is published again at start and by the sweep. A pipeline that takes
// batches gathers events first; the batch is an event of its own. Jobs are events that the engine accepts by itself.
package engine
