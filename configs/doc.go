// Package configs is everything about settings, and the only place that knows koanf.
//
// [Load] merges the layers: default.yaml (embedded; the reference of every key) below the file, the
// environment (PI_SECTION__KEY) and the command line (--set key=value). It checks every value and reports
// all faults at once, each with its origin and the nearest known key, so that a start with a
// wrong setting never happens. What comes out is a plain [Config] that parts read and nobody changes.
//
// Secrets are held as [secret.Value], literal or as a reference (env:NAME, file:PATH); the part that
// uses one resolves it with a [secret.Resolver].
package configs
